"""The clock of a recording that starts again or jumps, as one that runs on (as players do).

Transport streams that were put together, or that lost their signal, do so. The pieces are told by where packets lie in
the file, so every reader counts alike from wherever it starts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import av
from av.error import FFmpegError

JUMPING = {"mpegts", "mpeg"}  # formats in which a clock may do so
JUMP = 10.0  # seconds between decoding times that follow each other, as of FFmpeg's dts_delta_threshold
BACK = 0.1  # seconds by which a track may go back
RUN = 16  # packets that may be out of place together, such as those of one block with a damaged time
BEHIND = 1.0  # seconds by which the tracks of a file may lie behind each other
SMALL = 64 << 20  # bytes up to which a file is read through; a larger one where its clock looks uneven
LOOKS = 64  # places at which the clock of a large file is looked at


@dataclass(frozen=True)
class Clock:
    """Pieces of a file: the byte at which each begins, its time on the mended clock, and what mends it, in seconds."""

    places: tuple[int, ...] = (0,)
    starts: tuple[float, ...] = (0.0,)
    shifts: tuple[float, ...] = (0.0,)
    end: float | None = None

    @property
    def n_jumps(self) -> int:
        """How often the clock was mended."""
        return len(self.places) - 1

    def shift(self, place: int) -> float:
        """Seconds to add to the times of a packet that lies there."""
        return self.shifts[bisect_right(self.places, place) - 1]

    def places_before(self, time: float, size: int) -> Iterator[int]:
        """Bytes from which to read on to a time (of this clock), ever earlier, the last one early enough."""
        piece = max(0, bisect_right(self.starts, time) - 1)
        first, last = self.places[piece], (*self.places[1:], size)[piece]
        ends = (*self.starts[1:], self.end or time)[piece]
        share = (time - self.starts[piece]) / max(1e-3, ends - self.starts[piece])
        for lead in (0.02, 0.1, 0.3):
            if share > lead:
                yield first + int((share - lead) * (last - first))
        yield first


def read_clock(container: av.container.InputContainer) -> Clock:
    """The clock of a file that was just opened."""
    if container.format.name not in JUMPING or (container.size > SMALL and _looks_even(container)):
        return Clock()
    packets: list[tuple[int, int, float, float]] = []  # place, stream, decoding time and length in seconds
    places: dict[int, int] = {}
    try:
        for packet in container.demux():
            if packet.dts is None:
                continue
            place = places[packet.stream_index] = packet.pos or places.get(packet.stream_index, 0)
            length = float((packet.duration or 0) * packet.time_base)
            packets.append((place, packet.stream_index, float(packet.dts * packet.time_base), length))
    except (FFmpegError, IndexError):  # as far as it can be read
        pass
    return clock_of(sorted(packets, key=lambda packet: packet[0]))


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
    times = []
    for k in range(LOOKS):
        try:
            container.seek(int(k * container.size / LOOKS), unsupported_byte_offset=True)
            packet = next((packet for packet in container.demux() if packet.dts is not None), None)
        except (FFmpegError, IndexError):
            continue
        if packet is not None:
            times.append(float(packet.dts * packet.time_base))
    steps = [b - a for a, b in pairwise(times)]
    return not steps or (min(steps) > -BEHIND and max(steps) < 60 + 10 * median(steps))
