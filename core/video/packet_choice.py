"""Which packets of a video must be decoded so that the frames nearest to a grid of times come out.

Of H.264 and H.265 they are told by their network abstraction layer units (ITU-T H.264 table 7-1, H.265 table 7-1).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, floor, inf
from typing import Generic, Literal, Protocol, TypeVar

from core.video.references import Coded
from core.video.units import length_size, units

ANCHORS = 4  # pictures that are not B pictures among which those near a B picture are: two are usual
TOLERANCE = 1e-5  # seconds within which two distances count as equal: both frames are then decoded


class Timed(Protocol):
    """As much of a packet as is used: ticks of presentation and decoding, None where unknown."""

    @property
    def pts(self) -> int | None: ...

    @property
    def dts(self) -> int | None: ...


P = TypeVar("P", bound=Timed)
LeftOut = Literal["DEFAULT", "NONREF", "BIDIR"]  # FFmpeg's names: nothing, what is no reference, B pictures too


@dataclass
class Grid:
    """Times ``origin + k * period`` in seconds, k = 0, 1, ...; the origin is None until the first frame is there.

    B pictures within `leeway` seconds of another picture leave their place to it: it must be decoded in any case.
    """

    period: float
    origin: float | None = None
    leeway: float = 0.0

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


@dataclass
class Standing:
    """Tells which pictures of an H.264 stream leave their place to another, from their heads in the packets' order.

    Those that a B picture lies between are decoded before it. The first picture that is shown is never left out.
    """

    leeway: float
    _others: deque[float] = field(default_factory=lambda: deque(maxlen=ANCHORS))

    def aside(self, time: float, coded: Coded | None) -> bool:
        """Whether the picture that is shown at `time` seconds is a B picture and others are near."""
        if coded is None or not coded.only_b:
            self._others.append(time)
            return False
        near = any(abs(time - other) <= self.leeway for other in self._others)
        return near and min(self._others) < time


def chosen(
    packets: Iterable[P],
    grid: Grid,
    seconds: Callable[[int], float],
    aside: Callable[[P], bool] = lambda packet: False,
) -> Iterator[tuple[P, bool]]:
    """All packets in their order, each with whether its frame may be the nearest to a time of the grid.

    A packet is never shown before it is decoded, so its time is compared with its neighbours' as soon as decoding has
    come there; a few packets are held back until then. Packets without times, and those around them, are needed.

    Parameters
    ----------
    seconds
        Ticks of the stream -> seconds.
    aside
        Whether a packet is not to be chosen.
    """
    waiting: deque[tuple[P, float | None]] = deque()  # without a time where it is not to be chosen
    times = _Times(grid)
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            yield from ((held, time is not None) for held, time in waiting)
            waiting.clear()
            times = _Times(grid)
            yield packet, True
            continue
        shown = None if aside(packet) else seconds(packet.pts)
        waiting.append((packet, shown))
        if shown is not None:
            times.add(shown)
        times.advance(seconds(packet.dts))
        while waiting and ((shown := waiting[0][1]) is None or shown < times.latest):
            held, _ = waiting.popleft()
            yield held, shown is not None and (grid.origin is None or shown in times.wanted)
            times.wanted.discard(-inf if shown is None else shown)
    yield from ((held, time is not None) for held, time in waiting)


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
    return any((unit[0] >> shift) & mask in wanted for unit in units(data, length_size(codec, extradata)) if unit)


@dataclass(eq=False)
class _Held(Generic[P]):
    """A packet whose picture may still turn out to be referred to; `n_before`: references before it."""

    packet: P
    needed: bool
    coded: Coded | None
    n_before: int

    def spared(self) -> tuple[P, LeftOut]:
        """With what the decoder may leave out at it."""
        if self.needed:
            return self.packet, "DEFAULT"
        return self.packet, "BIDIR" if self.coded and self.coded.only_b else "NONREF"

    def decided(self, n: int) -> bool:
        """Whether it is needed, or was left out, or nothing behind n references can refer to it any more."""
        if self.needed or self.coded is None or not (self.coded.only_b and self.coded.is_reference):
            return True
        return n - self.n_before > self.coded.n_references


def spared(packets: Iterable[tuple[P, bool]], coded: Callable[[P], Coded | None]) -> Iterator[tuple[P, LeftOut]]:
    """Packets of an H.264 stream, each with what its decoder may leave out at it, as FFmpeg's `skip_frame` calls it.

    Pictures that are not needed are left out where no other is referred to them: any that is no reference (NONREF), and
    B pictures that are, where it is certain that nothing needed refers to them (BIDIR). What is needed is DEFAULT.

    Parameters
    ----------
    packets
        As `decodable` gives them.
    coded
        Whom the picture of a packet refers to; None where that is not known, or for other codecs.
    """
    held: list[_Held[P]] = []
    n = 0
    for packet, needed in packets:
        latest = _Held(packet, needed, coded(packet), n)
        if latest.coded is None or latest.coded.restarts:
            for one in held:
                one.needed |= latest.coded is None
                yield one.spared()
            held = []
        held.append(latest)
        n += latest.coded is None or latest.coded.is_reference
        if needed or not (latest.coded and latest.coded.only_b):
            _require(held, len(held) - 1)
        while held and held[0].decided(n):
            yield held.pop(0).spared()
    yield from (one.spared() for one in held)


def _require(held: list[_Held[P]], index: int) -> None:
    """Mark the B pictures that a picture which is decoded may refer to, and those that they may refer to."""
    coded = held[index].coded
    if coded is None:
        return
    recent = coded.latest
    for k in reversed(range(index)):
        other = held[k].coded
        recent &= other is not None and other.only_b
        if other is None or not (other.only_b and other.is_reference) or held[k].needed:
            continue
        if recent or coded.named is None or other.number in coded.named:
            held[k].needed = True
            _require(held, k)
