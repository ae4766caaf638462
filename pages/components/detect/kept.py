"""Moments as they were found and reviewed: of many videos as one list, or of one whose scores hold no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.actions.background import begin_detection, detection_subject
from core.detection.moments import Moment
from core.detection.results import moments_in, read_detections, what_changed
from core.errors import PunchlineError
from core.labels.judgements import Press, Receipt, take
from core.labels.trims import trimmed, trims_of
from core.people.person import Person
from core.playback.playable import playable
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.detect.data import Subject, kept_settings
from pages.components.detect.export import Batch, export_bar, left_out, which_moments
from pages.components.detect.moment_list import ListPlace, MomentRow, least_of, moment_list, moment_rows
from pages.components.player.player import Controls, Source, Timeline, player
from pages.components.player.proxy import proxy_notice
from pages.components.shared.data import (
    cue_lanes,
    duration_of,
    faces_of,
    fps_of,
    ledger_of,
    library_of,
    series_for,
    unseen_spans,
    usual_lanes,
)
from pages.components.shared.job_panel import job_bar, progress_text
from pages.components.shared.pictures import still_address
from pages.components.shared.shell import _, as_markdown, fragment, show_error, told

PLAYER, LIST = "detect-player", "detect-moments"


@dataclass(frozen=True)
class Kept:
    """The kept moments of a video, by one model, and the threshold that found them, None for the best."""

    video: Video
    moments: Sequence[Moment]
    threshold: float | None


def kept_moments(space: Workspace, video: Video, person: Person, model: str | None = None) -> Kept | None:
    """The kept result of a model, the latest if None; None where there is none, or none that can be read."""
    with told():
        results = read_detections(space, video.id, person.id)
        result = results.get(model) if model is not None else next(iter(results.values()), None)
        return None if result is None else Kept(video, moments_in(result), result.get("threshold"))
    return None


def outdated(subject: Subject) -> bool:
    """The kept moments of a model whose scores hold no longer, with what changed; false where there are none."""
    kept = kept_moments(subject.space, subject.video, subject.person, subject.model.name)
    if kept is None:
        return False
    why = what_changed(library_of(subject.space), subject.video, subject.person, model=subject.model.name)
    reasons = "; ".join(as_markdown(reason) for reason in why)
    st.warning(
        _(
            "These moments stay as they were found. Since then: {reasons}. Find again to bring them up to date.",
            reasons=reasons,
        ),
        icon=":material/history:",
    )
    kept_view(subject.space, subject.person, [kept])
    return True


def all_videos(space: Workspace, videos: Sequence[Video], person: Person, model: str | None) -> None:
    """The moments of all videos as one list, and the search in those that were not looked through yet."""
    found = [kept for video in videos if (kept := kept_moments(space, video, person)) is not None]
    jobs = [job for video in videos if (job := Jobs(space).latest("detect", detection_subject(video, person)))]
    live = [job for job in jobs if job.live]
    missing = _not_searched(space, videos, person, [kept.video.id for kept in found])
    with st.container(horizontal=True, vertical_alignment="center"):
        n = sum(len(kept.moments) for kept in found)
        st.markdown(_("{n} moments in {videos} of {all} videos", n=n, videos=len(found), all=len(videos)))
        if missing and st.button(
            _("Find in {n} more videos", n=len(missing)), disabled=bool(live), key="find-all", icon=":material/search:"
        ):
            with told():
                for video in missing:
                    settings = kept_settings(space, video, person, duration_of(space, video), model=model)
                    begin_detection(space, video, person, settings, model=model)
            st.rerun()
    if live:
        fragment(_searching, run_every=1.0)(space, [job.id for job in live])
    if any(kept.moments for kept in found):
        kept_view(space, person, [kept for kept in found if kept.moments])


def _not_searched(space: Workspace, videos: Sequence[Video], person: Person, done: Sequence[str]) -> list[Video]:
    """Extracted videos that have no result yet."""
    library = library_of(space)
    return [v for v in videos if v.id not in done and library.state_of_series(v.id, person.id) is not None]


def _searching(space: Workspace, ids: Sequence[str]) -> None:
    jobs = [job for job in Jobs(space).all() if job.id in ids]
    for job in jobs:
        if job.live:
            job_bar(job, f"{job.name}: {progress_text(job)}")
    if not all(job.live for job in jobs):
        st.rerun()


def kept_view(space: Workspace, person: Person, kept: Sequence[Kept]) -> None:
    """Player, list and export. It runs alone at every change."""
    fragment(_kept_view)(space, person, kept)


def _kept_view(space: Workspace, person: Person, kept: Sequence[Kept]) -> None:
    batches = [_batch(space, person, one, titled=len(kept) > 1) for one in kept]
    rows = [row for batch in batches for row in batch.rows]
    selected = (st.session_state.get(LIST) or {}).get("selected") or st.query_params.get("moment")
    row = next((row for row in rows if row.id == selected), rows[0] if rows else None)
    batch = next((batch for batch in batches if row is not None and batch.video.id == row.video_id), batches[0])
    with st.container(key="result-columns"):
        left, right = st.columns([1.55, 1], gap="medium")
    with left:
        _play(space, person, batch, row)
    with right:

        def save(presses: list[Press]) -> Receipt:
            by_id = {one.video.id: one.video for one in kept}
            return take(
                ledger_of(space), presses, duration_of=lambda id: duration_of(space, by_id[id]) if id in by_id else None
            )

        place = ListPlace(LIST, PLAYER, str(space.root), which=which_moments())
        fps = fps_of(space, batch.video)
        moment_list(place, rows, video_id=batch.video.id, person_id=person.id, fps=fps, on_events=save)
        if note := left_out(rows):
            st.caption(note)
    export_bar(space, person, batches)


def _batch(space: Workspace, person: Person, kept: Kept, *, titled: bool) -> Batch:
    """One video's moments with their trims, and their rows."""
    ledger, who = ledger_of(space), {"video_id": kept.video.id, "person_id": person.id}
    trims = trims_of(ledger, **who)
    pictures = [still_address(kept.video, (m.best.start + m.best.end) / 2) for m in kept.moments]
    title = kept.video.name if titled else ""
    labels, least = ledger.labels(**who), least_of(kept.threshold)
    rows = moment_rows(
        kept.moments,
        labels,
        **who,
        trims=trims,
        pictures=pictures,
        title=title,
        least=least,
        threshold=kept.threshold,
    )
    return Batch(kept.video, trimmed(kept.moments, [row.id for row in rows], trims), rows)


def _play(space: Workspace, person: Person, batch: Batch, row: MomentRow | None) -> None:
    video = batch.video
    shown = playable(space, video)
    if not shown.src or shown.state == "minute":
        proxy_notice(space, video, shown)
    series = None
    try:
        series = series_for(space, video, person)
    except PunchlineError as error:
        show_error(error)
    values = series.series if series is not None else None
    labels = ledger_of(space).labels(person_id=person.id, video_id=video.id)
    timeline = Timeline(
        lanes=[*usual_lanes(values), *cue_lanes(space, video)],
        labels=[(e.start, e.end, int(e.label or 0)) for e in labels],
        moments=[(r.start, r.end, r.share) for r in batch.rows],
        moment_ids=[r.id for r in batch.rows],
        moment_names=[r.name or r.score_text for r in batch.rows],
        unseen=unseen_spans(values),
    )
    start = row.start if row is not None else 0.0
    player(
        PLAYER,
        Source(video.id, shown.src, duration_of(space, video), fps_of(space, video), start=start)
        if shown.src
        else None,
        timelines={video.id: timeline},
        person_id=person.id,
        token=str(space.root),
        faces=faces_of(space, video, person),
        controls=Controls(height=330, rest=498),
    )
