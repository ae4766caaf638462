"""The rational frame rate of a video, and whether it is constant, from its packets' times without decoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, isnan
from statistics import fmean, median

from av.video.stream import VideoStream

from core.video.container import Source

NTSC = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120))
HIGHEST = 240
SAME_RATE = 1e-4  # relative difference below which a file means the standard rate
JITTER = 1.5e-3  # seconds: containers that count milliseconds round each time
_PLACES = (0.0, 0.25, 0.5, 0.75, 0.95)  # shares of the video at which its rate is looked at
_RUN = 120  # packets looked at, at each


@dataclass(frozen=True)
class Rates:
    """`own` is the file's mean rate, `rate` the one at which its frames are counted, `standard` whether the two agree.

    Where the rate varies, `rate` is that of most frames.
    """

    own: Fraction
    rate: Fraction
    variable: bool
    standard: bool


def read_rates(source: Source) -> Rates:
    """Look at the times of a video's frames, at a few places of it."""
    stream, duration = source.video, source.duration
    intervals = list(_intervals(source))
    own, variable = _own_rate(intervals, stream), _varies(intervals, stream)
    rate = _usual_rate(intervals) if variable else nearest_rate(own)
    tick = float(stream.time_base or 0)
    rounding = max(SAME_RATE, 2 * tick / duration if duration else 0.0)
    return Rates(own, rate, variable, not variable and abs(own / rate - 1) <= rounding)


def nearest_rate(rate: Fraction) -> Fraction:
    """The whole or NTSC rate (n * 1000 / 1001) closest to a rate, from 1 to 240 frames a second."""
    whole = Fraction(min(HIGHEST, max(1, round(rate))))
    return min((whole, *NTSC), key=lambda standard: (abs(standard - rate), -standard))


def _usual_rate(intervals: Sequence[float]) -> Fraction:
    """The rate at which frames are counted where it varies: that of most frames, where a timeline can have it."""
    rate = nearest_rate(Fraction(1 / median(intervals)))
    return rate if 23 < rate <= 60 else Fraction(30)


def _own_rate(intervals: Sequence[float], stream: VideoStream) -> Fraction:
    """The rate that the file states, if it is a standard one and its frames keep it, else that of its frames.

    A stated mean counts the last frame's length, and some containers state a rate that nobody keeps.
    """
    tick = float(stream.time_base or 0)
    usual = _usual(intervals, tick)
    mean = fmean(usual) if usual else 0.0
    # Each run's length is known to a tick at both ends.
    rounding = max(2 * SAME_RATE, 2 * tick * ceil(len(usual) / _RUN) / sum(usual)) if usual else 1.0
    stated = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
    for rate in stated:
        if abs(rate / nearest_rate(rate) - 1) <= SAME_RATE and (not mean or abs(mean * rate - 1) <= rounding):
            return rate
    return Fraction(1 / mean) if mean else (stated or [Fraction(30)])[0]


def _usual(intervals: Sequence[float], tick: float) -> list[float]:
    """The intervals that differ from the median by no more than the rounding of a container's clock."""
    middle = median(intervals) if intervals else 0.0
    return [interval for interval in intervals if abs(interval - middle) <= max(JITTER, 1.1 * tick)]


def _varies(intervals: Sequence[float], stream: VideoStream) -> bool:
    """Whether more than one time between frames in a hundred differs, or the file's mean is another one."""
    if len(intervals) < 3:
        return False
    if len(_usual(intervals, float(stream.time_base or 0))) < 0.99 * len(intervals):
        return True
    if not (stream.frames and stream.average_rate):  # the container does not count its frames
        return False
    return abs(fmean(intervals) * float(stream.average_rate) - 1) > 0.005 + 2 / stream.frames


def _intervals(source: Source) -> Iterator[float]:
    """Seconds between frames in runs at some places of a video, read from its packets without decoding."""
    for place in _PLACES if source.duration else _PLACES[:1]:
        if place:
            source.go(place * (source.duration or 0))
        times: list[float] = []
        for packet in source.packets(source.video):
            if len(times) >= _RUN or isnan(time := source.time(packet)):
                break
            times.append(time)
        first = times[0] if times else 0.0  # pictures before the keyframe are those of the run before
        times = sorted(time for time in times if time >= first)
        ended = len(times) < _RUN - 8  # the last few of a broken run lack those that are decoded later
        times = times if ended else times[:-8]
        yield from (b - a for a, b in pairwise(times) if b > a)
        if ended:
            return
