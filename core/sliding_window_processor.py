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
# Of the windows that hold the middle of a funny clip two thirds overlap it by half or more: a curve that stands at half
# of what sure windows alone would give it is a moment.
ONSET = 1 / 3
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
    curve: Curve,
    windows: Windows,
    scores: Floats,
    *,
    onset: float = ONSET,
    offset: float | None = None,
    min_duration_on: float = 2.0,
    min_duration_off: float = 1.0,
    max_per_hour: float | None = None,
    step: float = STEP,
) -> list[Detection]:
    """Stretches of the curve that rise above `onset` and stay above `offset`, each drawn to its best window.

    Parameters
    ----------
    offset
        0.8 times the onset if None.
    min_duration_on, min_duration_off
        Shorter stretches are dropped, shorter gaps joined, seconds.
    max_per_hour
        Keep only so many of the best per judged hour, at least one; None keeps all.

    Returns
    -------
    In order of time; the score is that of the best window inside, whose bounds the moment takes.
    """
    offset = 0.8 * onset if offset is None else offset
    high = np.nan_to_num(curve.scores, nan=-1.0)
    above = high >= offset
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(int)))
    spans: list[list[int]] = []
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        if high[a:b].max() < onset:
            continue
        before = spans[-1][1] if spans else -1
        close = bool(spans) and (a - before) * step <= min_duration_off
        if close and not np.isnan(curve.scores[before:a]).any():
            spans[-1][1] = int(b)
        else:
            spans.append([int(a), int(b)])
    middle = (windows.start + windows.end) / 2
    ranked = np.where(np.isnan(scores), -1.0, scores)
    found = []
    for a, b in spans:
        if (b - a) * step < min_duration_on:
            continue
        inside = np.flatnonzero((middle >= curve.timestamps[a] - step) & (middle <= curve.timestamps[b - 1] + step))
        if len(inside) == 0 or ranked[inside].max() < 0:
            continue
        best = inside[ranked[inside].argmax()]
        found.append(Detection(float(windows.start[best]), float(windows.end[best]), float(ranked[best])))
    found = nms(found, max_tiou=0.3)
    if max_per_hour is not None:
        judged_hours = float((~np.isnan(curve.scores)).sum()) * step / 3600
        found = found[: max(1, round(max_per_hour * judged_hours))]
    return sorted(found, key=lambda d: (d.start, d.end))
