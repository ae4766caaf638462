"""Extract: read faces and sound of videos, in the background, and say what came of it."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from core.actions.background import begin_extraction
from core.actions.overview import VideoState, overview
from core.actions.videos import choose_tracks
from core.actions.workers import most_workers
from core.errors import PunchlineError, Sentence
from core.faces.feature_file import read_features_info
from core.video.ahead import n_cores
from core.video.streams import MIX, Tracks
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from pages.components.extract.chat import chat_panel
from pages.components.shared.header import header, lacking
from pages.components.shared.job_panel import job_line, preview_of
from pages.components.shared.shell import (
    _,
    as_markdown,
    chosen_video,
    fragment,
    lasting,
    plain,
    show_error,
    told,
    workspace,
)

RATES = (2.0, 3.0, 5.0, 10.0)
MOST_SHOWN = 10  # extracted videos of which all is said at once


def _length(duration: float | None) -> str:
    return _("length unknown") if duration is None else lasting(duration)


def track_choice(state: VideoState) -> Tracks:
    """Which picture and which sound of a video are read, asked where it holds several."""
    name, tracks = state.video.name, state.video.tracks
    for kind, label, more in (
        ("video", _("Picture of {name}", name=name), ()),
        ("audio", _("Sound of {name}", name=name), (MIX,)),
    ):
        if (n := state.about.get(f"n_{kind}_tracks", 1)) > 1:
            choices = [None, *range(1, n + 1), *more]
            now, key = choices.index(getattr(tracks, kind)), f"{kind}-{state.video.id}"
            chosen = st.selectbox(label, choices, index=now, format_func=_track_name, key=key)
            tracks = replace(tracks, **{kind: chosen})
    return tracks


def _track_name(track: int | None) -> str:
    if track is None:
        return _("The best one")
    return _("All together") if track == MIX else _("Track {n}", n=track)


def choice(space: Workspace, states: list[VideoState]) -> None:
    """Which videos, how finely, and the button that begins."""
    readable = {
        s.video.id: s
        for s in states
        if s.video.path is not None and "fault" not in s.about and not (s.job is not None and s.job.live)
    }
    open_ids = [id for id, s in readable.items() if s.analysed != "done"]
    chosen = chosen_video([s.video for s in readable.values()])
    first = [chosen.id] if chosen is not None and chosen.id in open_ids else open_ids[:1]
    with st.container(border=True):
        ids = st.multiselect(
            _("Videos to extract"),
            list(readable),
            default=first,
            format_func=lambda id: f"{readable[id].video.name} ({_length(readable[id].duration)})",
            placeholder=_("Choose one or more videos"),
            key="extract-ids-" + "-".join(first),
        )
        left, middle, third, right = st.columns(4, vertical_alignment="bottom")
        rate = left.select_slider(
            _("Samples per second"),
            RATES,
            value=3.0,
            format_func=lambda r: f"{r:g}",
            help=_(
                "How many times a second faces are checked. 3 is enough for clips of 5 to 7 seconds; more takes longer."
            ),
        )
        small = middle.select_slider(
            _("Smallest face"),
            [None, 1 / 24, 1 / 16, 1 / 12, 1 / 8, 1 / 5],
            format_func=lambda share: _("Automatic") if share is None else f"1/{1 / share:.0f}",
            help=_(
                "Smallest face as a share of the picture's height; by itself 1/12, or less where a first look at the "
                "video shows smaller faces. Smaller faces take longer to look for."
            ),
        )
        n_workers = third.select_slider(
            _("Processes"),
            range(1, max(2, n_cores() // 2) + 1),
            value=most_workers(),
            help=_("How many processes read one video together. More are faster while processors and memory last."),
            key="extract-workers",
        )
        tracks = {id: track_choice(readable[id]) for id in ids}
        again = [readable[id].video.name for id in ids if readable[id].analysed == "done"]
        if again:
            st.caption(
                _("Already extracted; redone only if the settings differ: {names}", names=plain(", ".join(again)))
            )
        here = chosen_video([state.video for state in states])
        read = any(state.video == here and state.analysed == "done" for state in states)
        if right.button(
            _("Start"),
            type="secondary" if read else "primary",  # where the chosen video is read, the next step leads on
            icon=":material/play_arrow:",
            disabled=not ids,
            key="start",
            width="stretch",
        ):
            settings = ExtractionSettings(sample_rate=rate, min_face=small)
            with told():
                for id in ids:
                    video = choose_tracks(space, readable[id].video, tracks[id])
                    begin_extraction(space, video, settings, n_workers=n_workers)
                st.rerun()


def live_job(jobs: Jobs, job: Job) -> None:
    """A running extraction: picture on the left, progress on the right."""
    with st.container(border=True):
        picture, words = st.columns([2, 3], vertical_alignment="center")
        path = preview_of(jobs, job)
        with picture:
            if path is not None:
                data = base64.b64encode(path.read_bytes()).decode()
                st.html(f'<img src="data:image/jpeg;base64,{data}" style="width:100%;border-radius:0.5rem">')
                st.caption(_("Current frame"))
            else:
                st.markdown(f":material/hourglass_top: {_('The first picture appears once the models are loaded.')}")
        with words:
            job_line(jobs, job, place="page")
            st.caption(_("This runs in the background: you can change pages, close the tab, or label meanwhile."))


def live_jobs(space: Workspace) -> None:
    """The extractions under way, drawn again every second."""
    with told():
        jobs = Jobs(space)
        mine = [job for job in jobs.all() if job.kind in ("extract", "sample") and (job.live or job.status != "done")]
        for job in sorted(mine, key=lambda job: job.status != "running"):
            if job.live:
                live_job(jobs, job)
            else:
                unfinished(jobs, job)


def unfinished(jobs: Jobs, job: Job) -> None:
    """An extraction that ended before its time."""
    with st.container(border=True):
        job_line(jobs, job, place="page")


def in_words(result: Mapping[str, Any]) -> str:
    """What an extraction found, as sentences."""
    n, seen = result["n_frames"], result["n_frames_with_face"]
    share = seen / n if n else 0.0
    parts = [
        _("{time} of video, {n} frames checked.", time=_length(result["duration"]), n=f"{n:,}"),
        _(
            "A face was found in {share} of them; {n} faces in total.",
            share=f"{share:.0%}",
            n=f"{result['n_faces']:,}",
        )
        if seen
        else _("No face was found."),
    ]
    if not result["has_sound"]:
        parts.append(_("There is no sound."))
    return " ".join(parts)


def done(space: Workspace, states: list[VideoState]) -> None:
    """What was found in the videos that are read."""
    read = [s for s in states if s.analysed == "done"]
    if not read:
        return
    st.subheader(_("Extracted"))
    if len(read) > MOST_SHOWN and not st.toggle(_("Show all {n}", n=len(read)), key="all-extracted"):
        read = read[-MOST_SHOWN:]  # those that were added last
    results = {job.subject: job.result for job in Jobs(space).all() if job.kind == "extract" and job.status == "done"}
    for state in read:
        with st.container(border=True):
            st.markdown(f"**{plain(state.video.name)}**")
            result = results.get(state.video.id)
            if result:
                st.write(in_words(result))
                warnings = result["warnings"]
            else:
                try:
                    info = read_features_info(space.features_path(state.video.id))
                except PunchlineError as error:
                    show_error(error)
                    continue
                st.write(
                    _(
                        "{time} of video, {rate} samples per second.",
                        time=_length(info.duration),
                        rate=f"{info.sample_rate:g}",
                    )
                )
                warnings = list(info.warnings)
            for warning in warnings:
                st.warning(as_markdown(warning), icon=":material/warning:")
            chat_panel(space, state.video)


def main() -> None:
    """Draw the page."""
    header(_("Extract"), 10)[0].caption(
        _(
            "Finds every face and reads the sound of a video. Another person or another threshold needs no second "
            "reading."
        )
    )
    try:
        space = workspace()
        states = overview(space)
    except PunchlineError as error:
        show_error(error)
        return
    if not states:
        lacking("video", _("There is no video yet."), _("Add a video on Home"), "pages/home.py")
        return
    for state in states:
        if "fault" in state.about:
            show_error(Sentence.of(state.about["fault"]))
    choice(space, states)
    fragment(live_jobs, run_every=1.0 if st.session_state.get("live_jobs") else None)(space)
    done(space, states)


main()
