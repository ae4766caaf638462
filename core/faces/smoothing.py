"""The emotions of one person as a filter over time: expressions last, the reading of a single picture flickers.

A hidden Markov model is read forwards and backwards (Rabiner 1989, doi:10.1109/5.18626), so that nothing is delayed.
Its states are the eight emotions; what a picture says of them is its evidence. From one row to the next an emotion
stays with probability ``exp(-seconds / dwell)``, and is drawn anew from `SHARES` otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.faces.circumplex import CIRCUMPLEX
from core.series import EMOTIONS, N_FACE, TIE, Floats, TimeSeries

DWELL = 1.0  # seconds; expressions last 0.5 to 4 s (Ekman 2003, Emotions Revealed)
MAX_GAP = 1.0  # seconds: what lies further apart says nothing about each other
# How often each emotion is shown, in EMOTIONS order: majority labels of the training pictures of FER+
# (Barsoum et al. 2016, doi:10.1145/2993148.2993165).
SHARES = np.array([1648, 76, 52, 346, 7080, 7485, 2388, 2748]) / 21823
HAPPINESS = EMOTIONS.index("happiness")
TRUSTED = 0.3  # share of the filter in the log-odds of happiness, which single pictures tell better than all others
LEAST = 1e-6  # probability of what a picture rules out
BLOCK = 256  # rows that are filtered at once, after as many before them: by then it is forgotten how those began


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
        found = _with_happiness(read, _posterior(np.maximum(read, LEAST), stays))
        moved = np.clip(rows[:, len(EMOTIONS) :] + (found - read) @ CIRCUMPLEX, -1, 1)
        out[known] = np.concatenate([found, moved], axis=1)
    return out


def _stays(t: Floats, shot: NDArray[np.integer], dwell: float, max_gap: float) -> Floats:
    """How probably each row (n,) has the emotion of the one before; NaN where that says nothing about it."""
    apart = np.diff(t)
    near = (apart <= max_gap + TIE) & (np.diff(shot) == 0)
    return np.concatenate([[np.nan], np.where(near, np.exp(-apart / dwell), np.nan)])


def _posterior(evidence: Floats, stays: Floats) -> Floats:
    """Probabilities (n, 8) given the evidence (n, 8) of all rows."""
    forwards = _filtered(evidence, stays, first=np.full_like(SHARES, 1 / len(SHARES)))
    # The chain is reversible. Backwards it begins with the shares: their factor is in every row, and leaves again.
    backwards = _filtered(evidence[::-1], np.roll(stays[::-1], 1), first=SHARES)[::-1]
    return _normalised(forwards * backwards / (SHARES * evidence))


def _filtered(evidence: Floats, stays: Floats, *, first: Floats) -> Floats:
    """Probabilities (n, 8) given the evidence of each row and of those before it; a run begins with `first`."""
    n, block = len(evidence), min(BLOCK, len(evidence))
    rows = np.arange(0, n, block)[:, None] + np.arange(-block, block)  # (n_blocks, 2 * block)
    state = np.tile(first, (len(rows), 1))  # (n_blocks, 8)
    states = []
    for at in np.clip(rows, 0, n - 1).T:
        stay = stays[at, None]
        state = np.where(np.isnan(stay), first, stay * state + (1 - stay) * SHARES) * evidence[at]
        state = _normalised(state)
        states.append(state)
    return np.stack(states[block:], axis=1).reshape(-1, len(first))[:n]


def _with_happiness(read: Floats, found: Floats) -> Floats:
    """The probabilities found (n, 8) with a happiness that is mostly what was read, as log-odds."""
    p = np.clip([read[:, HAPPINESS], found[:, HAPPINESS]], LEAST, 1 - LEAST)
    happiness: Floats = 1 / (1 + np.exp(-np.array([1 - TRUSTED, TRUSTED]) @ np.log(p / (1 - p))))
    others = found.copy()
    others[:, HAPPINESS] = 0
    others *= (1 - happiness)[:, None] / others.sum(axis=1, keepdims=True)
    others[:, HAPPINESS] = happiness
    return others


def _normalised(rows: Floats) -> Floats:
    shares: Floats = rows / rows.sum(axis=-1, keepdims=True)
    return shares
