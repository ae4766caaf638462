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
    from sklearn.model_selection import StratifiedGroupKFold

    classes, index = np.unique(y, return_inverse=True)
    member = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_folds = int(min(n_folds, np.bincount(index).min(), len(np.unique(member))))
    if n_folds < 2 or len(classes) < 2:
        return None
    fold_of = np.empty(len(y), np.int64)
    parted = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(index, index, member)
    for k, (learned, judged) in enumerate(parted):
        fold_of[judged] = k
        if len(judged) and len(np.unique(index[learned])) < 2:
            return None
    return fold_of


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
