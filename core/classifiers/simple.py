"""Models for few labels: features of a clip, learned without labels, and a linear classifier or a forest on them.

A model gives scores, a number for each clip and class; the estimator calibrates them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.classifiers.clip_features import Convolutions, interval_features, moments_of, summarise
from core.classifiers.inputs import Inputs

Floats = NDArray[np.floating]
Arrays = Mapping[str, NDArray[Any]]
PENALTIES = np.logspace(-3, 4, 15)  # of ridge regression, against the mean square of a feature
C = 0.1  # of logistic regression, inverse strength of its L2 penalty
N_TREES = 200
JUDGED_AT_ONCE, WALKED_AT_ONCE = 1024, 128  # clips that a thread judges, and that go down the trees together
# Deviations of features that are not taken to be less: of numbers in units of a column's deviation, and of shares. What
# hardly changes in one person's clips would else decide about another's.
LEAST, LEAST_SHARE = 0.5, 0.1
FURTHEST = 10.0  # deviations: what lies further out in a feature counts as so far
NAMES = ("laugh", "logistic", "forest", "intervals", "rocket")  # the simplest first
RIDGES = ("intervals", "rocket")


class SimpleModel:
    """One of `NAMES`.

    ``laugh`` is a logistic regression on the mean of the last column, that of
    `core.classifiers.inputs.with_together`; ``logistic`` is one on summary statistics, ``intervals`` and ``rocket`` are
    ridge regressions on interval features and random convolutions, ``forest`` is extremely randomised trees on interval
    features (Geurts et al. 2006, doi:10.1007/s10994-006-6226-1).

    Attributes
    ----------
    arrays
        Everything learned, by name: `SimpleModel(name, n_classes, arrays)` is the same model.
    """

    def __init__(self, name: str, n_classes: int, arrays: Arrays) -> None:
        self.name, self.n_classes, self.arrays = name, n_classes, dict(arrays)

    @classmethod
    def fitted(
        cls, name: str, inputs: Inputs, y: NDArray[np.integer], weight: Floats, *, n_classes: int, seed: int
    ) -> SimpleModel:
        """Learn classes y (n,), counted from 0, each clip with its weight."""
        model = cls(name, n_classes, {})
        if name == "rocket":
            model.arrays = dict(Convolutions.fitted(inputs, np.random.default_rng(seed)).arrays)
        features = model._features(inputs)
        if name == "forest":
            model.arrays |= _grow(features, y, weight, n_classes, seed)
            return model
        model.arrays |= _standard(features, weight, LEAST_SHARE if name == "rocket" else LEAST)
        z = model._standardised(features)
        model.arrays |= _ridge(z, y, weight, n_classes) if name in RIDGES else _logistic(z, y, weight, n_classes)
        return model

    def scores(self, inputs: Inputs) -> Floats:
        """Scores (n, n_classes), the greatest for the likeliest class. Many clips are judged by several threads."""
        parts = [inputs[start : start + JUDGED_AT_ONCE] for start in range(0, len(inputs), JUDGED_AT_ONCE)]
        if len(parts) < 2:
            return self._scores(inputs)
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as threads:
            return np.concatenate(list(threads.map(self._scores, parts)))

    def _scores(self, inputs: Inputs) -> Floats:
        features = self._features(inputs)
        if self.name == "forest":
            return _log_votes(self.arrays, features, self.n_classes)
        out: Floats = self._standardised(features) @ self.arrays["coef"] + self.arrays["intercept"]
        return out

    def check(self, n_features: int, n_rows: int) -> None:
        """Whether the arrays fit such clips and each other. Raises ValueError or KeyError."""
        probe = Inputs(
            np.zeros((1, n_rows, n_features), np.float32),
            np.ones((1, n_rows, n_features), bool),
            np.arange(n_rows, dtype=np.float32)[None],
            np.ones((1, n_rows), np.float32),
        )
        if self.name == "forest":
            n_nodes, size = len(self.arrays["feature"]), self._features(probe).shape[1]
            children = self.arrays["children"]
            if children.shape != (n_nodes, 2) or children.max() >= n_nodes or not _goes_on(children):
                raise ValueError("its trees are damaged")
            if (
                self.arrays["width"].tolist() != [size]
                or self.arrays["feature"].max() >= size
                or self.arrays["votes"].shape != (n_nodes, self.n_classes)
            ):
                raise ValueError("its trees are of other features")
        found = self.scores(probe)
        if found.shape != (1, self.n_classes) or not np.isfinite(found).all():
            raise ValueError(f"its scores have shape {found.shape}, expected (1, {self.n_classes})")

    def _features(self, inputs: Inputs) -> Floats:
        if self.name == "rocket":
            return Convolutions(self.arrays)(inputs)
        if self.name == "laugh":
            return moments_of(inputs.values[..., -1:], inputs.seen[..., -1:])[0]
        return summarise(inputs) if self.name == "logistic" else interval_features(inputs)

    def _standardised(self, features: Floats) -> Floats:
        mean, inverse = (self.arrays[name].astype(np.float32) for name in ("mean", "inverse"))
        z: Floats = np.clip((features.astype(np.float32) - mean) * inverse, -FURTHEST, FURTHEST)
        return z


def _goes_on(children: NDArray[Any]) -> bool:
    """Whether every child comes after its parent, or is the leaf itself: then each walk down a tree ends."""
    itself = np.arange(len(children))[:, None]
    return bool(((children > itself) | (children == itself).all(axis=1, keepdims=True)).all())


def _standard(features: Floats, weight: Floats, least: float) -> dict[str, NDArray[Any]]:
    """Mean of every feature and the inverse of its deviation, or of `least`; 0 where it never changes."""
    share = weight / weight.sum()
    mean = share @ features
    deviation = np.sqrt(share @ (features - mean) ** 2)
    changes = deviation > 1e-6
    return {"mean": mean, "inverse": np.where(changes, 1 / np.maximum(deviation, least), 0)}


def _logistic(z: Floats, y: NDArray[np.integer], weight: Floats, n_classes: int) -> dict[str, NDArray[Any]]:
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=C, max_iter=2000).fit(z.astype(np.float64), y, sample_weight=weight)
    coef, intercept = np.zeros((z.shape[1], n_classes)), np.full(n_classes, -FURTHEST)
    if len(regression.classes_) == 2:  # the log-odds of the second class alone
        one, other = regression.classes_
        coef[:, [one, other]] = regression.coef_.T * [-0.5, 0.5]
        intercept[[one, other]] = regression.intercept_ * [-0.5, 0.5]
    else:
        coef[:, regression.classes_] = regression.coef_.T
        intercept[regression.classes_] = regression.intercept_
    return {"coef": coef, "intercept": intercept}


def _ridge(z: Floats, y: NDArray[np.integer], weight: Floats, n_classes: int) -> dict[str, NDArray[Any]]:
    """Ridge regression of each class against the rest, by the kernel matrix of the clips.

    The penalty is that with the least squared error on clips left out one at a time, which needs no second fit (Rifkin
    & Lippert 2007, MIT-CSAIL-TR-2007-025).
    """
    target = np.where(y[:, None] == np.arange(n_classes), 1.0, -1.0)
    share = weight / weight.sum()
    centre, level = share @ z, share @ target
    root = np.sqrt(share * len(y))[:, None]
    rows, aim = root * (z - centre), root * (target - level)
    kernel = (rows @ rows.T).astype(np.float64) / max(z.shape[1], 1)
    values, vectors = np.linalg.eigh(kernel)
    values = np.clip(values, 0, None)
    turned = vectors.T @ aim
    errors = []
    for penalty in PENALTIES:
        shrink = values / (values + penalty)
        leverage = (vectors**2 @ shrink + share).clip(0, 1 - 1e-6)
        errors.append(float((((aim - vectors @ (shrink[:, None] * turned)) / (1 - leverage)[:, None]) ** 2).mean()))
    penalty = PENALTIES[int(np.argmin(errors))]
    dual = vectors @ (turned / (values + penalty)[:, None])
    coef = rows.T @ dual.astype(np.float32) / max(z.shape[1], 1)
    return {"coef": coef, "intercept": level - centre @ coef}


def _grow(
    features: Floats, y: NDArray[np.integer], weight: Floats, n_classes: int, seed: int
) -> dict[str, NDArray[Any]]:
    """Trees as arrays over all nodes: feature, threshold, two children (a leaf is its own), votes; and the roots."""
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(N_TREES, min_samples_leaf=1, max_features="sqrt", random_state=seed)
    forest.fit(features.astype(np.float32), y, sample_weight=weight)
    parts: dict[str, list[NDArray[Any]]] = {k: [] for k in ("feature", "threshold", "children", "votes")}
    roots, first = [], 0
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        n = tree.node_count
        itself = np.arange(n)
        leaf = tree.children_left < 0
        left, right = np.where(leaf, itself, tree.children_left), np.where(leaf, itself, tree.children_right)
        votes = np.zeros((n, n_classes), np.float32)
        votes[:, forest.classes_] = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
        parts["feature"].append(np.where(leaf, 0, tree.feature).astype(np.int32))
        parts["threshold"].append(tree.threshold)
        parts["children"].append((np.stack([left, right], axis=1) + first).astype(np.int32))
        parts["votes"].append(votes)
        roots.append(first)
        first += n
    places = {"roots": np.array(roots, np.int32), "width": np.array([features.shape[1]])}
    return {**{k: np.concatenate(v) for k, v in parts.items()}, **places}


def _log_votes(arrays: Arrays, features: Floats, n_classes: int) -> Floats:
    """Logarithm of the mean vote (n, n_classes), with half a vote for each class so that none is impossible."""
    n, width = features.shape
    values = np.ascontiguousarray(features, np.float32).reshape(-1)
    children, roots = arrays["children"].reshape(-1), arrays["roots"]
    total = np.zeros((n, n_classes))
    for start in range(0, n, WALKED_AT_ONCE):
        place = np.arange(start, min(n, start + WALKED_AT_ONCE))[None] * width  # (1, clips)
        node = np.repeat(roots[:, None], place.shape[1], axis=1)  # (trees, clips)
        while True:
            below = values.take(place + arrays["feature"].take(node)) > arrays["threshold"].take(node)
            following = children.take(2 * node + below)
            if np.array_equal(following, node):
                break
            node = following
        total[start : start + WALKED_AT_ONCE] = arrays["votes"][node].sum(axis=0)
    out: Floats = np.log((total + 0.5) / (len(roots) + 0.5 * n_classes))
    return out
