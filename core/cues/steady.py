"""Laughter over time: it lasts, and what the network hears in a single second may be a scream or a word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.cues.chain import MAX_GAP, posterior
from core.cues.laughter import LAUGHTER_SHARE
from core.series import TIE

DWELL = 1.0  # seconds; laughs last 0.9 s in the mean (Bachorowski et al. 2001, doi:10.1121/1.1391244)
LEAST = 1e-6  # probability of what a row rules out


def steady(laughter: NDArray[np.floating], timestamps: NDArray[np.float64]) -> NDArray[np.float32]:
    """How probably there is laughter in each row (n,), given all rows around it.

    A single row among others without laughter is lowered, rows that follow each other support each other; one without
    neighbours stays as it is (`core.cues.chain`).

    Parameters
    ----------
    laughter
        (n,) probabilities row by row; NaN stays NaN, and says nothing about others.
    timestamps
        (n,) seconds, strictly increasing.
    """
    out = np.full(len(laughter), np.nan, np.float32)
    known = np.flatnonzero(~np.isnan(laughter))
    if len(known):
        heard = np.clip(laughter[known].astype(np.float64), LEAST, 1 - LEAST)
        apart = np.diff(timestamps[known])
        near = (apart <= MAX_GAP + TIE) & (np.diff(known) == 1)
        stays = np.concatenate([[np.nan], np.where(near, np.exp(-apart / DWELL), np.nan)])
        shares = np.array([1 - LAUGHTER_SHARE, LAUGHTER_SHARE])
        evidence = np.stack([1 - heard, heard], axis=1) / shares  # a row's probability holds the share already
        out[known] = posterior(evidence, stays, shares, first=shares)[:, 1]
    return out
