"""Intervals of metrics by bootstrap: of one model, of the difference of two on the same clips, of a curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.metrics import METRICS, Floats, Judged

LEVEL = 0.95  # of every interval


N_DRAWS = 1000


N_BINS = 10


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
