"""Sliding windows over a long series: where they lie, their rows, their log-odds, and the score curve they give.

What is made of the curve is decided in `core.detection.moments`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.labels.rules import N_ROWS
from core.segment import n_windows
from core.series import Clip, Sampling, TimeSeries, row_times, rows_at

DURATIONS = (5.0, 6.0, 7.0)  # seconds
STEP = 0.5  # seconds
CHUNK = 8192  # windows resampled and scored at once: 6 MB of values
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]
OnProgress = Callable[[float, float], None]


@dataclass(frozen=True, eq=False)
class Windows:
    """Where the windows of a series lie: `start` and `end` (n,) in seconds, multiples of `step` from the first one."""

    start: Floats
    end: Floats
    step: float = STEP

    def __len__(self) -> int:
        return len(self.start)

    @property
    def origin(self) -> float:
        """Start of the first window in seconds; 0 where there is none."""
        return float(self.start.min()) if len(self) else 0.0

    @cached_property
    def first(self) -> Integers:
        """(n,) start in steps from the origin."""
        return np.round((self.start - self.origin) / self.step).astype(np.intp)

    @cached_property
    def last(self) -> Integers:
        """(n,) end in steps from the origin."""
        return np.round((self.end - self.origin) / self.step).astype(np.intp)

    @property
    def n_steps(self) -> int:
        """Steps from the origin to the last end: points of the curve."""
        return int(self.last.max()) if len(self) else 0

    @cached_property
    def centre(self) -> Integers:
        """(n,) middle in steps from the origin, rounded down."""
        return (self.first + self.last) // 2

    @cached_property
    def by_centre(self) -> Integers:
        """(n_steps + 1, n_durations) the windows with each middle, -1 where there are fewer."""
        order = np.argsort(self.centre, kind="stable")
        counts = np.bincount(self.centre, minlength=self.n_steps + 1)
        place = np.arange(len(self)) - np.repeat(np.cumsum(counts) - counts, counts)
        table = np.full((self.n_steps + 1, int(counts.max(initial=0))), -1, np.intp)
        table[self.centre[order], place] = order
        return table

    def time(self, steps: float) -> float:
        """Seconds of a place in steps from the origin."""
        return self.origin + steps * self.step


def lay_windows(origin: float, span: float, *, durations: Sequence[float] = DURATIONS, step: float = STEP) -> Windows:
    """The windows of `span` seconds from `origin` on: window i of a duration starts at ``origin + i * step``.

    A span shorter than a duration has no window of it.
    """
    counts = [n_windows(span, duration=duration, step=step) for duration in durations]
    start = np.concatenate([np.empty(0), *(origin + np.arange(n) * step for n in counts)])
    return Windows(start, start + np.repeat(np.array(durations, np.float64), counts), step)


def sliding_windows(series: TimeSeries, *, durations: Sequence[float] = DURATIONS, step: float = STEP) -> Windows:
    """The windows of a series, which lasts from its first sample to a sample period after its last one."""
    if not len(series):
        return lay_windows(0.0, 0.0, durations=durations, step=step)
    origin = float(series.timestamps[0])
    span = float(series.timestamps[-1]) - origin + series.sample_period
    return lay_windows(origin, span, durations=durations, step=step)


def window_rows(
    series: TimeSeries,
    windows: Windows,
    part: slice | Integers = slice(None),
    *,
    n_rows: int = N_ROWS,
    sampling: Sampling = "nearest",
) -> Clip:
    """The rows of some of the windows by dynamic frame skip: arrays of the result begin with (n, n_rows).

    Values are raw, NaN where missing, exactly those that `core.series.resample` gives for the same segment.
    """
    start, end = windows.start[part], windows.end[part]
    return rows_at(series, row_times(start, end, n_rows), sampling=sampling)


def probability(log_odds: Floats) -> Floats:
    """Probabilities of log-odds; NaN stays NaN."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))


def log_odds_of(share: float) -> float:
    """Log-odds of a probability, held away from 0 and 1."""
    share = min(max(share, 1e-12), 1 - 1e-12)
    return float(np.log(share / (1 - share)))


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean score of the windows that hold each time: `timestamps` and `scores` (n,), NaN where none was judged.

    A point stands for the step of which its time is the middle.
    """

    timestamps: Floats
    scores: Floats


@dataclass(frozen=True, eq=False)
class Scores:
    """The windows of a series and what a classifier says of each: `log_odds` (n,), NaN where a window is not judged."""

    windows: Windows
    log_odds: Floats

    def __post_init__(self) -> None:
        if self.log_odds.shape != (len(self.windows),):
            raise ValueError(f"log-odds of shape {self.log_odds.shape} for {len(self.windows)} windows")

    def __len__(self) -> int:
        return len(self.windows)

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """(n,) which windows have a score."""
        return ~np.isnan(self.log_odds)

    @cached_property
    def probability(self) -> Floats:
        """(n,) of each window, NaN where it is not judged."""
        return probability(self.log_odds)

    def moved(self, old: float, new: float) -> Scores:
        """The same scores for another share of funny clips: the log-odds move by the difference of those of the shares.

        Saerens et al. 2002, doi:10.1162/089976602753284446, equation 2.4.
        """
        return Scores(self.windows, self.log_odds + (log_odds_of(new) - log_odds_of(old)))

    @cached_property
    def curve(self) -> Curve:
        """The score at every step: mean probability of the judged windows that contain it."""
        n = self.windows.n_steps
        if n == 0:
            return Curve(np.empty(0), np.empty(0))
        first, last = self.windows.first[self.judged], self.windows.last[self.judged]

        def running(weights: Floats | None) -> Floats:
            change = np.bincount(first, weights, n + 1) - np.bincount(last, weights, n + 1)
            return np.cumsum(change)[:n]

        count = running(None)
        total = running(self.probability[self.judged])
        mean = np.clip(total / np.maximum(count, 1), 0, 1)  # sums and differences may round below 0
        timestamps = self.windows.origin + (np.arange(n) + 0.5) * self.windows.step
        return Curve(timestamps, np.where(count > 0, mean, np.nan))


def score_windows(
    series: TimeSeries,
    windows: Windows,
    log_odds: Callable[[NDArray[np.float32], Floats], Floats],
    *,
    max_failed_ratio: float,
    n_rows: int = N_ROWS,
    sampling: Sampling = "nearest",
    on_progress: OnProgress | None = None,
) -> Scores:
    """The scores of all windows; in parts, so that few values exist at a time.

    Parameters
    ----------
    log_odds
        Takes raw values (m, n_rows, 12), NaN where missing, and the times (m, n_rows) of the samples used; gives (m,).
    max_failed_ratio
        A window is not judged whose share of interpolated and missing rows is this or more.
    on_progress
        Called with (completed, total) windows.
    """
    scores = np.full(len(windows), np.nan)
    for begin in range(0, len(windows), CHUNK):
        part = slice(begin, min(begin + CHUNK, len(windows)))
        rows = window_rows(series, windows, part, n_rows=n_rows, sampling=sampling)
        judged = rows.failed_ratio < max_failed_ratio
        if judged.any():
            scores[begin : part.stop][judged] = log_odds(
                rows.values[judged].astype(np.float32, copy=False), rows.sample_timestamps[judged]
            )
        if on_progress is not None:
            on_progress(part.stop, len(windows))
    return Scores(windows, scores)


def runs(mask: NDArray[np.bool_]) -> Integers:
    """The stretches (k, 2) of true values, each from its first index to the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)
