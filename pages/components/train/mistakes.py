"""The clips that a model calls wrongly: a list that plays, with a button to correct the label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.labels.event import LabelEvent
from core.people.person import Person
from core.playback.playable import playable
from core.segment import clock
from core.training.model_store import Model
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.player.player import Controls, Source, player
from pages.components.player.proxy import proxy_notice
from pages.components.shared.data import duration_of, fps_of, ledger_of
from pages.components.shared.shell import _, fragment, plain, told
from pages.components.train.figures import percent

HEIGHT = 340  # pixels of the video
MOST = 60  # mistakes that are listed


def mistakes(space: Workspace, person: Person, model: Model) -> None:
    """The section; it redraws alone while one clicks through the list. Of a model not judged nothing is said."""
    found = [m for m in model.judgement.get("mistakes") or [] if isinstance(m, Mapping) and "clip_id" in m]
    if not found:
        if model.figure("f1") is not None:
            st.caption(_("It agreed with every label, so there are no mistakes to look through."))
        return
    st.subheader(_("Where it is wrong"))
    st.caption(
        _(
            "Some of these may be labels to correct; others show what kind of clip it needs more labels of. "
            "The surest mistakes come first. The percentage is how funny it held the clip to be while it was held out; "
            "the threshold then came from the other clips and is not the same for all."
        )
    )
    fragment(_section)(space, person, model, found)


def _section(space: Workspace, person: Person, model: Model, found: Sequence[Mapping[str, Any]]) -> None:
    labels = {event.clip_id: event for event in ledger_of(space).labels(person_id=person.id)}
    videos = {video.id: video for video in space.videos()}
    kinds = {
        1: _("Missed ({n})", n=sum(m["label"] == 1 for m in found)),
        0: _("False alarms ({n})", n=sum(m["label"] == 0 for m in found)),
    }
    left, right = st.columns([2, 3], gap="large")
    with left:
        kind = st.pills(
            _("Which"), list(kinds), format_func=kinds.__getitem__, key="mistake-kind", label_visibility="collapsed"
        )
        shown = [m for m in found if kind is None or m["label"] == kind][:MOST]
        chosen = _list(shown, labels, videos, several=len({m["video_id"] for m in found}) > 1)
    if chosen is None:
        with left:
            st.caption(_("None of this kind."))
        return
    with right:
        _play(space, videos.get(chosen["video_id"]), chosen, labels.get(chosen["clip_id"]))
        _correct(space, chosen, labels.get(chosen["clip_id"]))


def _list(
    shown: Sequence[Mapping[str, Any]],
    labels: Mapping[str, LabelEvent],
    videos: Mapping[str, Video],
    *,
    several: bool,
) -> Mapping[str, Any] | None:
    """The list of clips; gives the one that is chosen."""
    ids = [m["clip_id"] for m in shown]
    if st.session_state.get("mistake") not in ids:
        st.session_state["mistake"] = ids[0] if ids else None
    with st.container(height=HEIGHT + 30, border=False, gap="xsmall"):
        for mistake in shown:
            id, event = mistake["clip_id"], labels.get(mistake["clip_id"])
            settled = event is None or event.label != mistake["label"]
            said = f"**{clock(mistake['start'])}** · {_model_says(mistake)}"
            if several and mistake["video_id"] in videos:
                said += f" · {plain(videos[mistake['video_id']].name)}"
            st.button(
                said,
                key=f"mistake-{id}",
                type="primary" if id == st.session_state["mistake"] else "secondary",
                icon=":material/check:" if settled else ":material/play_arrow:",
                on_click=_choose,
                args=(id,),
                width="stretch",
            )
    return next((m for m in shown if m["clip_id"] == st.session_state["mistake"]), None)


def _choose(clip_id: str) -> None:
    st.session_state["mistake"] = clip_id


def _model_says(mistake: Mapping[str, Any]) -> str:
    p = percent(float(mistake["probability"]))
    return _("false alarm ({p})", p=p) if mistake["label"] == 0 else _("missed ({p})", p=p)


def _play(space: Workspace, video: Video | None, mistake: Mapping[str, Any], event: LabelEvent | None) -> None:
    """The clip in a loop, as its label lies now."""
    if video is None:
        st.warning(_("The video of this clip is not in this workspace any more."), icon=":material/link_off:")
        return
    start, end = (event.start, event.end) if event else (float(mistake["start"]), float(mistake["end"]))
    shown = playable(space, video, wanted=start)
    if not shown.src:
        proxy_notice(space, video, shown)
        return
    source = Source(video.id, shown.src, duration_of(space, video), fps_of(space, video))
    player(
        "mistake-player",
        source,
        clip=(start, end),
        token=str(space.root),
        controls=Controls(height=HEIGHT),
    )


def _correct(space: Workspace, mistake: Mapping[str, Any], event: LabelEvent | None) -> None:
    """What you said, what the model says, and the button that changes the label."""
    if event is None:
        st.caption(_("This label was removed since the training."))
        return
    was, now = int(mistake["label"]), int(event.label or 0)
    words, button = st.columns([1, 1], vertical_alignment="center")
    names = {0: _("not funny"), 1: _("funny")}
    if now == was:
        words.markdown(
            _(
                "You labelled it **{label}**, the model says **{other}** ({p}).",
                label=names[was],
                other=names[1 - was],
                p=percent(float(mistake["probability"])),
            )
        )
        text = _("Change the label to funny") if was == 0 else _("Change the label to not funny")
    else:
        words.markdown(_("Changed to **{label}**. It counts in the next training.", label=names[now]))
        text = _("Change it back")
    button.button(
        text,
        key=f"correct-{event.clip_id}-{now}",
        icon=":material/edit:" if now == was else ":material/undo:",
        on_click=_change,
        args=(space, event, 1 - now),
        width="stretch",
    )


def _change(space: Workspace, event: LabelEvent, label: int) -> None:
    with told():
        ledger_of(space).edit(event.clip_id, label=label)
