"""Which clips are judged together: folds that keep every group whole, blocks of time where there is one video only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
BLOCK = 60.0  # seconds of a block of time, at least
N_BLOCKS = 10  # of one video, at most
GAP = 10.0  # seconds between a clip that is judged and any that is learned from, in one video
FEW_VIDEOS = 3  # with fewer, blocks of time take the place of videos


def folds(
    y: NDArray[Any], groups: NDArray[Any] | None = None, *, n_folds: int = 5, seed: int = 0
) -> NDArray[np.int64] | None:
    """The fold (n,) of each clip: groups stay whole, and each class is spread over the folds as evenly as they allow.

    There are fewer folds where there are fewer groups, or fewer clips of the rarest class. None where no two folds can
    be made of which each leaves two classes to learn from.
    """
    classes, index = np.unique(y, return_inverse=True)
    counts = np.bincount(index)
    rng = np.random.default_rng(seed)
    if groups is None:
        groups = np.arange(len(y))
    names, member = np.unique(groups, return_inverse=True)
    n_folds = int(min(n_folds, counts.min(), len(names)))
    if n_folds < 2 or len(classes) < 2:
        return None
    if len(names) == len(y):
        found = np.empty(len(y), np.int64)
        order = np.concatenate([rng.permutation(np.flatnonzero(index == k)) for k in range(len(classes))])
        found[order] = np.arange(len(y)) % n_folds
        return found
    table = np.zeros((len(names), len(classes)))
    np.add.at(table, (member, index), 1)
    share = table / counts
    filled = np.zeros((n_folds, len(classes)))
    of_group = np.zeros(len(names), np.int64)
    # the greatest groups first; each goes where the folds become most even
    for g in sorted(rng.permutation(len(names)).tolist(), key=lambda g: -float(share[g].max())):
        costs = []
        for k in range(n_folds):
            tried = filled.copy()
            tried[k] += share[g]
            costs.append((round(float(tried.std(axis=0).sum()), 9), float(filled[k].sum())))
        of_group[g] = min(range(n_folds), key=lambda k: costs[k])
        filled[of_group[g]] += share[g]
    found = of_group[member]
    if any(len(np.unique(index[found != k])) < 2 for k in np.unique(found)):
        return None
    return found


def blocks(video: NDArray[Any], start: Floats) -> NDArray[np.str_]:
    """A name (n,) for the block of time each clip begins in, of its video: at most `N_BLOCKS` of the same length."""
    names = np.empty(len(video), dtype=f"<U{max([len(str(v)) for v in video], default=1) + 8}")
    for one in np.unique(video):
        here = video == one
        length = max(BLOCK, (float(start[here].max()) + 1e-3) / N_BLOCKS)
        names[here] = [f"{one}#{int(s // length)}" for s in start[here]]
    return names


def groups_of(video: NDArray[Any], start: Floats, *, few: int = FEW_VIDEOS) -> NDArray[np.str_]:
    """What stays together inside a training set (n,): its videos, or blocks of time where those are under `few`."""
    return np.asarray(video, dtype=str) if len(np.unique(video)) >= few else blocks(video, start)


def learned_from(
    judged: NDArray[np.bool_], video: NDArray[Any], start: Floats, end: Floats, *, gap: float = GAP
) -> NDArray[np.bool_]:
    """Which clips (n,) may be learned from: those not judged, and not within `gap` seconds of one that is."""
    free: NDArray[np.bool_] = ~judged
    for k in np.flatnonzero(judged):
        near = (video == video[k]) & (start < end[k] + gap) & (end > start[k] - gap)
        free = free & ~near
    return free
