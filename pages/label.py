"""Label: clips one by one by keyboard, or marks while watching; and the table of what is labelled."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.actions.sample import SAMPLE, take_sample_labels
from core.errors import PunchlineError
from core.people.person import Person
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.label.cut import cut_transfer
from pages.components.label.labeller import label_player
from pages.components.label.table import label_table, transfer
from pages.components.shared.data import library_of
from pages.components.shared.header import header, unmet
from pages.components.shared.opening import player_first
from pages.components.shared.presence import unseen, unseen_notice
from pages.components.shared.shell import (
    _,
    chosen_person,
    chosen_video,
    fragment,
    person_select,
    show_error,
    video_select,
    workspace,
)


@dataclass(frozen=True)
class Choice:
    """What is labelled, for whom and how; `place` is where more choices fit."""

    video: Video
    person: Person
    mode: str
    place: DeltaGenerator


def choice(space: Workspace, videos: list[Video], people: list[Person]) -> Choice | None:
    """Video, person, and how to label; None where something is lacking, which is said."""
    video, person = chosen_video(videos), chosen_person(people)
    ready = video is not None and person is not None and _has_ready_labels(space, video, person)
    left, middle, right, last, *offer = header(_("Label"), *((2.6, 1.8, 3.4, 1.8, 2.3) if ready else (3, 2, 3.4, 1.8)))
    said = _("To label you need a video and a person. Labelling works before and during the extraction too.")
    if unmet("label", said, videos, people):
        return None
    with left:
        video = video_select(videos, key="label-video")
    with middle:
        person = person_select(people, key="label-person")
    modes = {"queue": _("Clip by clip"), "mark": _("Mark while watching")}
    st.session_state.setdefault("label-mode", "queue")
    mode = right.segmented_control(
        _("Mode"),
        list(modes),
        format_func=modes.__getitem__,
        required=True,
        key="label-mode",
        label_visibility="collapsed",
    )
    assert video is not None
    assert person is not None
    for place in offer:
        with place:
            _take_ready_labels(space, person)
    return Choice(video, person, str(mode), last)


def _has_ready_labels(space: Workspace, video: Video, person: Person) -> bool:
    """Whether labels are ready: those of the sample are, for the one seen in it, until there are enough."""
    if video.path != SAMPLE or unseen(space, video, [person]):
        return False
    return not library_of(space).labels(person.id).goal.reached


def _take_ready_labels(space: Workspace, person: Person) -> None:
    """A button that gives labels to those who would rather see the result than label."""
    said = _("You can label the sample yourself, or take labels that are ready and go on to the training.")
    if st.button(_("Take the ready labels"), key="sample-labels", icon=":material/bolt:", width="stretch", help=said):
        st.session_state.sample_labels_taken = take_sample_labels(space, person)
        st.rerun()


def main() -> None:
    """Draw the page."""
    try:
        space = workspace()
        chosen = choice(space, space.videos(), space.people())
        if chosen is None:
            return
        if n_taken := st.session_state.pop("sample_labels_taken", 0):
            st.toast(_("{n} labels taken.", n=n_taken), icon=":material/check:", duration=3)
        unseen_notice(space, chosen.video, chosen.person)
        label_player(space, chosen.video, chosen.person, chosen.mode, place=chosen.place)
        player_first()
        st.divider()
        fragment(label_table, run_every=2.0)(space, chosen.person)
        transfer(space, chosen.person)
        cut_transfer(space, chosen.video, chosen.person)
    except PunchlineError as error:
        show_error(error)


main()
