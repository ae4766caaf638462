"""How good probabilities of clips are, and how good found moments are, each with an interval by bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.segment import Detection, LabeledSegment, tiou

Floats = NDArray[np.floating]
LEVEL = 0.95  # of every interval
N_DRAWS = 1000
TIOUS = (0.3, 0.5)
N_BINS = 10


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


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def accuracy(judged: Judged, weight: Floats) -> float:
    """Share of clips called rightly."""
    return _ratio(weight[judged.predicted == judged.funny].sum(), weight.sum())


def precision(judged: Judged, weight: Floats) -> float:
    """Share of funny clips among those called funny."""
    return _ratio(weight[judged.predicted & judged.funny].sum(), weight[judged.predicted].sum())


def recall(judged: Judged, weight: Floats) -> float:
    """Share of the funny clips that were called so."""
    return _ratio(weight[judged.predicted & judged.funny].sum(), weight[judged.funny].sum())


def f1(judged: Judged, weight: Floats) -> float:
    """Harmonic mean of precision and recall; 0 where there are funny clips and none was called so."""
    both = weight[judged.predicted & judged.funny].sum()
    return _ratio(2 * both, weight[judged.predicted].sum() + weight[judged.funny].sum())


def brier(judged: Judged, weight: Floats) -> float:
    """Mean squared error of the probability (Brier 1950)."""
    return _ratio(float((weight * (judged.probability - judged.funny) ** 2).sum()), weight.sum())


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
    return _ratio(float((other * (above + funny / 2)).sum()), float(funny.sum() * other.sum()))


def average_precision(judged: Judged, weight: Floats) -> float:
    """Mean precision over the funny clips in order of probability; equal probabilities count as one step."""
    funny, other = _ranked(judged, weight)
    hits, ranks = np.cumsum(funny), np.cumsum(funny + other)
    return _ratio(float((funny * hits / np.maximum(ranks, 1e-12)).sum()), float(funny.sum()))


METRICS: Mapping[str, Metric] = {
    metric.__name__: metric for metric in (accuracy, precision, recall, f1, average_precision, roc_auc, brier)
}


# Intervals


def draws(groups: NDArray[Any], *, n_draws: int = N_DRAWS, seed: int = 0) -> NDArray[np.int64]:
    """How often each clip is drawn (n_draws, n): whole groups with replacement, single clips if there is one group."""
    _, member = np.unique(groups, return_inverse=True)
    n = int(member.max()) + 1 if len(member) else 0
    if n < 2:
        member, n = np.arange(len(groups)), len(groups)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), n_draws) if n else np.zeros((n_draws, 0), np.int64)
    out: NDArray[np.int64] = counts[:, member]
    return out


def interval(values: Floats) -> tuple[float, float]:
    """The middle `LEVEL` of bootstrap values, those without meaning left out; NaN where none is left."""
    fine = values[np.isfinite(values)]
    if len(fine) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(fine, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def share_interval(k: float, n: float) -> tuple[float, float]:
    """Low and high of a share of which k of n were seen (score interval; Wilson 1927, doi:10.2307/2276774)."""
    z, share = 1.959964, k / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)


def measured(judged: Judged, *, n_draws: int = N_DRAWS, seed: int = 0) -> dict[str, dict[str, float]]:
    """Every metric as value, low and high, by bootstrap over groups (percentiles; Efron & Tibshirani 1993, ch. 13).

    Where every draw gives the same, as when no clip was called wrongly, the bootstrap has no width and claims too much:
    shares and F1 have the score interval then, other metrics NaN.
    """
    counts = draws(judged.groups, n_draws=n_draws, seed=seed).astype(float)
    found = {name: _estimate(lambda weight: metric(judged, weight), counts) for name, metric in METRICS.items()}  # noqa: B023
    return {name: _widened(judged, name, estimate) for name, estimate in found.items()}


def _widened(judged: Judged, name: str, estimate: dict[str, float]) -> dict[str, float]:
    if estimate["low"] != estimate["high"]:
        return estimate
    found = judged.predicted & judged.funny
    right, among = {
        "accuracy": (judged.predicted == judged.funny, np.ones(len(found), bool)),
        "precision": (found, judged.predicted),
        "recall": (found, judged.funny),
        "f1": (found, judged.predicted | judged.funny),
    }.get(name, (found, np.zeros(len(found), bool)))
    n = among.sum() / judged.n_times
    if n == 0 or not judged.predicted.any():  # nothing was called funny: that is so, and not by chance
        return {**estimate, "low": float("nan"), "high": float("nan")}
    low, high = share_interval(right.sum() / judged.n_times, n)
    if name == "f1":  # of found / (called funny or funny), the share j, it is 2 j / (1 + j)
        low, high = 2 * low / (1 + low), 2 * high / (1 + high)
    return {**estimate, "low": low, "high": high}


def difference(one: Judged, other: Judged, name: str, *, n_draws: int = N_DRAWS, seed: int = 0) -> dict[str, float]:
    """A metric of one less that of another on the same clips: value, low and high by paired bootstrap over groups."""
    if not np.array_equal(one.funny, other.funny):
        raise ValueError("only judgements of the same clips can be compared")
    metric, counts = METRICS[name], draws(one.groups, n_draws=n_draws, seed=seed).astype(float)
    return _estimate(lambda weight: metric(one, weight) - metric(other, weight), counts)


def _estimate(metric: Callable[[Floats], float], counts: Floats) -> dict[str, float]:
    """What a metric of weights (n,) is on all clips, and its interval over draws (n_draws, n)."""
    low, high = interval(np.array([metric(weight) for weight in counts]))
    return {"value": metric(np.ones(counts.shape[1])), "low": low, "high": high}


def calibration_curve(
    judged: Judged, *, n_bins: int = N_BINS, n_draws: int = N_DRAWS, seed: int = 0
) -> list[dict[str, float]]:
    """For bins of equal width that hold clips: mean probability, share that is funny (with low and high), and n.

    The interval is by bootstrap over groups; draws that leave a bin empty do not count for it.
    """
    place = np.minimum((judged.probability * n_bins).astype(int), n_bins - 1)
    counts = draws(judged.groups, n_draws=n_draws, seed=seed).astype(float)
    out = []
    for k in np.unique(place).tolist():
        here = place == k
        drawn = counts[:, here]
        total = drawn.sum(axis=1)
        low, high = interval((drawn @ judged.funny[here])[total > 0] / total[total > 0])
        row = {"probability": float(judged.probability[here].mean()), "funny": float(judged.funny[here].mean())}
        out.append({**row, "low": low, "high": high, "n": int(here.sum())})
    return out


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


# Events


def matched(truth: Sequence[LabeledSegment], found: Sequence[Detection], *, min_tiou: float) -> NDArray[np.bool_]:
    """Which detections (n,) are right: in order of score, each with the best true moment that is still free."""
    funny = [segment for segment in truth if segment.label == 1]
    free = np.ones(len(funny), bool)
    right = np.zeros(len(found), bool)
    for k in sorted(range(len(found)), key=lambda k: (-found[k].score, found[k].start)):
        overlaps = np.array([tiou(found[k], segment) for segment in funny]) * free
        if len(funny) and overlaps.max() >= min_tiou:
            right[k] = True
            free[int(overlaps.argmax())] = False
    return right


def event_metrics(
    truth: Sequence[LabeledSegment], found: Sequence[Detection], *, duration: float, tious: Sequence[float] = TIOUS
) -> dict[str, dict[str, float]]:
    """How well detections meet the true moments, for each temporal IoU that counts as a hit.

    Parameters
    ----------
    truth
        Only segments labelled 1 count as moments.
    duration
        Seconds of video looked at.

    Returns
    -------
    For each ``"0.3"``: precision, recall, f1, average_precision, false_alarms_per_hour; NaN where there is nothing to
    divide by. Average precision is the area under the precision made monotone, as for ActivityNet (Caba Heilbron et al.
    2015, doi:10.1109/CVPR.2015.7298698).
    """
    if duration <= 0:
        raise ValueError(f"duration must be positive, got {duration}")
    n = sum(segment.label for segment in truth)
    order = sorted(range(len(found)), key=lambda k: (-found[k].score, found[k].start))
    out = {}
    for least in tious:
        right = matched(truth, found, min_tiou=least)
        hits = int(right.sum())
        ranked = right[order]
        precisions = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
        monotone = np.maximum.accumulate(precisions[::-1])[::-1]
        out[f"{least:g}"] = {
            "precision": _ratio(hits, len(found)),
            "recall": _ratio(hits, n),
            "f1": _ratio(2 * hits, len(found) + n),
            "average_precision": _ratio(float(monotone[ranked].sum()), n),
            "false_alarms_per_hour": (len(found) - hits) / (duration / 3600),
        }
    return out
