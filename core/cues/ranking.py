"""How much cues speak for a place: one value a row for each cue, and for all of them together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.floating]

# How sure a cue alone makes one. Choices: somebody else may laugh, and viewers laugh at what they write themselves.
TRUST = {"laughter": 0.9, "chat": 0.7}
LARGE = 5.0  # spreads above the usual from which more laughing viewers say no more
SMALLEST_SPREAD = 0.2  # laughing messages a second: in a quiet chat one message is no spike


def cue_values(cues: Mapping[str, Rows]) -> dict[str, Rows]:
    """Cues (n, k) by name -> values (n,) in [0, 1]; NaN where a cue is absent.

    Of `laughter` the probability; of `chat` how far the laughing messages a second lie above their median, in median
    absolute deviations, 1 from five of them on.
    """
    values: dict[str, Rows] = {}
    if "laughter" in cues:
        values["laughter"] = cues["laughter"][:, 0].astype(np.float64)
    if "chat" in cues:
        messages, share = cues["chat"].T.astype(np.float64)
        laughing = np.where(np.isnan(messages), np.nan, messages * np.nan_to_num(share))
        known = laughing[~np.isnan(laughing)]
        if len(known):
            middle = np.median(known)
            spread = max(1.4826 * float(np.median(np.abs(known - middle))), SMALLEST_SPREAD)
            values["chat"] = np.clip((laughing - middle) / spread / LARGE, 0, 1)
    return values


def together(values: Mapping[str, Rows]) -> Rows:
    """Values of several cues as one (n,), at least that of each times its trust; NaN where none is known."""
    stacked = np.stack([TRUST[name] * value for name, value in values.items()])
    doubt = np.prod(1 - np.nan_to_num(stacked), axis=0)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, 1 - doubt)
