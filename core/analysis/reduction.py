"""Long series cut down to what a screen shows."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

Line = tuple[NDArray[np.floating], NDArray[np.floating]]


def _kept(values: NDArray[np.floating], n: int) -> NDArray[np.intp]:
    """Indices (m,) of the samples that `reduced` keeps, increasing."""
    size = len(values)
    if size <= n:
        return np.arange(size)
    length = -(-size // ((n - 2) // 2))
    padded = np.full(-(-size // length) * length, np.nan)
    padded[:size] = values
    runs = padded.reshape(-1, length)  # (n_runs, length)
    missing = np.isnan(runs)
    begin = np.arange(len(runs)) * length
    lowest = begin + np.where(missing, np.inf, runs).argmin(axis=1)
    highest = begin + np.where(missing, -np.inf, runs).argmax(axis=1)
    return np.unique(np.concatenate([lowest, highest, [0, size - 1]]))


def _check(timestamps: NDArray[np.floating], values: NDArray[np.floating], n: int) -> None:
    if timestamps.shape != values.shape or values.ndim != 1:
        raise ValueError(f"timestamps {timestamps.shape} and values {values.shape}, expected two (n_frames,)")
    if n < 4:
        raise ValueError(f"n is {n}, expected 4 or more")


def reduced(timestamps: NDArray[np.floating], values: NDArray[np.floating], n: int = 2000) -> Line:
    """Take at most `n` samples whose line looks like the line of all.

    The samples are cut into equal runs; of each run the smallest and the largest value stay, and of all the first and
    the last sample. A line through them keeps every peak, at its time.

    Parameters
    ----------
    timestamps
        (n_frames,) seconds, increasing.
    values
        (n_frames,); NaN is missing. A run without any value stays as one NaN, so that a long gap stays a gap; a gap
        shorter than a run is not seen.
    n
        Most samples to keep, 4 or more.

    Returns
    -------
    Timestamps and values (m,), m <= n, each pair one of the given; all of them if there are no more than `n`.

    Raises
    ------
    ValueError
        If the two differ in shape, are not one-dimensional, or `n` is below 4.
    """
    _check(timestamps, values, n)
    kept = _kept(values, n)
    return timestamps[kept], values[kept]


def reduced_around(
    timestamps: NDArray[np.floating], values: NDArray[np.floating], view: tuple[float, float], n: int = 2000
) -> Line:
    """The same, but with up to `n` samples of their own for `view` (seconds): for a screen that is zoomed in there."""
    _check(timestamps, values, n)
    first, last = np.searchsorted(timestamps, view)
    outside = _kept(values, n)
    outside = outside[(outside < first) | (outside >= last)]
    kept = np.concatenate([outside, first + _kept(values[first:last], n)])
    kept.sort()
    return timestamps[kept], values[kept]


def packed(values: NDArray[np.floating]) -> str:
    """Little-endian 32-bit floats in base64, for a browser: a third of the same numbers as text."""
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
