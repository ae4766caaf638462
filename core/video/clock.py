"""The clock of a recording that starts again or jumps, as one that runs on (as players do).

Transport streams and FLV files that were put together, or that lost their signal, do so. The pieces are told by where
packets lie in the file, so every reader counts alike from wherever it starts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

import av
from av.error import FFmpegError

JUMPING = {"mpegts", "mpeg", "flv"}  # formats in which a clock may do so
JUMP = 10.0  # seconds between decoding times that follow each other, as of FFmpeg's dts_delta_threshold
BACK = 0.1  # seconds by which a track may go back
RUN = 16  # packets that may be out of place together, such as those of one block with a damaged time
BEHIND = 1.0  # seconds by which the tracks of a file may lie behind each other
SMALL = 64 << 20  # bytes up to which a file is read through; a larger one where its clock looks uneven
LOOKS = 64  # places at which the clock of a large file is looked at
MOST_TAG = 1 << 20  # bytes in which the next tag of an FLV file is looked for
_TAG = re.compile(rb"[\x08\x09](.{3})(.{3})(.)\x00\x00\x00", re.DOTALL)  # of sound or picture: size and time in ms


@dataclass(frozen=True)
class Clock:
    """Pieces of a file: the byte at which each begins, its time on the mended clock, and what mends it, in seconds.

    `keys` are the times, on the mended clock, and the bytes of its keyframes. `is_part` says that the file holds other
    programmes, whose clocks have nothing to do with this one.
    """

    places: tuple[int, ...] = (0,)
    starts: tuple[float, ...] = (0.0,)
    shifts: tuple[float, ...] = (0.0,)
    end: float | None = None
    keys: tuple[tuple[float, int], ...] = ()
    is_part: bool = False

    @property
    def n_jumps(self) -> int:
        """How often the clock was mended."""
        return len(self.places) - 1

    def shift(self, place: int) -> float:
        """Seconds to add to the times of a packet that lies there."""
        return self.shifts[bisect_right(self.places, place) - 1]

    def places_before(self, time: float) -> Iterator[int]:
        """Bytes from which to read on to a time (of this clock), ever earlier, the last one early enough."""
        at = bisect_right(self.keys, (time, inf))
        yield from (self.keys[k][1] for k in (at - 1, at - 2, at - 6) if k >= 0)
        yield 0


def read_clock(container: av.container.InputContainer, programme: Collection[int] = ()) -> Clock:
    """The clock of a file that was just opened, or of the streams of these ids alone."""
    if container.format.name not in JUMPING or (container.size > SMALL and _looks_even(container)):
        return Clock()
    packets: list[tuple[int, int, float, float]] = []  # place, stream, decoding time and length in seconds
    keys: list[tuple[int, float]] = []
    places: dict[int, int] = {}
    try:
        for packet in container.demux():
            if packet.dts is None or (programme and packet.stream.id not in programme):
                continue
            place = places[packet.stream_index] = packet.pos or places.get(packet.stream_index, 0)
            length = float((packet.duration or 0) * packet.time_base)
            packets.append((place, packet.stream_index, float(packet.dts * packet.time_base), length))
            if packet.is_keyframe and packet.stream.type == "video":
                keys.append((place, packets[-1][2]))
    except (FFmpegError, IndexError):  # as far as it can be read
        pass
    clock = clock_of(sorted(packets, key=lambda packet: packet[0]))
    mended = sorted((time + clock.shift(place), place) for place, time in keys)
    return replace(clock, keys=tuple(mended), is_part=bool(programme))


def clock_of(packets: Iterable[tuple[int, int, float, float]]) -> Clock:
    """The clock of packets in the order in which they lie: place, stream, decoding time and length in seconds.

    A track tells by its own times, for tracks may lie seconds behind each other where little of them fills a block.
    """
    places, starts, shifts = [0], [0.0], [0.0]
    latest: float | None = None  # the end of what was read, on the mended clock
    times: dict[int, float] = {}  # of each stream's latest packet
    before: dict[int, deque[tuple[float, float]]] = {}  # times of those before, and the end of what was read then
    for place, stream, time, length in packets:
        if latest is None:
            starts[0] = latest = time
        mended = time + shifts[-1]
        run = before.setdefault(stream, deque(maxlen=RUN))
        if run and run[0][0] <= mended < times[stream] - BACK:  # a few packets alone were out of place
            while run[-1][0] > mended:
                run.pop()
            latest, times[stream] = run[-1][1], mended
        if not times.get(stream, latest - JUMP) - BACK <= mended <= latest + JUMP:
            shifts.append(latest - time)
            places.append(place)
            starts.append(latest)
            mended = latest
        run.append((times.get(stream, mended), latest))
        times[stream] = mended
        latest = max(latest, mended + length)
    return Clock(tuple(places), tuple(starts), tuple(shifts), latest)


def _looks_even(container: Any) -> bool:
    """Whether the clock runs forward at about one pace at places all over a file."""
    looked_at = _times_of_flv if container.format.name == "flv" else _times
    steps = [b - a for a, b in pairwise(looked_at(container))]
    return not steps or (min(steps) > -BEHIND and max(steps) < 60 + 10 * median(steps))


def _times(container: Any) -> Iterator[float]:
    """Decoding times in seconds at the places at which a file is looked at."""
    for k in range(LOOKS):
        try:
            container.seek(int(k * container.size / LOOKS), unsupported_byte_offset=True)
            packet = next((packet for packet in container.demux() if packet.dts is not None), None)
        except (FFmpegError, IndexError):
            continue
        if packet is not None:
            yield float(packet.dts * packet.time_base)


def _times_of_flv(container: Any) -> Iterator[float]:
    """As `_times`, from the tags of the file, for FFmpeg finds none from the middle of another (Adobe, FLV 10.1)."""
    with Path(container.name).open("rb") as file:
        for k in range(LOOKS):
            file.seek(k * container.size // LOOKS)
            data = file.read(MOST_TAG)
            for tag in _TAG.finditer(data):
                end = tag.start() + 11 + int.from_bytes(tag[1], "big")
                if data[end : end + 4] == (end - tag.start()).to_bytes(4, "big"):
                    yield int.from_bytes(tag[3] + tag[2], "big") / 1000
                    break


def seconds_since(start: Fraction, ticks: int, tick: Fraction) -> float:
    """A time of so many ticks, in seconds from `start` seconds on.

    Whole numbers give the same float as the fractions themselves, in a tenth of the time: it is asked of each packet.
    """
    ahead = ticks * tick.numerator * start.denominator - start.numerator * tick.denominator
    return ahead / (tick.denominator * start.denominator)
