"""How good probabilities of clips are, one number each; `intervals` says how sure such a number is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Judged:
    """Clips with their truth and what was predicted of them.

    Attributes
    ----------
    funny
        (n,) bool, the truth.
    probability
        (n,) that the clip is funny.
    predicted
        (n,) bool, whether it was called funny.
    groups
        (n,) what is drawn together: a video or a block of time.
    n_times
        How often each clip is among them: once for each repeat of a cross-validation.
    """

    funny: NDArray[np.bool_]
    probability: Floats
    predicted: NDArray[np.bool_]
    groups: NDArray[Any]
    n_times: float = 1.0

    def __post_init__(self) -> None:
        n = len(self.funny)
        if not all(np.shape(a) == (n,) for a in (self.funny, self.probability, self.predicted, self.groups)):
            raise ValueError("truth, probabilities, decisions and groups must be of one length")

    def __getitem__(self, rows: NDArray[Any]) -> Judged:
        parts = (self.funny[rows], self.probability[rows], self.predicted[rows], self.groups[rows])
        return Judged(*parts, self.n_times)


# Metrics of clips. Each takes Judged and weights (n,), and is NaN where it has no meaning.

Metric = Callable[[Judged, Floats], float]


def ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def accuracy(judged: Judged, weight: Floats) -> float:
    """Share of clips called rightly."""
    return ratio(weight[judged.predicted == judged.funny].sum(), weight.sum())


def precision(judged: Judged, weight: Floats) -> float:
    """Share of funny clips among those called funny."""
    return ratio(weight[judged.predicted & judged.funny].sum(), weight[judged.predicted].sum())


def recall(judged: Judged, weight: Floats) -> float:
    """Share of the funny clips that were called so."""
    return ratio(weight[judged.predicted & judged.funny].sum(), weight[judged.funny].sum())


def f1(judged: Judged, weight: Floats) -> float:
    """Harmonic mean of precision and recall; 0 where there are funny clips and none was called so."""
    both = weight[judged.predicted & judged.funny].sum()
    return ratio(2 * both, weight[judged.predicted].sum() + weight[judged.funny].sum())


def brier(judged: Judged, weight: Floats) -> float:
    """Mean squared error of the probability (Brier 1950)."""
    return ratio(float((weight * (judged.probability - judged.funny) ** 2).sum()), weight.sum())


def _ranked(judged: Judged, weight: Floats) -> tuple[Floats, Floats]:
    """Weights of funny and other clips at each probability, from the highest down."""
    _, place = np.unique(-judged.probability, return_inverse=True)
    n = int(place.max()) + 1 if len(place) else 0
    funny, other = judged.funny.astype(float), (~judged.funny).astype(float)
    return np.bincount(place, weight * funny, n).astype(float), np.bincount(place, weight * other, n).astype(float)


def roc_auc(judged: Judged, weight: Floats) -> float:
    """Chance that a funny clip has a higher probability than another; ties count half."""
    funny, other = _ranked(judged, weight)
    above = np.cumsum(funny) - funny
    return ratio(float((other * (above + funny / 2)).sum()), float(funny.sum() * other.sum()))


def average_precision(judged: Judged, weight: Floats) -> float:
    """Mean precision over the funny clips in order of probability; equal probabilities count as one step."""
    funny, other = _ranked(judged, weight)
    hits, ranks = np.cumsum(funny), np.cumsum(funny + other)
    return ratio(float((funny * hits / np.maximum(ranks, 1e-12)).sum()), float(funny.sum()))


METRICS: Mapping[str, Metric] = {
    metric.__name__: metric for metric in (accuracy, precision, recall, f1, average_precision, roc_auc, brier)
}


def best_f1_threshold(probability: Floats, funny: NDArray[np.bool_]) -> float:
    """The threshold with the best F1 on these clips, half-way between the two probabilities it parts."""
    if not np.any(funny):
        return 0.5
    order = np.argsort(-probability, kind="stable")
    p = probability[order]
    hits = np.cumsum(funny[order])
    scores = 2 * hits / (np.arange(1, len(p) + 1) + np.sum(funny))
    scores[:-1][p[1:] == p[:-1]] = -1  # no threshold parts equal probabilities
    k = int(scores.argmax())
    return float((p[k] + p[k + 1]) / 2) if k + 1 < len(p) else float(p[k])
