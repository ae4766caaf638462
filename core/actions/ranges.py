"""The minutes of one video in ranges that somebody else reads: asked for in order, a few ahead."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Protocol

from core.faces.search import MINUTE
from core.video.damage import Damage
from core.video.frames import sampled_frames
from core.video.probe import probe
from core.video_feature_extractor import Minute, OnSeen, Stretch

LONGEST = 5  # minutes that are read at a time
TELL_EVERY = 0.25  # seconds between two looks at how far the ranges are


@dataclass(eq=False)
class Range:
    """Some minutes of a video in seconds, and how far they are read."""

    stretch: Stretch
    start: float
    end: float
    at: float


class Reading(Protocol):
    """A range that is being read: a `concurrent.futures.Future`, or what stands for one."""

    def result(self, timeout: float) -> tuple[list[Minute], Damage]:
        """Its minutes; raises TimeoutError where they are not there after so many seconds."""
        ...

    def cancel(self) -> object: ...


def ranges(stretch: Stretch, duration: float, n: int) -> deque[Range]:
    """What a stretch leaves of a video, in ranges of whole minutes that keep n workers busy to the end.

    The last one is open: a file may be longer than it says.
    """
    first = 0 if stretch.after is None else int(stretch.after // MINUTE) + 1
    n_minutes = max(math.floor(duration / MINUTE), first) + 1
    length = min(LONGEST, max(1, (n_minutes - first) // (4 * n)))
    starts = [MINUTE * k for k in range(first, n_minutes, length)]
    return deque(Range(stretch, start, end, start) for start, end in zip(starts, [*starts[1:], math.inf]))


def read_in_ranges(
    submit: Callable[[Range, OnSeen], Reading],
    n: int,
    stretch: Stretch,
    damage: Damage,
    on_progress: Callable[[float], None],
    on_seen: OnSeen,
) -> Generator[Minute]:
    """The minutes of a stretch in order of time, read by n workers of whom others may ask something too."""
    duration = probe(stretch.path, tracks=stretch.tracks).duration
    assert duration is not None, "whoever asks for workers knows how long the video is"
    if stretch.first_timestamp is None:
        stretch = replace(stretch, first_timestamp=_first_timestamp(stretch))
    waiting = ranges(stretch, duration, n)
    under_way: deque[tuple[Range, Reading]] = deque()
    try:
        while waiting or under_way:
            while waiting and len(under_way) < 2 * n:
                part = waiting.popleft()
                under_way.append((part, submit(part, on_seen)))
            part, reading = under_way[0]
            try:
                minutes, read = reading.result(TELL_EVERY)
            except TimeoutError:
                on_progress(part.start + sum(p.at - p.start for p, _ in under_way))
                continue
            under_way.popleft()
            damage.add(read)
            yield from minutes
    finally:
        for _, reading in under_way:
            reading.cancel()


def _first_timestamp(stretch: Stretch) -> float | None:
    first = next(sampled_frames(stretch.path, stretch.settings.sample_rate, tracks=stretch.tracks), None)
    return None if first is None else first.timestamp
