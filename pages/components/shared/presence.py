"""Whether a person is seen in a video at all, and what to do where not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from core.errors import PunchlineError
from core.people.person import Person
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.shared.data import series_for
from pages.components.shared.shell import _, plain


def unseen(space: Workspace, video: Video, people: Sequence[Person]) -> bool:
    """Whether none of these people is seen in an extracted video; a series that cannot be read tells nothing."""
    known = False
    for person in people:
        with suppress(PunchlineError):
            series = series_for(space, video, person)
            if series is not None and len(series.series):
                known = True
                if series.series.observed.any():
                    return False
    return known


def unseen_notice(space: Workspace, video: Video, person: Person) -> None:
    """A warning where the person is not seen in the video, with the way to choose another face."""
    if unseen(space, video, [person]):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(_("{name} is not seen in this video.", name=plain(person.name)), icon=":material/person_off:")
            st.page_link("pages/reference.py", label=_("Pick the person"), icon=":material/face:")
