"""Which videos the list shows, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.actions.overview import Step, VideoState
from pages.components.shared.shell import _

FEW = 4  # videos that need no filter
ORDERS: Mapping[str, Callable[[VideoState], Any]] = {
    "added": lambda state: 0,  # as they are
    "name": lambda state: state.video.name.casefold(),
    "length": lambda state: -(state.duration or 0.0),
    "labels": lambda state: -state.n_labels,
}


def order_name(order: str) -> str:
    """An order, in words."""
    return {
        "added": _("As added"),
        "name": _("By name"),
        "length": _("Longest first"),
        "labels": _("Most labels first"),
    }[order]


def selection(states: Sequence[VideoState], step_name: Callable[[Step], str]) -> list[VideoState]:
    """The videos that fit a name and a next step, sorted; with few of them there is nothing to choose."""
    if len(states) <= FEW:
        return list(states)
    name_place, step_place, order_place = st.columns([2, 1.5, 1.5])
    wanted = name_place.text_input(_("Filter by name"), key="filter", icon=":material/search:").casefold()
    steps = list(dict.fromkeys(state.next_step for state in states))
    step = step_place.selectbox(
        _("Next step"), ["", *steps], format_func=lambda s: step_name(s) if s else _("all"), key="filter-step"
    )
    order = order_place.selectbox(_("Sort"), list(ORDERS), format_func=order_name, key="sort")
    fits = [s for s in states if wanted in s.video.name.casefold() and step in ("", s.next_step)]
    return sorted(fits, key=ORDERS[str(order)])
