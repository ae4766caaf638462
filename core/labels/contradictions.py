"""Labels that say the opposite of a later one at the same place: they stay in the ledger, but do not count."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.labels.event import LabelEvent
from core.labels.ledger import Ledger, Place
from core.segment import TOLERANCE

FARTHEST = 1e6  # seconds within which times are compared
Floats = NDArray[np.float64]
_KEPT: dict[Path, tuple[object, Counter[tuple[str, str, int]]]] = {}  # by ledger: its latest event, and the counts then


def overruled(ledger: Ledger, labels: Sequence[LabelEvent] | Sequence[Place]) -> dict[str, str]:
    """Those of the labels that hold which do not count, by clip id, each with the clip whose label counts instead.

    Two labels of a person and video contradict each other if one is funny and the other is not, and they share more
    than half of the shorter clip. The one whose value was set last counts, whoever set it. A label that contradicts
    only such as do not count themselves counts.

    Parameters
    ----------
    labels
        All that hold of a video and person, of one or several, from the ledger.

    Raises
    ------
    StorageFault
        If the ledger cannot be read.
    """
    if len({label.label for label in labels}) < 2:
        return {}
    bounds, kinds = _apart(labels), np.array([int(label.label or 0) for label in labels])
    rows = np.flatnonzero(_contradicted(*bounds, kinds)).tolist()
    if not rows:
        return {}
    settings = _settings(ledger.events_of([labels[row].clip_id for row in rows]))
    times = {clip_id: (_seconds(setting.event), setting.n) for clip_id, setting in settings.items()}
    rows.sort(key=lambda row: times.get(labels[row].clip_id, (0.0, 0)), reverse=True)
    starts, ends = (part[rows] for part in bounds)
    found = _latest_count(starts, ends, kinds[rows].tolist())
    return {labels[rows[k]].clip_id: labels[rows[by]].clip_id for k, by in found.items()}


def counting(ledger: Ledger, *, person_id: str | None = None, video_id: str | None = None) -> list[LabelEvent]:
    """The labels that hold and count, in order of recording. Raises StorageFault."""
    labels = ledger.labels(person_id=person_id, video_id=video_id)
    out = overruled(ledger, labels)
    return [label for label in labels if label.clip_id not in out]


def counts(ledger: Ledger) -> Counter[tuple[str, str, int]]:
    """How many labels count, by (person id, video id, label); kept until the next event. Raises StorageFault."""
    latest = ledger.latest()  # before the labels: an event that comes between is then looked at once more
    known, found = _KEPT.get(ledger.path, (None, Counter()))
    if latest != known:
        places = ledger.places()
        out = overruled(ledger, places)
        found = Counter((p.person_id, p.video_id, p.label) for p in places if p.clip_id not in out)
        _KEPT[ledger.path] = latest, found
    return found.copy()


def as_set(ledger: Ledger, labels: Sequence[LabelEvent]) -> list[LabelEvent]:
    """The labels, dated when their values were set: recorded elsewhere, the same ones count. Raises StorageFault."""
    settings = _settings(ledger.events_of_changed())
    return [replace(e, at=settings[e.clip_id].event.at) if e.clip_id in settings else e for e in labels]


def _apart(places: Sequence[LabelEvent] | Sequence[Place]) -> tuple[Floats, Floats]:
    """Starts and ends (n,), moved so far that those of different people or videos lie apart."""
    groups: dict[tuple[str, str], int] = {}
    group = np.array([groups.setdefault((p.video_id, p.person_id), len(groups)) for p in places])
    bounds = np.clip(np.array([(p.start, p.end) for p in places], float), -FARTHEST, FARTHEST)
    moved = bounds + (group * (np.ptp(bounds) + 1.0))[:, None]
    return moved[:, 0], moved[:, 1]


def _contradicted(starts: Floats, ends: Floats, labels: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Which clips (n,) contradict any other.

    Two clips share more than half of the shorter one just where the middle of one lies inside of the other.
    """
    found = np.zeros(len(starts), bool)
    middles = (starts + ends) / 2
    for kind in (0, 1):
        mine, theirs = labels == kind, labels != kind
        others = np.sort(middles[theirs])
        inside = np.searchsorted(others, ends[mine] - TOLERANCE) > np.searchsorted(
            others, starts[mine] + TOLERANCE, side="right"
        )
        begun = np.searchsorted(np.sort(starts[theirs]), middles[mine] - TOLERANCE)
        over = np.searchsorted(np.sort(ends[theirs]), middles[mine] + TOLERANCE, side="right")
        found[mine] = inside | (begun > over)
    return found


class _Kept:
    """Clips of one kind that count, asked for one whose middle lies in another, or the other way round."""

    def __init__(self, starts: Floats) -> None:
        self.starts = np.sort(starts)  # of all clips of the kind that may be added
        self._middles: list[tuple[float, int]] = []
        self._ends: list[tuple[float, int]] = [(-np.inf, -1)] * (len(starts) + 1)  # a Fenwick tree of greatest ends

    def add(self, k: int, start: float, end: float) -> None:
        insort(self._middles, ((start + end) / 2, k))
        at = int(np.searchsorted(self.starts, start)) + 1
        while at < len(self._ends):
            self._ends[at] = max(self._ends[at], (end, k))
            at += at & -at

    def contradicting(self, start: float, end: float) -> int | None:
        """One that shares more than half with a clip."""
        next_one = bisect_right(self._middles, (start + TOLERANCE, len(self.starts) ** 2))
        if next_one < len(self._middles) and self._middles[next_one][0] < end - TOLERANCE:
            return self._middles[next_one][1]
        middle = (start + end) / 2
        at, latest = int(np.searchsorted(self.starts, middle - TOLERANCE)), (-np.inf, -1)
        while at:
            latest = max(latest, self._ends[at])
            at -= at & -at
        return latest[1] if latest[0] > middle + TOLERANCE else None


def _latest_count(starts: Floats, ends: Floats, labels: Sequence[int]) -> dict[int, int]:
    """Of clips (n,), the latest first, those that do not count, each with a later one that does and contradicts it."""
    kinds = np.array(labels)
    kept = [_Kept(starts[kinds == kind]) for kind in (0, 1)]
    found: dict[int, int] = {}
    for k, (start, end, label) in enumerate(zip(starts.tolist(), ends.tolist(), labels, strict=True)):
        by = kept[1 - label].contradicting(start, end)
        if by is None:
            kept[label].add(k, start, end)
        else:
            found[k] = by
    return found


class _State(NamedTuple):
    """What holds for a clip after an event, which is the `n`-th, and what held before it."""

    n: int
    event: LabelEvent
    before: _State | None


def _settings(events: Iterable[LabelEvent]) -> dict[str, _State]:
    """By clip id, the event that set the value of its label.

    What was undone has never been, and a change of the bounds or of the note alone sets no value.
    """
    states: dict[str, _State | None] = {}
    before: dict[str, _State | None] = {}
    last: dict[str, _State] = {}
    for n, event in enumerate(events):
        before[event.id] = held = states.get(event.clip_id)
        last[event.clip_id] = _State(n, event, held)
        undone = event.undoes and event.undoes in before
        states[event.clip_id] = before[event.undoes] if undone else last[event.clip_id]
    return {clip_id: _setting(states[clip_id] or state) for clip_id, state in last.items()}


def _setting(state: _State) -> _State:
    at = _without_skips(state) or state
    while (earlier := _without_skips(at.before)) is not None and _only_edits(earlier.event, at.event):
        at = earlier
    return at


def _seconds(event: LabelEvent) -> float:
    try:
        return datetime.fromisoformat(event.at).timestamp()
    except (ValueError, OverflowError):  # written by something else
        return 0.0


def _without_skips(state: _State | None) -> _State | None:
    while state is not None and state.event.kind == "skip":
        state = state.before
    return state


def _only_edits(old: LabelEvent, new: LabelEvent) -> bool:
    """Whether an event leaves the value of a label and changes something else."""
    same = (old.kind, old.label, old.origin) == (new.kind, new.label, new.origin)
    return same and (old.start, old.end, old.note) != (new.start, new.end, new.note)
