"""Faces in rows, to look at or to choose by a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.storage.program import ASSETS
from pages.components.shared.shell import _

FOLDER = ASSETS / "face_grid"
_grid = st.components.v2.component(
    "face_grid",
    html='<div class="groups"></div>',
    css=(FOLDER / "face_grid.css").read_text(encoding="utf-8"),
    js=(FOLDER / "face_grid.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class FaceChip:
    """One face: an id of the caller's, its picture as a data address, a tooltip and a short text on it.

    One that is `used` is ticked and cannot be chosen again.
    """

    id: int
    src: str
    note: str = ""
    badge: str = ""
    used: bool = False


@dataclass(frozen=True)
class FaceRow:
    """Faces under a title; without one they stand alone."""

    faces: Sequence[FaceChip]
    title: str = ""
    note: str = ""


def face_grid(rows: Sequence[FaceRow], *, key: str, clickable: bool = False, round: str = "") -> list[int]:
    """Draw faces; gives the ids of the chosen ones, in order of choice.

    Parameters
    ----------
    round
        Another text here forgets what was chosen; the grid stays where it is.
    """
    data = {
        "groups": [{"title": row.title, "note": row.note, "faces": [vars(chip) for chip in row.faces]} for row in rows],
        "texts": {"all": _("choose all"), "face": _("a face"), "used": _("already added")},
        "clickable": clickable,
        "round": round,
    }
    result = _grid(key=key, data=data, default={"chosen": None}, on_chosen_change=lambda: None)
    chosen = result.chosen or {}
    there = {chip.id for row in rows for chip in row.faces}
    return [id for id in chosen["ids"] if id in there] if clickable and chosen.get("round") == round else []
