"""Which packets of a video must be decoded so that the frames nearest to a grid of times come out.

Of H.264 and H.265 they are told by their network abstraction layer units (ITU-T H.264 table 7-1, H.265 table 7-1).
"""

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


def decodable(packets: Iterable[tuple[P, bool]], restarts: Callable[[P], bool]) -> Iterator[tuple[P, bool]]:
    """What `chosen` gives, without packets that no needed frame depends on.

    These are the ones between a needed packet and one at which decoding starts anew. Where a packet behind such a one
    is shown before it, and so may depend on what was before, they stay.

    Parameters
    ----------
    restarts
        Whether nothing that is shown after a packet depends on packets before it.
    """
    held: list[P] = []  # since the last needed one
    rest = iter(packets)
    following = next(rest, None)
    while following is not None:
        packet, needed = following
        following = next(rest, None)
        if held and restarts(packet) and following is not None and _in_order(packet, following[0]):
            held = []
        if needed:
            yield from ((left, False) for left in held)
            held = []
            yield packet, True
        else:
            held.append(packet)
    yield from ((left, False) for left in held)


def _in_order(packet: Timed, following: Timed) -> bool:
    """Whether the second of two packets is also shown after the first."""
    return packet.pts is not None and following.pts is not None and packet.pts < following.pts


# Of each codec: unit types that begin with nothing to refer to, and where the type stands in a unit's first byte.
RESTARTING_UNITS = {"h264": ({5}, 0, 0x1F), "hevc": ({19, 20}, 1, 0x3F)}
LARGEST_HEAD = 4096  # bytes before a picture's own unit: parameter sets and messages


def restarts_decoding(data: bytes, codec: str, extradata: bytes | None) -> bool:
    """Whether a key packet is an instantaneous decoder refresh; false for codecs other than H.264 and H.265.

    Parameters
    ----------
    data
        The packet, its units behind start codes or behind their lengths.
    extradata
        The stream's decoder configuration, whose first byte says which of the two.
    """
    if codec not in RESTARTING_UNITS:
        return False
    wanted, shift, mask = RESTARTING_UNITS[codec]
    heads = _behind_lengths(data, codec, extradata) if extradata and extradata[0] == 1 else _behind_start_codes(data)
    return any((head >> shift) & mask in wanted for head in heads)


def _behind_lengths(data: bytes, codec: str, extradata: bytes) -> Iterator[int]:
    """First byte of each unit (ISO/IEC 14496-15)."""
    place = 4 if codec == "h264" else 21
    size = (extradata[place] & 3) + 1 if len(extradata) > place else 4
    start = 0
    while start + size < len(data):
        yield data[start + size]
        start += size + int.from_bytes(data[start : start + size], "big")


def _behind_start_codes(data: bytes) -> Iterator[int]:
    """First byte of each unit near the beginning (annex B of both standards)."""
    start = data.find(b"\0\0\1")
    while 0 <= start < LARGEST_HEAD and start + 3 < len(data):
        yield data[start + 3]
        start = data.find(b"\0\0\1", start + 3)
