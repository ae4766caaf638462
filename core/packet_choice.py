"""Which packets of a video must be decoded so that the frames nearest to a grid of times come out."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, floor, inf
from typing import Protocol, TypeVar

TOLERANCE = 1e-5  # seconds within which two distances count as equal: both frames are then decoded


class Timed(Protocol):
    """As much of a packet as is used: ticks of presentation and decoding, None where unknown."""

    @property
    def pts(self) -> int | None: ...

    @property
    def dts(self) -> int | None: ...


P = TypeVar("P", bound=Timed)


@dataclass
class Grid:
    """Times ``origin + k * period`` in seconds, k = 0, 1, ...; the origin is None until the first frame is there."""

    period: float
    origin: float | None = None

    def between(self, start: float, end: float) -> bool:
        """Whether a time of the grid lies in [start, end], with some tolerance."""
        if self.origin is None:
            return True
        first = max(0, ceil((start - TOLERANCE - self.origin) / self.period))
        return first <= floor((end + TOLERANCE - self.origin) / self.period)


@dataclass
class _Times:
    """Presentation times as they become known, and which of them are wanted."""

    grid: Grid
    ahead: list[float] = field(default_factory=list)  # a heap of those that others may still come before
    wanted: set[float] = field(default_factory=set)
    latest: float = -inf  # the last that nothing comes before any more; all before it are decided

    def add(self, time: float) -> None:
        if time <= self.latest:  # against the rules: decoded in any case
            self.wanted.add(time)
        else:
            heapq.heappush(self.ahead, time)

    def advance(self, decoded_until: float) -> None:
        """Decide times; no packet that follows is shown before `decoded_until`."""
        while self.ahead and self.ahead[0] <= decoded_until:
            time = heapq.heappop(self.ahead)
            middle = (self.latest + time) / 2
            if self.latest > -inf and self.grid.between(self.latest, middle):
                self.wanted.add(self.latest)
            if self.latest == -inf or self.grid.between(middle, time):
                self.wanted.add(time)
            self.latest = time


def chosen(packets: Iterable[P], grid: Grid, seconds: Callable[[int], float]) -> Iterator[tuple[P, bool]]:
    """All packets in their order, each with whether its frame may be the nearest to a time of the grid.

    A packet is never shown before it is decoded, so its time is compared with its neighbours' as soon as decoding has
    come there; a few packets are held back until then. Packets without times, and those around them, are needed.

    Parameters
    ----------
    seconds
        Ticks of the stream -> seconds.
    """
    waiting: deque[tuple[P, float]] = deque()
    times = _Times(grid)
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            yield from ((held, True) for held, _ in waiting)
            waiting.clear()
            times = _Times(grid)
            yield packet, True
            continue
        time = seconds(packet.pts)
        waiting.append((packet, time))
        times.add(time)
        times.advance(seconds(packet.dts))
        while waiting and waiting[0][1] < times.latest:
            held, time = waiting.popleft()
            yield held, grid.origin is None or time in times.wanted
            times.wanted.discard(time)
    yield from ((held, True) for held, _ in waiting)
