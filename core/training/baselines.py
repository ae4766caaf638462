"""The trivial answers beside which a model is judged: always the commoner kind, or one feature with a threshold.

Each gives, for m clips, the probability (m,) that each is funny, and which of them (m,) bool it calls funny.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.classifiers.calibration import Calibration
from core.classifiers.clip_features import moments_of
from core.classifiers.metrics import Judged, best_f1_threshold, f1

BASELINES = ("majority", "loudness", "happiness")

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


def commoner_kind(funny: Bools, m: int) -> tuple[Floats, Bools]:
    """For m clips what most of the labelled ones, `funny` (n,), are."""
    share = float(funny.mean())
    return np.full(m, share), np.full(m, share > 0.5)


def column_alone(learn: Floats, funny: Bools, judge: Floats) -> tuple[Floats, Bools]:
    """By one feature of the clips to `learn` from (n, rows), `funny` (n,) or not, and to `judge` (m, rows).

    NaN where it is missing. Its mean or its greatest value in a clip counts, whichever is better in training, with the
    best threshold there.
    """
    share = float(funny.mean())
    options = []
    for known, asked in zip(_summaries(learn), _summaries(judge), strict=True):
        scores = np.stack([-known, known], axis=1)
        fit = Calibration.fitted(scores, funny.astype(int), np.ones(len(known)), np.array([1 - share, share]))
        p, q = (fit(np.stack([-values, values], axis=1))[:, 1] for values in (known, asked))
        threshold = best_f1_threshold(p, funny)
        groups = np.arange(len(p))
        options.append((f1(Judged(funny, p, p >= threshold, groups), np.ones(len(p))), q, q >= threshold))
    _, probability, predicted = max(options, key=lambda option: option[0])
    return probability, predicted


def _summaries(column: Floats) -> tuple[Floats, Floats]:
    """Mean and greatest value (n,) in each clip."""
    mean, _, _, greatest = moments_of(column[..., None], ~np.isnan(column[..., None]))
    return mean[:, 0], greatest[:, 0]
