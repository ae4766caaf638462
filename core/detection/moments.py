"""The funny moments in a score curve: pure functions on scores, quick enough for a slider.

`moments` takes the stretches where the curve passes a threshold by hysteresis, cuts them apart at valleys, and tightens
each part to its best window. `best_moments` needs no threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.detection.candidates import CERTAIN, best_of_each_middle, candidates, profile
from core.segment import Detection, Segment
from core.sliding_window_processor import Scores, log_odds_of, runs

OFFSET = 0.5  # the hysteresis' lower threshold as a share of the upper one
MIN_DEPTH = 0.5  # log-odds of the shallowest valley that parts two moments
LOWEST_STEP = 0.002  # of a threshold: below it nothing is worth a look
TIE = 1e-3  # log-odds: windows closer to the best one are as good
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


def hysteresis(scores: Floats, *, onset: float, offset: float, max_gap: int = 0) -> Integers:
    """The stretches (k, 2) that reach `onset` and stay at `offset` or above.

    Parameters
    ----------
    scores
        (n,); NaN is below everything.
    max_gap
        Points below `offset`, or NaN, that are passed over between two stretches that are not.

    Returns
    -------
    First index of each stretch, and the one after its last.
    """
    with np.errstate(invalid="ignore"):
        high = runs(scores >= offset)
    if len(high) == 0:
        return high
    gaps = high[1:, 0] - high[:-1, 1] > max_gap
    starts = np.flatnonzero(np.concatenate([[True], gaps]))
    joined = np.stack([high[starts, 0], high[np.append(starts[1:], len(high)) - 1, 1]], axis=1)
    levels = np.fmax.reduceat(scores, joined.ravel()[: -1 if joined[-1, 1] == len(scores) else None])[::2]
    return joined[levels >= onset]


@dataclass(frozen=True, order=True)
class Moment(Detection):
    """A funny moment found: `score` is the highest the curve gets in it.

    `best` is the window of 5 to 7 s inside it that scores best, `probability` what that one scores. One that is
    `labelled` was not found: it is a clip that somebody labelled funny.
    """

    best: Segment
    probability: float
    labelled: bool = False


@dataclass(frozen=True)
class Rules:
    """How moments are told from the curve.

    Attributes
    ----------
    onset, offset
        A moment begins where the curve reaches the first and lasts while it stays at the second or above.
    min_duration_on
        Seconds: a moment that is shorter is dropped. Moments are at least as long as a window.
    min_duration_off
        Seconds: moments with a shorter gap between them are one. So are the seen parts around a shorter stretch that
        is not judged; a longer one is never inside a moment.
    """

    onset: float
    offset: float
    min_duration_on: float = 0.0
    min_duration_off: float = 1.0


def moments(scores: Scores, rules: Rules) -> list[Moment]:
    """The moments of a series.

    A window that only touches a laugh is likely too, and the curve is the mean of all windows around a time, so a laugh
    of 6 s is a hill twice as wide, and two laughs six seconds apart may be one hill. Therefore a stretch of the curve
    is cut wherever the windows in between fall half-way from the higher peak to `offset` (in log-odds), and each part
    is tightened to its best window. Where windows stay above that half-way level while sliding further than the longest
    window, it is one fit of laughter: it lasts as long as their middles do, since a window on its edge is half filled.

    Parameters
    ----------
    scores
        At the share of funny moments that is expected.

    Returns
    -------
    In order of time, without overlap.
    """
    if len(scores) == 0:
        return []
    finder = _Finder(scores, rules)
    # Not judged stretches are passed over strictly below the limit, as gaps between moments are.
    max_gap = max(0, int(np.ceil(rules.min_duration_off / scores.windows.step - 1e-9)) - 1)
    curve = scores.curve.scores
    single: list[Moment] = []
    for first, last in hysteresis(curve, onset=rules.onset, offset=rules.offset, max_gap=max_gap).tolist():
        single += finder.within(first, last)
    joined = _joined(sorted(single, key=_start), scores, rules.min_duration_off)
    return [m for m in joined if m.duration >= rules.min_duration_on - 1e-9]


def _start(segment: Segment) -> float:
    return segment.start


def _joined(single: Sequence[Moment], scores: Scores, min_duration_off: float) -> list[Moment]:
    """Moments in order of time, those with a shorter gap between them made one."""
    windows, curve = scores.windows, scores.curve
    joined: list[Moment] = []
    for moment in single:
        if joined and moment.start - joined[-1].end < min_duration_off - 1e-9:
            before = joined.pop()
            better = max(before, moment, key=lambda m: m.probability)
            start, end = before.start, max(before.end, moment.end)
            first, last = (round((time - windows.origin) / windows.step) for time in (start, end))
            score = float(np.nanmax(curve.scores[first:last]))
            moment = Moment(start, end, score, better.best, better.probability)
        joined.append(moment)
    return joined


class _Finder:
    """Finds the moments in a stretch of the curve. Plain lists: the stretches are many and short."""

    def __init__(self, scores: Scores, rules: Rules) -> None:
        windows = scores.windows
        self.scores, self.windows, self.onset = scores, windows, rules.onset
        self.low = float(np.clip(log_odds_of(rules.offset), -CERTAIN, CERTAIN - 2 * MIN_DEPTH))
        self.curve: list[float] = np.nan_to_num(scores.curve.scores, nan=-1.0).tolist()
        self.profile: list[float] = profile(scores).tolist()
        best, level = best_of_each_middle(scores)
        self.best: list[int] = best.tolist()
        self.level: list[float] = level.tolist()  # -inf where none is judged
        lengths = windows.last - windows.first
        self.shortest, self.longest = int(lengths.min()), int(lengths.max())
        self.taken = bytearray(windows.n_steps)

    def half_way(self, level: float) -> float:
        """The log-odds half-way down from a level to the offset."""
        return level - max((level - self.low) / 2, MIN_DEPTH)

    def within(self, first: int, last: int) -> list[Moment]:
        """The moments in the points `first` to `last` of the curve."""
        parts = self.parts(first, last)
        if len(parts) > 1:
            parts = [part for part in parts if self.reaches(*part)] or parts[:1]
        parts.sort(key=lambda part: -max(self.level[part[0] : part[1] + 1]))
        tightened = (self.tightened(*part) for part in parts)
        return [moment for moment in tightened if moment is not None]

    def parts(self, first: int, last: int) -> list[tuple[int, int]]:
        """The stretch, cut at every valley that is half-way down from its higher side: a moment there ends at it."""
        cut = []
        begin, peak, valley, valley_at = first, -np.inf, np.inf, first
        for at in range(first, last + 1):
            level = self.profile[at]
            if level != level:  # NaN
                continue
            lower, higher = min(peak, level), max(peak, level)
            if lower > self.low and valley <= min(lower - MIN_DEPTH, self.half_way(higher)):
                cut.append((begin, valley_at))
                begin, peak, valley = valley_at, level, np.inf
            elif level > peak:
                peak, valley = level, np.inf
            elif level < valley:
                valley, valley_at = level, at
        return [*cut, (begin, last)]

    def reaches(self, first: int, last: int) -> bool:
        """True where the curve is at the onset beside the part's own peak, and not only on a neighbour's slope."""
        levels = self.level[first : last + 1]
        peak = first + levels.index(max(levels))
        return max(self.curve[max(0, peak - 1) : peak + 1]) >= self.onset

    def tightened(self, first: int, last: int) -> Moment | None:
        """The best window with its middle in a part that overlaps no moment yet, or the whole fit of laughter."""
        if max(self.level[first : last + 1]) == -np.inf:  # beside what is not judged, middles may lie outside
            first, last = max(0, first - self.longest // 2), min(self.windows.n_steps, last + self.longest // 2)
        window = self.best_window(first, last)
        if window is None:
            return None
        begin, end = int(self.windows.first[window]), int(self.windows.last[window])
        best = Segment(float(self.windows.start[window]), float(self.windows.end[window]))
        fit = self.fit(int(self.windows.centre[window]), first, last)
        if fit is not None:  # as far as no moment is in its way
            begin = min(begin, max(fit[0], self.taken.rfind(1, 0, begin) + 1))
            beyond = self.taken.find(1, end)
            end = max(end, min(fit[1], beyond if beyond >= 0 else self.windows.n_steps))
        self.taken[begin:end] = b"\1" * (end - begin)
        start = min(best.start, self.windows.time(begin))
        stop = max(best.end, self.windows.time(end))
        return Moment(start, stop, max(self.curve[begin:end]), best, float(self.scores.probability[window]))

    def best_window(self, first: int, last: int) -> int | None:
        """The likeliest window with its middle in a part; of several as good, the one most in their midst."""
        levels = self.level[first : last + 1]
        highest = max(levels)
        if highest == -np.inf:
            return None
        window = self.best[first + levels.index(highest)]
        alone = sum(level >= highest - TIE for level in levels) == 1
        if alone and self.taken.find(1, int(self.windows.first[window]), int(self.windows.last[window])) < 0:
            return window
        among = self.windows.by_centre[first : last + 1].ravel()
        among = among[among >= 0]
        among = self.free(among[self.scores.judged[among]])
        if len(among) == 0:
            return None
        level = self.scores.log_odds[among]
        midst = among[level >= level.max() - TIE]
        begin, end = self.windows.first[midst], self.windows.last[midst]
        return int(midst[np.argmin(np.abs(begin - begin.mean()) + np.abs(end - end.mean()))])

    def free(self, among: Integers) -> Integers:
        """Those of some windows that no moment overlaps."""
        if len(among) == 0:
            return among
        begin, end = self.windows.first[among], self.windows.last[among]
        origin = int(begin.min())
        taken = np.frombuffer(self.taken[origin : int(end.max())], np.uint8)
        count = np.concatenate([[0], np.cumsum(taken, dtype=np.intp)])
        is_free: NDArray[np.bool_] = count[end - origin] == count[begin - origin]
        return among[is_free]

    def fit(self, middle: int, first: int, last: int) -> tuple[int, int] | None:
        """First and last step of a laughter longer than any window; None where it is not longer."""
        half_way = self.half_way(self.profile[middle])
        begin = end = at = middle
        while at > first and not self.profile[at - 1] < half_way:  # NaN is passed over: the gap in the curve is short
            at -= 1
            begin = at if self.profile[at] >= half_way else begin
        at = middle
        while at < last and not self.profile[at + 1] < half_way:
            at += 1
            end = at if self.profile[at] >= half_way else end
        if end - begin <= self.longest:
            return None
        # Where nothing was judged further out, the outermost window is all that is known.
        if begin == 0 or np.isnan(self.profile[begin - 1]):
            begin -= self.shortest // 2
        if end + 1 >= len(self.profile) or np.isnan(self.profile[end + 1]):
            end += self.shortest // 2
        return max(begin, 0), min(end, self.windows.n_steps)


def threshold_steps(scores: Scores, *, most: int = 60) -> list[float]:
    """Thresholds between which the moments differ, increasing: one below each place that may be a moment, and a last.

    Where there are more places than `most`, the best are told apart finely and the rest in ever larger groups.
    """
    levels = np.sort(candidates(scores).level)[::-1]
    levels = levels[levels >= LOWEST_STEP]
    if len(levels) > most:
        levels = levels[np.unique(np.geomspace(1, len(levels), most).astype(int)) - 1]
    steps = np.unique(np.floor(levels * 1000) / 1000)  # three digits after the point: what a user can be shown
    highest = np.fmax.reduce(scores.curve.scores, initial=0.0) if len(steps) else 0.5
    return [*steps.tolist(), min(1.0, float(np.floor(highest * 1000) / 1000) + LOWEST_STEP)]


def best_moments(scores: Scores, n: int, found: Sequence[Moment] = ()) -> list[Moment]:
    """The `n` best windows at peaks of the curve that do not overlap, whatever they score, in order of time.

    Two laughs may be one peak of the curve: the best windows of moments that were `found` otherwise are among them too,
    where they overlap none.
    """
    windows = scores.windows
    taken = bytearray(windows.n_steps)
    best: list[Moment] = []

    def add(segment: Segment, probability: float) -> None:
        first, last = (round((time - windows.origin) / windows.step) for time in (segment.start, segment.end))
        if taken.find(1, first, last) < 0:
            taken[first:last] = b"\1" * (last - first)
            score = float(np.nanmax(scores.curve.scores[first:last]))
            best.append(Moment(segment.start, segment.end, score, segment, probability))

    for window in candidates(scores).window.tolist():
        add(Segment(float(windows.start[window]), float(windows.end[window])), float(scores.probability[window]))
    for moment in sorted(found, key=lambda moment: -moment.score):
        add(moment.best, moment.probability)
    best.sort(key=lambda moment: (-moment.score, moment.start))
    return sorted(best[:n], key=_start)
