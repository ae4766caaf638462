"""Where a person was on the plane of valence and arousal, as the shapes that a chart draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.analysis.emotions import inside, row_seconds
from core.segment import Segment
from core.series import TimeSeries

N_CELLS = 36  # of the plane, to each side
N_PATH = 900  # points of the path
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of the plane in which time was spent: their lower corners and side, seconds in each (n,), and the
    first time (n,) in seconds at which the person was there."""

    valence: Floats
    arousal: Floats
    side: float
    seconds: Floats
    first: Floats


@dataclass(frozen=True, eq=False)
class Path:
    """Points (n,) in order of time, with their timestamps in seconds."""

    valence: Floats
    arousal: Floats
    timestamps: Floats


def _seen(series: TimeSeries, span: Segment | None) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Rows in the range in which the face was observed, with their valence and arousal."""
    valence, arousal = series.column("valence"), series.column("arousal")
    mask = inside(series, span) & series.observed & ~np.isnan(valence) & ~np.isnan(arousal)
    rows = np.flatnonzero(mask)
    return rows, valence[rows], arousal[rows]


def plane_cells(series: TimeSeries, span: Segment | None = None) -> Cells:
    """Time spent in each of `N_CELLS` squared cells of the plane; rows without an observed face count nowhere."""
    rows, *values = _seen(series, span)
    x, y = (np.clip(((v + 1) / 2 * N_CELLS).astype(np.intp), 0, N_CELLS - 1) for v in values)
    places, first = np.unique(x * N_CELLS + y, return_index=True)
    seconds = np.asarray(np.bincount(x * N_CELLS + y, row_seconds(series)[rows], N_CELLS**2)[places], np.float64)
    side = 2 / N_CELLS
    x0, y0 = (np.asarray(part * side - 1, np.float64) for part in np.divmod(places, N_CELLS))
    return Cells(x0, y0, side, seconds, series.timestamps[rows][first])


def plane_path(series: TimeSeries, span: Segment | None = None) -> Path:
    """The way over the plane in at most `N_PATH` points, evenly taken; rows without an observed face are left out."""
    rows, valence, arousal = _seen(series, span)
    at = np.linspace(0, len(rows) - 1, min(N_PATH, len(rows))).astype(np.intp) if len(rows) else rows
    return Path(valence[at], arousal[at], series.timestamps[rows[at]])
