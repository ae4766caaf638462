"""Times in rows that the user clicks to jump the player of the page there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.storage.program import ASSETS

FOLDER = ASSETS / "moments"


def script(*names: str) -> str:
    """JavaScript of this folder, in this order, in one piece, with the clock of the player before it."""
    paths = [ASSETS / "player" / "clock.js", *(FOLDER / name for name in names)]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


_jumps = st.components.v2.component(
    "punchline_jumps",
    html='<div class="groups"></div>',
    css=(FOLDER / "jumps.css").read_text(encoding="utf-8"),
    js=script("reach.js", "jumps.js"),
)


@dataclass(frozen=True)
class Jump:
    """A time in seconds, and a few words beside it."""

    t: float
    text: str = ""


@dataclass(frozen=True)
class Jumps:
    """Times under a title; `rest` stands after them."""

    chips: Sequence[Jump]
    title: str = ""
    note: str = ""
    rest: str = ""


@dataclass(frozen=True)
class Look:
    """How rows of times are drawn: width of their titles (CSS), and greatest height in pixels, 0 for any."""

    title: str = "15rem"
    height: int = 0


def jumps(rows: Sequence[Jumps], *, key: str, player_key: str, look: Look = Look()) -> None:
    """Draw rows of times for the player with this key."""
    groups = [
        {
            "title": row.title,
            "note": row.note,
            "rest": row.rest,
            "chips": [{"t": float(chip.t), "text": chip.text} for chip in row.chips],
        }
        for row in rows
    ]
    _jumps(key=key, data={"groups": groups, "player": player_key, "title": look.title, "height": look.height})
