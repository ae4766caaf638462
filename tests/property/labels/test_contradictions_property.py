"""Which labels count, against a plain reading of the rule."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.contradictions import counting, overruled
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger


@st.composite
def labels(draw: st.DrawFn) -> LabelEvent:
    start = draw(st.integers(0, 300)) / 10
    return LabelEvent(
        draw(st.sampled_from(["v1", "v2"])),
        draw(st.sampled_from(["p1", "p2"])),
        start,
        start + draw(st.integers(5, 120)) / 10,
        draw(st.integers(0, 1)),
        "marked",
        at=f"2024-05-01T12:00:{draw(st.integers(10, 59))}+00:00",
    )


def contradict(one: LabelEvent, other: LabelEvent) -> bool:
    if (one.video_id, one.person_id) != (other.video_id, other.person_id) or one.label == other.label:
        return False
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > min(one.end - one.start, other.end - other.start) / 2 + 1e-6


@settings(deadline=None, max_examples=60)
@given(st.lists(labels(), max_size=40, unique_by=lambda event: event.clip_id))
def test_from_the_latest_on_each_counts_that_contradicts_none_that_counts(events):
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "labels.sqlite")
        ledger.record(events)
        expected: list[LabelEvent] = []
        for _n, event in sorted(enumerate(events), key=lambda pair: (pair[1].at, pair[0]), reverse=True):
            if not any(contradict(event, other) for other in expected):
                expected.append(event)
        assert counting(ledger) == [event for event in events if event in expected]
        held = {event.clip_id: event for event in events}
        for out, by in overruled(ledger, events).items():
            assert contradict(held[out], held[by])
            assert held[by] in expected
