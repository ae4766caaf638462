"""The emotions of one person as a filter over time: expressions last, the reading of a single picture flickers.

The states of a chain (`core.cues.chain`) are the eight emotions, drawn anew from `SHARES`; what a picture says of them
is its evidence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.cues.chain import MAX_GAP, posterior
from core.faces.circumplex import CIRCUMPLEX
from core.series import EMOTIONS, N_FACE, TIE, Floats, TimeSeries

DWELL = 1.0  # seconds; expressions last 0.5 to 4 s (Ekman 2003, Emotions Revealed)
# How often each emotion is shown, in EMOTIONS order: majority labels of the training pictures of FER+
# (Barsoum et al. 2016, doi:10.1145/2993148.2993165).
SHARES = np.array([1648, 76, 52, 346, 7080, 7485, 2388, 2748]) / 21823
HAPPINESS = EMOTIONS.index("happiness")
TRUSTED = 0.3  # share of the filter in the log-odds of happiness, which single pictures tell better than all others
LEAST = 1e-6  # probability of what a picture rules out


def smooth(
    series: TimeSeries, dwell: float = DWELL, *, cut_before: NDArray[np.bool_] | None = None, max_gap: float = MAX_GAP
) -> TimeSeries:
    """A series whose observed rows hold smoothed face features; sound, sources and all other rows are as they were.

    Smooth before `core.series.fill_gaps`, so that what was filled in does not count as seen.

    Parameters
    ----------
    dwell, cut_before, max_gap
        As `smoothed`. A `dwell` of 0 gives the series itself.
    """
    if dwell == 0:
        return series
    observed = series.observed
    face = np.where(observed[:, None], series.values[:, :N_FACE], np.nan)
    values = series.values.copy()
    steady = smoothed(face, series.timestamps, dwell, cut_before=cut_before, max_gap=max_gap)  # (n_frames, 10)
    values[observed, :N_FACE] = steady[observed]
    return replace(series, values=values)


def smoothed(
    values: Floats,
    timestamps: Floats,
    dwell: float = DWELL,
    *,
    cut_before: NDArray[np.bool_] | None = None,
    max_gap: float = MAX_GAP,
) -> NDArray[np.float32]:
    """Emotions given all rows around them, never across a scene cut or a gap of more than `max_gap`.

    Probabilities still sum to 1; valence and arousal move by as much as their projection does, so that what was a
    projection stays one. A row without neighbours stays as it is.

    Parameters
    ----------
    values
        (n, 10): eight probabilities in EMOTIONS order, valence, arousal. A row with any NaN is missing: it stays NaN
        throughout and says nothing about others.
    timestamps
        (n,) seconds, strictly increasing; they need not be evenly spaced.
    dwell
        Seconds that an emotion lasts in the mean before it is drawn anew.
    cut_before
        bool (n,): a scene cut lies between this row and the one before it.
    max_gap
        Seconds between two successive rows that are not missing.

    Raises
    ------
    ValueError
        If `dwell` is not a positive number, or shapes do not fit.
    """
    cuts = np.zeros(len(values), bool) if cut_before is None else np.asarray(cut_before, bool)
    if values.shape != (len(timestamps), N_FACE) or len(cuts) != len(values):
        raise ValueError(f"values {values.shape}, timestamps {timestamps.shape}, cuts {cuts.shape} do not fit together")
    if not 0 < dwell < np.inf:
        raise ValueError(f"dwell must be a positive number of seconds, got {dwell}")
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    out = np.full(values.shape, np.nan, np.float32)
    if len(known):
        rows = values[known].astype(np.float64)  # (n_known, 10)
        stays = _stays(np.asarray(timestamps, np.float64)[known], np.cumsum(cuts)[known], dwell, max_gap)
        read = rows[:, : len(EMOTIONS)]
        alone = np.full_like(SHARES, 1 / len(SHARES))
        found = _with_happiness(read, posterior(np.maximum(read, LEAST), stays, SHARES, first=alone))
        moved = np.clip(rows[:, len(EMOTIONS) :] + (found - read) @ CIRCUMPLEX, -1, 1)
        out[known] = np.concatenate([found, moved], axis=1)
    return out


def _stays(t: Floats, shot: NDArray[np.integer], dwell: float, max_gap: float) -> Floats:
    """How probably each row (n,) has the emotion of the one before; NaN where that says nothing about it."""
    apart = np.diff(t)
    near = (apart <= max_gap + TIE) & (np.diff(shot) == 0)
    return np.concatenate([[np.nan], np.where(near, np.exp(-apart / dwell), np.nan)])


def _with_happiness(read: Floats, found: Floats) -> Floats:
    """The probabilities found (n, 8) with a happiness that is mostly what was read, as log-odds."""
    p = np.clip([read[:, HAPPINESS], found[:, HAPPINESS]], LEAST, 1 - LEAST)
    happiness: Floats = 1 / (1 + np.exp(-np.array([1 - TRUSTED, TRUSTED]) @ np.log(p / (1 - p))))
    others = found.copy()
    others[:, HAPPINESS] = 0
    others *= (1 - happiness)[:, None] / others.sum(axis=1, keepdims=True)
    others[:, HAPPINESS] = happiness
    return others
