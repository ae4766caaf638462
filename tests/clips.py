"""Clips made of noise with a signal that lies in one thing only: order, timing, one feature, two together."""

from __future__ import annotations

import numpy as np

from core.classifiers.inputs import Inputs, Scaler


def balanced(n: int) -> np.ndarray:
    return np.arange(n) % 2


def rise(n: int, *, d: int = 12, rows: int = 15, missing: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """In every second clip a rise of one feature in its last third."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 0.3, (n, rows, d))
    y = balanced(n)
    X[y == 1, -(rows // 3) :, 4 % d] += 1
    X[rng.random((n, rows)) < missing] = np.nan
    return X, y


def one_feature(n: int, feature: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Of twelve features of noise one has a bump of four rows at any place in every second clip."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 0.4, (n, 15, 12)), balanced(n)
    for i in np.flatnonzero(y):
        start = rng.integers(0, 12)
        X[i, start : start + 4, feature] += 1.2
    return X, y


def order(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One row up and one down in every clip: up first or down first, at any place."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 0.2, (n, 15, 2)), balanced(n)
    for i in range(n):
        first = rng.integers(1, 10)
        second = rng.integers(first + 2, 14)
        sign = 1 if y[i] else -1
        X[i, first, 0] += 2 * sign
        X[i, second, 0] -= 2 * sign
    return X, y


def timing(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same noise in all clips, whose rows lie evenly or with one long gap; all last as long. With timestamps."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 1, (n, 15, 2)), balanced(n)
    steps = rng.uniform(0.9, 1.1, (n, 15))
    steps[np.flatnonzero(y), rng.integers(1, 15, (y == 1).sum())] += 6
    return X, y, np.cumsum(steps / steps.sum(axis=1, keepdims=True) * 6, axis=1)


def together(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Each of two features is high or low by chance; funny is where they are the same."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(0, 0.5, (n, 15, 3)), balanced(n)
    one = rng.choice([-1, 1], n)
    X[:, :, 0] += one[:, None]
    X[:, :, 1] += np.where(y == 1, one, -one)[:, None]
    return X, y


def inputs(X: np.ndarray, timestamps: np.ndarray | None = None) -> Inputs:
    return Scaler.fitted(X, timestamps)(X, timestamps)
