"""Temporal smoothing of what a face shows: each row becomes the vector median of the rows close to it in time.

The vector median (Astola, Haavisto & Neuvo 1990, doi:10.1109/5.54807) of a window is the row that is nearest to all
others; it keeps edges as steep as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.series import N_FACE, TIE, Floats, TimeSeries

MAX_GAP = 1.0  # seconds: what lies further apart says nothing about each other
BLOCK = 4096  # rows whose windows the median compares at once


def smooth(
    series: TimeSeries,
    duration: float,
    *,
    cut_before: NDArray[np.bool_] | None = None,
    max_gap: float = MAX_GAP,
) -> TimeSeries:
    """A series whose observed rows hold smoothed face features; sound, sources and all other rows are as they were.

    Smooth before `core.series.fill_gaps`, so that what was filled in does not count as seen.

    Parameters
    ----------
    duration, cut_before, max_gap
        As `smoothed`. A `duration` of 0 gives the series itself.
    """
    if duration == 0:
        return series
    observed = series.observed
    face = np.where(observed[:, None], series.values[:, :N_FACE], np.nan)
    values = series.values.copy()
    steady = smoothed(face, series.timestamps, duration, cut_before=cut_before, max_gap=max_gap)  # (n_frames, 10)
    values[observed, :N_FACE] = steady[observed]
    return replace(series, values=values)


def smoothed(
    values: Floats,
    timestamps: Floats,
    duration: float,
    *,
    cut_before: NDArray[np.bool_] | None = None,
    max_gap: float = MAX_GAP,
) -> NDArray[np.float32]:
    """Each row smoothed over its neighbours in time, never across a scene cut or a gap of more than `max_gap`.

    Every row is one of the rows. So probabilities still sum to 1, and valence and arousal stay whatever linear function
    of them they were; where they were read from the face they are smoothed as well.

    Parameters
    ----------
    values
        (n, d). A row with any NaN is missing: it stays NaN throughout and says nothing about others.
    timestamps
        (n,) seconds, strictly increasing; they need not be evenly spaced.
    duration
        Width of the centred window in seconds; it holds nothing but its own row where that is less than two sample
        periods.
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
        If `duration` is not a positive number, or lengths differ.
    """
    cuts = np.zeros(len(values), bool) if cut_before is None else np.asarray(cut_before, bool)
    if values.ndim != 2 or not len(values) == len(timestamps) == len(cuts):
        raise ValueError(f"values {values.shape}, timestamps {timestamps.shape}, cuts {cuts.shape} do not fit together")
    if not 0 < duration < np.inf:
        raise ValueError(f"duration must be a positive number of seconds, got {duration}")
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    rows = values[known].astype(np.float64)  # (n_known, d)
    t = np.asarray(timestamps, np.float64)[known]
    first, end = _windows(t, _run_of(t, np.cumsum(cuts)[known], max_gap), duration / 2)
    out = np.full(values.shape, np.nan, np.float32)
    out[known] = _vector_median(rows, first, end)
    return out


def _run_of(t: Floats, shot: NDArray[np.integer], max_gap: float) -> NDArray[np.intp]:
    """The number (n,) of the run that each row is in: a stretch of one shot without a gap."""
    breaks = (np.diff(t) > max_gap + TIE) | (np.diff(shot) > 0)
    return np.concatenate([[0], np.cumsum(breaks)])[: len(t)]


def _windows(t: Floats, run: NDArray[np.intp], reach: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Half-open row ranges [first, end), (n,) each, of the rows within reach and in the same run."""
    first = np.maximum(np.searchsorted(t, t - reach - TIE), np.searchsorted(run, run))
    end = np.minimum(np.searchsorted(t, t + reach + TIE, side="right"), np.searchsorted(run, run, side="right"))
    return first, end


def _members(first: NDArray[np.intp], end: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """The k-th row of every window (n,), and whether the window has one, for k = 0, 1, ... up to the widest window."""
    for k in range(int((end - first).max(initial=0))):
        member = first + k
        yield np.minimum(member, end - 1), member < end


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
