"""The funny moments in a score curve: pure functions on scores, quick enough for a slider.

`moments` takes the stretches where the curve passes a threshold by hysteresis, cuts them apart at valleys, and tightens
each part to its best window. `best_threshold` is the threshold that expects the best F1, `best_moments` needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.segment import Detection, Segment
from core.sliding_window_processor import Curve, Windows, log_odds_of, probability, runs, score_curve

OFFSET = 0.5  # the hysteresis' lower threshold as a share of the upper one
APART = 6.0  # seconds between two peaks of the curve that may be two moments
CERTAIN = 6.0  # log-odds (p = 0.9975) from which more of them says nothing about where a moment ends
MIN_DEPTH = 0.5  # log-odds of the shallowest valley that parts two moments
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


def peaks(curve: Curve, *, apart: int) -> Integers:
    """Highest points of the curve, the best first, none within `apart` points of a better one.

    Only local maxima count, so that the slope of a high peak is not taken for another one. Of a plateau the middle
    counts.
    """
    scores = np.nan_to_num(curve.scores, nan=-1.0)
    if len(scores) == 0:
        return np.empty(0, np.intp)
    begin = np.flatnonzero(np.concatenate([[True], np.diff(scores) != 0]))
    end = np.append(begin[1:], len(scores))
    level = np.concatenate([[-np.inf], scores[begin], [-np.inf]])
    is_peak = (level[1:-1] > level[:-2]) & (level[1:-1] > level[2:]) & (level[1:-1] >= 0)
    places, levels = ((begin + end - 1) // 2)[is_peak], level[1:-1][is_peak]
    taken = bytearray(len(scores))
    kept = []
    for place in places[np.argsort(-levels, kind="stable")].tolist():
        if not taken[place]:
            kept.append(place)
            low, high = max(0, place - apart + 1), min(len(scores), place + apart)
            taken[low:high] = b"\1" * (high - low)
    return np.array(kept, np.intp)


@dataclass(frozen=True, order=True)
class Moment(Detection):
    """A funny moment found: `score` is the highest the curve gets in it.

    `best` is the window of 5 to 7 s inside it that scores best, `probability` what that one scores.
    """

    best: Segment
    probability: float


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


def moments(windows: Windows, log_odds: Floats, rules: Rules, *, curve: Curve | None = None) -> list[Moment]:
    """The moments of a series.

    A window that only touches a laugh is likely too, and the curve is the mean of all windows around a time, so a laugh
    of 6 s is a hill twice as wide, and two laughs six seconds apart may be one hill. Therefore a stretch of the curve
    is cut wherever the windows in between fall half-way from the lower peak to `offset` (in log-odds), and each part is
    tightened to its best window. Where windows stay above that half-way level while sliding further than the longest
    window, it is one fit of laughter: it lasts as long as their middles do, since a window on its edge is half filled.

    Parameters
    ----------
    log_odds
        (n,) at the share of funny moments that is expected; NaN for a window that is not judged.
    curve
        `score_curve` of their probabilities, where it is known already.

    Returns
    -------
    In order of time, without overlap.
    """
    if len(windows) == 0:
        return []
    curve = curve or score_curve(windows, probability(log_odds))
    finder = _Finder(windows, log_odds, curve, rules)
    # Not judged stretches are passed over strictly below the limit, as gaps between moments are.
    max_gap = max(0, int(np.ceil(rules.min_duration_off / windows.step - 1e-9)) - 1)
    found: list[Moment] = []
    for first, last in hysteresis(curve.scores, onset=rules.onset, offset=rules.offset, max_gap=max_gap).tolist():
        found += finder.within(first, last)
    joined = _joined(sorted(found, key=_start), windows, curve, rules.min_duration_off)
    return [m for m in joined if m.duration >= rules.min_duration_on - 1e-9]


def _start(segment: Segment) -> float:
    return segment.start


def _joined(found: Sequence[Moment], windows: Windows, curve: Curve, min_duration_off: float) -> list[Moment]:
    """Moments in order of time, those with a shorter gap between them made one."""
    joined: list[Moment] = []
    for moment in found:
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

    def __init__(self, windows: Windows, log_odds: Floats, curve: Curve, rules: Rules) -> None:
        self.windows, self.log_odds, self.onset = windows, log_odds, rules.onset
        self.low = float(np.clip(log_odds_of(rules.offset), -CERTAIN, CERTAIN - 2 * MIN_DEPTH))
        self.curve: list[float] = np.nan_to_num(curve.scores, nan=-1.0).tolist()
        self.profile: list[float] = profile(windows, log_odds).tolist()
        best, level = best_of_each_middle(windows, log_odds)
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
        made = (self.tightened(*part) for part in parts)
        return [moment for moment in made if moment is not None]

    def parts(self, first: int, last: int) -> list[tuple[int, int]]:
        """The stretch, cut at every valley that is half-way down from both its sides or deeper."""
        found = []
        begin, peak, valley, valley_at = first, -np.inf, np.inf, first
        for at in range(first, last + 1):
            level = self.profile[at]
            if level != level:  # NaN
                continue
            if (
                level > self.low
                and valley <= level - MIN_DEPTH
                and valley <= min(self.half_way(peak), self.half_way(level))
            ):
                found.append((begin, valley_at))
                begin, peak, valley = valley_at, level, np.inf
            elif level > peak:
                peak, valley = level, np.inf
            elif level < valley:
                valley, valley_at = level, at
        return [*found, (begin, last)]

    def reaches(self, first: int, last: int) -> bool:
        """True where the curve is at the onset beside the part's own peak, and not only on a neighbour's slope."""
        levels = self.level[first : last + 1]
        peak = first + levels.index(max(levels))
        return max(self.curve[max(0, peak - 1) : peak + 1]) >= self.onset

    def tightened(self, first: int, last: int) -> Moment | None:
        """The best window with its middle in a part that overlaps no moment yet, or the whole fit of laughter."""
        if max(self.level[first : last + 1]) == -np.inf:  # beside what is not judged, middles may lie outside
            first, last = max(0, first - self.longest // 2), min(self.windows.n_steps, last + self.longest // 2)
        chosen = self.best_window(first, last)
        if chosen is None:
            return None
        begin, end = int(self.windows.first[chosen]), int(self.windows.last[chosen])
        best = Segment(float(self.windows.start[chosen]), float(self.windows.end[chosen]))
        fit = self.fit(int(self.windows.centre[chosen]), first, last)
        if fit is not None:  # as far as no moment is in its way
            begin = min(begin, max(fit[0], self.taken.rfind(1, 0, begin) + 1))
            beyond = self.taken.find(1, end)
            end = max(end, min(fit[1], beyond if beyond >= 0 else self.windows.n_steps))
        self.taken[begin:end] = b"\1" * (end - begin)
        start = min(best.start, self.windows.time(begin))
        stop = max(best.end, self.windows.time(end))
        return Moment(start, stop, max(self.curve[begin:end]), best, float(probability(self.log_odds[chosen])))

    def best_window(self, first: int, last: int) -> int | None:
        """The likeliest window with its middle in a part; of several as good, the one most in their midst."""
        levels = self.level[first : last + 1]
        highest = max(levels)
        if highest == -np.inf:
            return None
        chosen = self.best[first + levels.index(highest)]
        alone = sum(level >= highest - TIE for level in levels) == 1
        if alone and self.taken.find(1, int(self.windows.first[chosen]), int(self.windows.last[chosen])) < 0:
            return chosen
        among = self.windows.by_centre[first : last + 1].ravel()
        among = among[among >= 0]
        among = self.free(among[~np.isnan(self.log_odds[among])])
        if len(among) == 0:
            return None
        level = self.log_odds[among]
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


def best_of_each_middle(windows: Windows, log_odds: Floats) -> tuple[Integers, Floats]:
    """The likeliest window with each middle (n_steps + 1,) and its log-odds, -inf where none is judged."""
    table = windows.by_centre
    levels = np.where(table >= 0, np.nan_to_num(log_odds, nan=-np.inf)[table], -np.inf)
    column = levels.argmax(axis=1)
    rows = np.arange(len(table))
    return table[rows, column], levels[rows, column]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Places that may be moments, the best first, whatever the threshold.

    Attributes
    ----------
    level
        (k,) the curve's height.
    window
        (k,) index of the best window there.
    probability
        (k,) that it is a moment: half-way, in log-odds, from what the best window scores to the mean of the windows
        with the same middle. The best of many uncertain scores is too high on average; on made-up streams with known
        moments the sum of these is nearer to the number of moments, and the threshold found with them better.
    """

    level: Floats
    window: Integers
    probability: Floats

    def __len__(self) -> int:
        return len(self.level)


def candidates(windows: Windows, log_odds: Floats, *, curve: Curve | None = None) -> Candidates:
    """The peaks of the curve at least six seconds apart, each with the best window whose middle is near."""
    curve = curve or score_curve(windows, probability(log_odds))
    places = peaks(curve, apart=max(1, round(APART / windows.step)))
    if len(places) == 0:
        return Candidates(np.empty(0), np.empty(0, np.intp), np.empty(0))
    best, level = best_of_each_middle(windows, log_odds)
    reach = int((windows.last - windows.first).min()) // 2
    around = np.clip(places[:, None] + np.arange(-reach, reach + 1), 0, windows.n_steps)  # (k, 2 reach + 1)
    middle = around[np.arange(len(places)), level[around].argmax(axis=1)]
    found = np.isfinite(level[middle])
    places, middle = places[found], middle[found]
    usual = profile(windows, log_odds)[middle]
    likely = probability((np.clip(level[middle], -CERTAIN, CERTAIN) + usual) / 2)
    return Candidates(curve.scores[places], best[middle], likely)


def profile(windows: Windows, log_odds: Floats) -> Floats:
    """Mean log-odds (n_steps + 1,) of the windows with each middle, held within what is certain; NaN without any.

    It is sharper than the curve: a window counts at its middle only.
    """
    judged = ~np.isnan(log_odds)
    centre, n = windows.centre[judged], windows.n_steps + 1
    count = np.bincount(centre, minlength=n)
    total = np.bincount(centre, np.clip(log_odds[judged], -CERTAIN, CERTAIN), minlength=n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def best_moments(windows: Windows, log_odds: Floats, n: int, *, curve: Curve | None = None) -> list[Moment]:
    """The `n` best windows at peaks of the curve that do not overlap, whatever they score, in order of time."""
    curve = curve or score_curve(windows, probability(log_odds))
    made = candidates(windows, log_odds, curve=curve)
    taken = bytearray(windows.n_steps)
    found: list[Moment] = []
    for window, level in zip(made.window.tolist(), made.level.tolist()):
        first, last = int(windows.first[window]), int(windows.last[window])
        if len(found) < n and taken.find(1, first, last) < 0:
            taken[first:last] = b"\1" * (last - first)
            best = Segment(float(windows.start[window]), float(windows.end[window]))
            found.append(Moment(best.start, best.end, level, best, float(probability(log_odds[window]))))
    return sorted(found, key=_start)


def best_threshold(probabilities: Floats, levels: Floats | None = None, *, tolerance: float = 0.0) -> float:
    """The threshold with the best expected F1 on candidates of these probabilities (n,), 1 if there is none.

    Of the k highest candidates ``sum(p[:k])`` are right on average, of all ``sum(p)``, so the expected F1 is about
    ``2 sum(p[:k]) / (k + sum(p))`` (Lipton et al. 2014, arXiv:1402.1892).

    Parameters
    ----------
    levels
        (n,) what the threshold is put to; the probabilities themselves if None.
    tolerance
        Of all thresholds whose expected F1 is less than this below the best one, the lowest is taken.
    """
    levels = probabilities if levels is None else levels
    if len(levels) == 0:
        return 1.0
    order = np.argsort(-levels, kind="stable")
    p, level = probabilities[order], levels[order]
    expected = 2 * np.cumsum(p) / np.maximum(np.arange(1, len(p) + 1) + p.sum(), 1e-12)
    ends = np.append(level[1:] != level[:-1], True)  # candidates at one level come in together
    expected = np.where(ends, expected, -1)
    return float(level[np.flatnonzero(expected >= expected.max() - tolerance)[0 if tolerance == 0 else -1]])
