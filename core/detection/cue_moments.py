"""Candidates without a model: places at which laughter is heard or the chat laughs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.detection.moments import Moment
from core.segment import Segment

BEST_DURATION = 6.0  # seconds of the clip that is labelled
SMOOTHING = 2.0  # seconds: a cough is no laugh
LONGEST = 20.0  # seconds
LEAST = 0.25  # value from which a place is a candidate
MOST_AN_HOUR = 30.0
Rows = NDArray[np.floating]


def cue_moments(timestamps: Rows, value: Rows, *, duration: float) -> list[Moment]:
    """Places where cues together speak loudest, in order of time.

    A place lasts while the value, a mean over two seconds, is at least half of its peak.

    Parameters
    ----------
    timestamps, value
        (n,) seconds and values in [0, 1], as `core.cues.ranking.together`; NaN is no candidate.
    duration
        Seconds of the video.

    Returns
    -------
    At most thirty an hour, and always as many as ten; the score is the value at the peak, which is no probability.
    """
    if len(timestamps) == 0 or duration < BEST_DURATION:
        return []
    smooth = _smoothed(timestamps, np.nan_to_num(value))
    left, moments = smooth.copy(), []
    for _ in range(max(10, round(MOST_AN_HOUR * duration / 3600))):
        peak = int(left.argmax())
        if left[peak] < LEAST:
            break
        moment = _around(timestamps, smooth, peak, duration)
        left[(timestamps >= moment.start - BEST_DURATION / 2) & (timestamps <= moment.end + BEST_DURATION / 2)] = 0
        moments.append(moment)
    return sorted(moments, key=lambda moment: moment.start)


def _around(timestamps: Rows, smooth: Rows, peak: int, duration: float) -> Moment:
    """The moment that a peak stands in."""
    below = np.flatnonzero(smooth < smooth[peak] / 2)
    first, last = np.searchsorted(below, peak) - 1, np.searchsorted(below, peak)
    time = float(timestamps[peak])
    start = float(timestamps[below[first]]) if first >= 0 else 0.0
    end = float(timestamps[below[last]]) if last < len(below) else duration
    clip = min(max(time - BEST_DURATION / 2, 0.0), duration - BEST_DURATION)
    best = Segment(round(clip, 3), round(clip + BEST_DURATION, 3))
    start, end = max(start, time - LONGEST / 2), min(end, time + LONGEST / 2)
    score = float(smooth[peak])
    return Moment(min(start, best.start), max(end, best.end), score, best=best, probability=score)


def _smoothed(timestamps: Rows, value: Rows) -> Rows:
    """Mean over the rows within a second before and after."""
    first = np.searchsorted(timestamps, timestamps - SMOOTHING / 2)
    last = np.searchsorted(timestamps, timestamps + SMOOTHING / 2, side="right")
    total = np.concatenate([[0.0], np.cumsum(value)])
    mean: Rows = (total[last] - total[first]) / (last - first)
    return mean


def without_match(places: Sequence[Moment], others: Sequence[Moment]) -> list[Moment]:
    """The places that none of the others overlaps."""
    return [place for place in places if all(o.end <= place.start or place.end <= o.start for o in others)]
