"""Embedding many chips, the way every embedder is used."""

from __future__ import annotations

import numpy as np

from core.faces.embedders import Embedder


def checked(chips: np.ndarray, owner: Embedder) -> np.ndarray:
    """The chips as they are. Raises ValueError unless they are uint8 (n, side, side, 3)."""
    side = owner.crop.side
    if chips.dtype != np.uint8 or chips.shape[1:] != (side, side, 3):
        raise ValueError(f"{owner.name}: chips are {chips.dtype} {chips.shape}, expected uint8 (n, {side}, {side}, 3)")
    return chips


def embed_both_ways(model: Embedder, chips: np.ndarray) -> np.ndarray:
    """Embeddings float32 (n, dimension) of unit length, each the mean of the face's and of its mirror image's."""
    both = model.embed(chips) + model.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    unit: np.ndarray = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return unit.astype(np.float32)
