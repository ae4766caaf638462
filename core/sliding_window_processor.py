"""Sliding windows over a long series, the score curve they give, and the moments in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.segment import Detection, n_windows, nms
from core.series import Source, TimeSeries, rows_at

DURATIONS = (5.0, 6.0, 7.0)  # seconds
STEP = 0.5  # seconds
ROUNDING = 1e-9  # temporal IoU: windows that only touch may seem to overlap by so little
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of several durations, each with the same number of rows.

    Attributes
    ----------
    start, end
        (n,) seconds.
    values
        (n, n_rows, 12) float32, raw, NaN where missing.
    timestamps
        (n, n_rows) seconds, the time of the sample used.
    source
        (n, n_rows) uint8, a `Source` a row.
    """

    start: Floats
    end: Floats
    values: NDArray[np.float32]
    timestamps: Floats
    source: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def failed_ratio(self) -> Floats:
        """(n,) share of rows whose face is interpolated or missing."""
        failed: Floats = (self.source >= Source.INTERPOLATED).mean(axis=1)
        return failed


def sliding_windows(
    series: TimeSeries, *, durations: Sequence[float] = DURATIONS, step: float = STEP, n_rows: int = 15
) -> Windows:
    """All windows of each duration, `step` seconds apart by integer index, resampled by dynamic frame skip.

    A series shorter than a duration has no window of it.
    """
    targets: list[Floats] = [np.empty((0, n_rows))]
    starts: list[Floats] = [np.empty(0)]
    ends: list[Floats] = [np.empty(0)]
    if len(series):
        origin = series.timestamps[0]
        span = series.timestamps[-1] - origin + series.sample_period
        for duration in durations:
            start = origin + np.arange(n_windows(span, duration=duration, step=step)) * step
            starts.append(start)
            ends.append(start + duration)
            targets.append(start[:, None] + (np.arange(n_rows) + 0.5) * duration / n_rows)
    start, end, target = np.concatenate(starts), np.concatenate(ends), np.concatenate(targets)
    if len(start) == 0:
        nothing = np.empty((0, n_rows))
        return Windows(start, end, np.empty((0, n_rows, 12), np.float32), nothing, nothing.astype(np.uint8))
    rows = rows_at(series, target)
    return Windows(start, end, rows.values.astype(np.float32), rows.sample_timestamps, rows.source)


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean score of the windows that hold each time: `timestamps` and `scores` (n,), NaN where none was judged."""

    timestamps: Floats
    scores: Floats


def score_curve(windows: Windows, scores: Floats, *, step: float = STEP) -> Curve:
    """The score at every step: mean over the judged windows that contain it.

    Parameters
    ----------
    scores
        (n,) in [0, 1]; NaN for a window that is not judged, which counts for nothing.
    """
    if len(windows) == 0:
        return Curve(np.empty(0), np.empty(0))
    origin = windows.start.min()
    n = round((windows.end.max() - origin) / step)
    first = np.round((windows.start - origin) / step).astype(int)
    last = np.round((windows.end - origin) / step).astype(int)
    judged = ~np.isnan(scores)
    total, count = np.zeros(n + 1), np.zeros(n + 1)
    for target, weight in ((total, scores[judged]), (count, np.ones(judged.sum()))):
        np.add.at(target, first[judged], weight)
        np.add.at(target, last[judged], -weight)
    total, count = np.cumsum(total)[:n], np.cumsum(count)[:n]
    timestamps = origin + (np.arange(n) + 0.5) * step
    return Curve(timestamps, np.where(count > 0.5, total / np.maximum(count, 1), np.nan))


def moments(
    windows: Windows, scores: Floats, *, threshold: float | None = None, max_per_hour: float | None = None
) -> list[Detection]:
    """The best windows that do not overlap, each at least `threshold`.

    Parameters
    ----------
    scores
        (n,) probabilities; NaN for a window that is not judged.
    threshold
        `best_threshold` of the windows found if None.
    max_per_hour
        Keep only so many of the best per hour of the series, at least one; None keeps all.

    Returns
    -------
    In order of time.
    """
    judged = np.flatnonzero(~np.isnan(scores))
    found = nms(
        [Detection(float(windows.start[k]), float(windows.end[k]), float(scores[k])) for k in judged], max_tiou=ROUNDING
    )
    threshold = best_threshold(np.array([d.score for d in found])) if threshold is None else threshold
    found = [d for d in found if d.score >= threshold]
    if max_per_hour is not None and len(windows):
        hours = float(windows.end.max() - windows.start.min()) / 3600
        found = found[: max(1, round(max_per_hour * hours))]
    return sorted(found, key=lambda d: (d.start, d.end))


def best_threshold(probabilities: Floats) -> float:
    """The threshold with the best expected F1 on candidates of these probabilities (n,), 1 if there is none.

    Of the k likeliest candidates ``sum(p[:k])`` are right on average, of all ``sum(p)``, so the expected F1 is about
    ``2 sum(p[:k]) / (k + sum(p))`` (Lipton et al. 2014, arXiv:1402.1892).
    """
    if len(probabilities) == 0:
        return 1.0
    p = np.sort(probabilities)[::-1]
    expected = 2 * np.cumsum(p) / (np.arange(1, len(p) + 1) + p.sum())
    return float(p[expected.argmax()])
