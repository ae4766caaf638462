"""The top of a page: its title and what is chosen there in one bar, or what is lacking before there is anything."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.people.person import Person
from core.storage.program import ASSETS
from core.workspace.registry import Video
from pages.components.shared.shell import _

DRAWING = 176  # pixels
TITLE = 1.3  # width of the title beside the places, whose widths are given


def header(title: str, *widths: float) -> list[DeltaGenerator]:
    """Draw the title; gives places of these widths beside it."""
    with st.container(key="header"):
        name, *places = st.columns([TITLE, *widths], vertical_alignment="center")
        name.title(title, anchor=False)
    return places


def drawing(name: str) -> None:
    """A picture of assets/pictures."""
    st.image(str(ASSETS / "pictures" / f"{name}.svg"), width=DRAWING)


def lacking(picture: str, sentence: str, button: str, page: str) -> None:
    """What a page needs first: a picture of assets/pictures, one sentence, and the button to where it is had."""
    with st.container(key=f"lacking-{picture}", horizontal_alignment="center"):
        drawing(picture)
        st.markdown(sentence, width="content", text_alignment="center")
        if st.button(button, type="primary", key=f"go-{picture}", icon=":material/arrow_forward:"):
            st.switch_page(page)


def unmet(picture: str, sentence: str, videos: Sequence[Video], people: Sequence[Person]) -> bool:
    """Whether a video or a person is lacking, and if so, the way to it; the sentence says what they are needed for."""
    if not videos:
        lacking(picture, sentence, _("Add a video on Home"), "pages/home.py")
    elif not people:
        lacking(picture, sentence, _("Pick the person"), "pages/reference.py")
    return not (videos and people)
