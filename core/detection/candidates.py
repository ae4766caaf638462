"""Places in a score curve that may be moments, and the threshold that expects the best F1 on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.sliding_window_processor import Curve, Scores, probability

APART = 6.0  # seconds between two peaks of the curve that may be two moments
CERTAIN = 6.0  # log-odds (p = 0.9975) from which more of them says nothing about where a moment ends
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


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


def best_of_each_middle(scores: Scores) -> tuple[Integers, Floats]:
    """The likeliest window with each middle (n_steps + 1,) and its log-odds, -inf where none is judged."""
    table = scores.windows.by_centre
    levels = np.where(table >= 0, np.nan_to_num(scores.log_odds, nan=-np.inf)[table], -np.inf)
    column = levels.argmax(axis=1)
    rows = np.arange(len(table))
    return table[rows, column], levels[rows, column]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Places that may be moments, the best first, whatever the threshold.

    Attributes
    ----------
    level
        (k,) the threshold from which it is a moment: the curve's height beside the best window's middle, which a
        neighbour's slope may rise above.
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


def candidates(scores: Scores) -> Candidates:
    """The peaks of the curve at least six seconds apart, each with the best window whose middle is near."""
    windows = scores.windows
    places = peaks(scores.curve, apart=max(1, round(APART / windows.step)))
    if len(places) == 0:
        return Candidates(np.empty(0), np.empty(0, np.intp), np.empty(0))
    best, level = best_of_each_middle(scores)
    reach = int((windows.last - windows.first).min()) // 2
    around = np.clip(places[:, None] + np.arange(-reach, reach + 1), 0, windows.n_steps)  # (k, 2 reach + 1)
    middle = around[np.arange(len(places)), level[around].argmax(axis=1)]
    judged = np.isfinite(level[middle])
    places, middle = places[judged], middle[judged]
    usual = profile(scores)[middle]
    likely = probability((np.clip(level[middle], -CERTAIN, CERTAIN) + usual) / 2)
    curve = np.pad(scores.curve.scores, 1, constant_values=np.nan)
    height = np.fmin(scores.curve.scores[places], np.fmax(curve[middle], curve[middle + 1]))
    order = np.argsort(-height, kind="stable")
    return Candidates(height[order], best[middle][order], likely[order])


def profile(scores: Scores) -> Floats:
    """Mean log-odds (n_steps + 1,) of the windows with each middle, held within what is certain; NaN without any.

    It is sharper than the curve: a window counts at its middle only.
    """
    judged, n = scores.judged, scores.windows.n_steps + 1
    centre = scores.windows.centre[judged]
    count = np.bincount(centre, minlength=n)
    total = np.bincount(centre, np.clip(scores.log_odds[judged], -CERTAIN, CERTAIN), minlength=n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def best_threshold(probabilities: Floats, levels: Floats | None = None) -> float:
    """The threshold with the best expected F1 on candidates of these probabilities (n,), 1 if there is none.

    Of the k highest candidates ``sum(p[:k])`` are right on average, of all ``sum(p)``, so the expected F1 is about
    ``2 sum(p[:k]) / (k + sum(p))`` (Lipton et al. 2014, arXiv:1402.1892).

    Parameters
    ----------
    levels
        (n,) what the threshold is put to; the probabilities themselves if None.
    """
    levels = probabilities if levels is None else levels
    if len(levels) == 0:
        return 1.0
    order = np.argsort(-levels, kind="stable")
    p, level = probabilities[order], levels[order]
    expected = 2 * np.cumsum(p) / np.maximum(np.arange(1, len(p) + 1) + p.sum(), 1e-12)
    ends = np.append(level[1:] != level[:-1], True)  # candidates at one level come in together
    expected = np.where(ends, expected, -1)
    return float(level[expected.argmax()])
