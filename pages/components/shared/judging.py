"""What a page says where a label that was just given is the opposite of an earlier one at the same place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import streamlit as st

from core.labels.event import LabelEvent
from core.segment import clock
from pages.components.shared.shell import _


def note_judged(page: str, event_ids: Iterable[str]) -> None:
    """Note the events that came last on a page."""
    st.session_state[f"judged-{page}"] = set(event_ids)


def said_contradicted(page: str, labels: Collection[LabelEvent], overruled: Mapping[str, str]) -> str:
    """That what was just judged on a page says the opposite of earlier labels; empty where it does not.

    `overruled` is as `core.labels.contradictions.overruled` gives it.
    """
    last = st.session_state.get(f"judged-{page}", ())
    judged = {event.clip_id for event in labels if event.id in last}
    times = [clock(event.start) for event in labels if overruled.get(event.clip_id) in judged]
    if not times:
        return ""
    return _("Labelled the opposite way before, at {times}: only the new label counts.", times=", ".join(times))


def say_contradicted(page: str, labels: Collection[LabelEvent], overruled: Mapping[str, str]) -> None:
    """Show the same as a message."""
    if said := said_contradicted(page, labels, overruled):
        st.info(said, icon=":material/rule:")
