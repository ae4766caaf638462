"""One click for all that is left to do: reading videos, and the moments of the chosen person in them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.actions.background import begin_extraction, begin_moments
from core.actions.overview import VideoState
from core.people.person import Person
from core.training.model_store import ModelStore
from core.video_feature_extractor import ExtractionSettings
from core.workspace.job_queue import usual_rate
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.shell import _, chosen_person, lasting, person_select, plain, told


def batch(space: Workspace, states: Sequence[VideoState], people: list[Person]) -> bool:
    """What the videos shown still lack, how long it takes, and the button that begins it all.

    Gives whether it is the page's main button: the next step of a single video stands beside it.
    """
    person = chosen_person(people)
    if person is None:
        return False
    model = ModelStore(space).used(person)
    idle = [s for s in states if s.video.path and "fault" not in s.about and not (s.job is not None and s.job.live)]
    unread = [state for state in idle if state.analysed != "done"]
    left = [state for state in idle if state.n_moments is None or state in unread] if model is not None else unread
    if not left or (model is None and len(left) < 2):
        return False
    with st.container(border=True):
        words, whom, button = st.columns([3, 1.6, 1.4], vertical_alignment="center")
        if len(people) > 1:
            with whom:
                person_select(people, key="batch-person")
        said = (
            _("{n} videos to read.", n=len(left))
            if model is None
            else _("{n} videos in which the moments of {name} are to be found.", n=len(left), name=plain(person.name))
        )
        words.write(" ".join([said, _time(space, unread)]))
        kind = "primary" if len(left) > 1 else "secondary"
        if button.button(_("Do it all"), key="batch", type=kind, icon=":material/bolt:", width="stretch"):
            with told():
                for state in left:
                    if model is None:
                        begin_extraction(space, state.video, ExtractionSettings())
                    else:
                        begin_moments(space, state.video, person)
                st.rerun()
    return len(left) > 1


def _time(space: Workspace, unread: Sequence[VideoState]) -> str:
    """How long reading takes at the speed of the latest videos; empty where that is not known."""
    rate = usual_rate(Jobs(space).all(), "extract")
    seconds = sum(state.duration or 0.0 for state in unread)
    if rate is None or not seconds:
        return ""
    return _("Reading {length} of video takes about {time}.", length=lasting(seconds), time=lasting(seconds / rate))
