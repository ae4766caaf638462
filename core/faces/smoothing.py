"""Temporal smoothing of what a face shows: each row becomes a mean or the median of the rows close to it in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.series import N_FACE, TIE, Floats, TimeSeries

MAX_GAP = 1.0  # seconds: what lies further apart says nothing about each other
DECAY_REACH = 3.0  # time constants after which an exponential weight is left out: 5 % of it are left
BLOCK = 4096  # rows whose windows the median compares at once

# median: the row of the centred window that is nearest to all others (vector median, Astola, Haavisto & Neuvo 1990,
# doi:10.1109/5.54807); it keeps edges as steep as they are. mean: over the centred window. decay: exponential weights
# on both sides, which is what the fixed-interval Kalman smoother of a level that wanders comes to (Muth 1960,
# doi:10.1080/01621459.1960.10482064; Rauch, Tung & Striebel 1965, doi:10.2514/3.3166). causal: exponential weights on
# the past only.
Method = Literal["median", "mean", "decay", "causal"]


def smooth(
    series: TimeSeries,
    duration: float,
    *,
    cut_before: NDArray[np.bool_] | None = None,
    method: Method = "median",
    max_gap: float = MAX_GAP,
) -> TimeSeries:
    """A series whose observed rows hold smoothed face features; sound, sources and all other rows are as they were.

    Smooth before `core.series.fill_gaps`, so that what was filled in does not count as seen.

    Parameters
    ----------
    duration, cut_before, method, max_gap
        As `smoothed`. A `duration` of 0 gives the series itself.
    """
    if duration == 0:
        return series
    observed = series.observed
    face = np.where(observed[:, None], series.values[:, :N_FACE], np.nan)
    values = series.values.copy()
    found = smoothed(
        face, series.timestamps, duration, cut_before=cut_before, method=method, max_gap=max_gap
    )  # (n_frames, 10)
    values[observed, :N_FACE] = found[observed]
    return replace(series, values=values)


def smoothed(
    values: Floats,
    timestamps: Floats,
    duration: float,
    *,
    cut_before: NDArray[np.bool_] | None = None,
    method: Method = "median",
    max_gap: float = MAX_GAP,
) -> NDArray[np.float32]:
    """Each row smoothed over its neighbours in time, never across a scene cut or a gap of more than `max_gap`.

    Every row is a convex combination of rows, or one of them. So probabilities still sum to 1, and valence and arousal
    stay whatever linear function of them they were; where they were read from the face they are smoothed as well.

    Parameters
    ----------
    values
        (n, d). A row with any NaN is missing: it stays NaN throughout and says nothing about others.
    timestamps
        (n,) seconds, strictly increasing; they need not be evenly spaced.
    duration
        Seconds. ``median`` and ``mean``: width of the centred window, which holds nothing but its own row where that
        is less than two sample periods; ``decay`` and ``causal``: the time constant.
    cut_before
        bool (n,): a scene cut lies between this row and the one before it.
    max_gap
        Seconds between two successive rows that are not missing.

    Returns
    -------
    NDArray
        float32 (n, d).

    Raises
    ------
    ValueError
        If `duration` is not a positive number, the method is unknown, or lengths differ.
    """
    cuts = np.zeros(len(values), bool) if cut_before is None else np.asarray(cut_before, bool)
    if values.ndim != 2 or not len(values) == len(timestamps) == len(cuts):
        raise ValueError(f"values {values.shape}, timestamps {timestamps.shape}, cuts {cuts.shape} do not fit together")
    if not 0 < duration < np.inf:
        raise ValueError(f"duration must be a positive number of seconds, got {duration}")
    if method not in ("median", "mean", "decay", "causal"):
        raise ValueError(f"method must be median, mean, decay or causal, got {method!r}")
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    rows = values[known].astype(np.float64)  # (n_known, d)
    t = np.asarray(timestamps, np.float64)[known]
    first, end = _windows(t, _run_of(t, np.cumsum(cuts)[known], max_gap), *_reach(method, duration))
    out = np.full(values.shape, np.nan, np.float32)
    if method == "median":
        out[known] = _vector_median(rows, first, end)
    else:
        out[known] = _weighted_mean(rows, t, first, end, time_constant=np.inf if method == "mean" else duration)
    return out


def _reach(method: Method, duration: float) -> tuple[float, float]:
    """Seconds that a window reaches back and ahead of its row."""
    if method in ("median", "mean"):
        return duration / 2, duration / 2
    back = DECAY_REACH * duration
    return back, 0.0 if method == "causal" else back


def _run_of(t: Floats, shot: NDArray[np.integer], max_gap: float) -> NDArray[np.intp]:
    """The number (n,) of the run that each row is in: a stretch of one shot without a gap."""
    breaks = (np.diff(t) > max_gap + TIE) | (np.diff(shot) > 0)
    return np.concatenate([[0], np.cumsum(breaks)])[: len(t)]


def _windows(t: Floats, run: NDArray[np.intp], back: float, ahead: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Half-open row ranges [first, end), (n,) each, of the rows within reach and in the same run."""
    first = np.maximum(np.searchsorted(t, t - back - TIE), np.searchsorted(run, run))
    end = np.minimum(np.searchsorted(t, t + ahead + TIE, side="right"), np.searchsorted(run, run, side="right"))
    # With no reach ahead a row that follows within the tolerance would else be looked at before its time.
    return first, end if ahead else np.arange(1, len(t) + 1)


def _members(first: NDArray[np.intp], end: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """The k-th row of every window (n,), and whether the window has one, for k = 0, 1, ... up to the widest window."""
    for k in range(int((end - first).max(initial=0))):
        member = first + k
        yield np.minimum(member, end - 1), member < end


def _weighted_mean(
    rows: Floats, t: Floats, first: NDArray[np.intp], end: NDArray[np.intp], *, time_constant: float
) -> Floats:
    """Means (n, d) of the windows' rows with weights that fall exponentially with the time between."""
    total = np.zeros_like(rows)
    weights = np.zeros(len(rows))
    for member, inside in _members(first, end):
        weight = inside * np.exp(-np.abs(t[member] - t) / time_constant)  # (n,)
        total += weight[:, None] * rows[member]
        weights += weight
    mean: Floats = total / weights[:, None]
    return mean


def _vector_median(rows: Floats, first: NDArray[np.intp], end: NDArray[np.intp]) -> Floats:
    """Of every window the row (n, d) with the least sum of absolute differences to the others; itself among equals."""
    out = np.empty_like(rows)
    for start in range(0, len(rows), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(rows)))
        low, high = first[here], end[here]
        differences = _differences(rows[low[0] : high[-1]], int((high - low).max()))
        best, least = here, _apart(differences, here, low, high)  # (n_block,)
        for member, inside in _members(low, high):
            sums = _apart(differences, member, low, high)
            nearer = inside & (sums < least - 1e-9)
            best, least = np.where(nearer, member, best), np.where(nearer, sums, least)
        out[here] = rows[best]
    return out


def _differences(rows: Floats, width: int) -> Floats:
    """Sums of absolute differences (width, n) between every row and the one k rows after it; 0 where there is none."""
    out = np.zeros((width, len(rows)))
    for k in range(1, width):
        out[k, :-k] = np.abs(rows[k:] - rows[:-k]).sum(axis=1)
    return out


def _apart(differences: Floats, which: NDArray[np.intp], first: NDArray[np.intp], end: NDArray[np.intp]) -> Floats:
    """Sum (n,) of the differences between the rows `which` (n,) and all rows of their windows."""
    total = np.zeros(len(which))
    for member, inside in _members(first, end):
        total += inside * differences[np.abs(which - member), np.minimum(which, member) - first[0]]
    return total
