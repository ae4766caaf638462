"""How alike two faces are, on the one scale that all embedders share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError

Floats = NDArray[np.floating]
Similarity = Callable[[Floats, Floats], NDArray[np.float32]]

# Euclidean distance at which two embeddings have similarity 0, for each embedder; the embedders say how it was found.
ZERO_DISTANCE = {"resnet29": 0.72, "facenet": 2.2**0.5}


def similarity_of(embedder_name: str) -> Similarity:
    """How alike embeddings of this embedder are, on the scale that all embedders share: ``1 - (d / d0)^2``.

    The function takes (n, d) and (m, d) and gives float32 (n, m): 1 is the same vector, 0.5 the strict and 0.3 the
    relaxed threshold for the same person; NaN where either embedding is.

    Raises
    ------
    PunchlineError
        If no embedder is called that.
    """
    if embedder_name not in ZERO_DISTANCE:
        raise PunchlineError(f"no embedder is called {embedder_name!r}; there are {', '.join(ZERO_DISTANCE)}")
    zero = ZERO_DISTANCE[embedder_name]

    def similarity(a: Floats, b: Floats) -> NDArray[np.float32]:
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T  # (n, m)
        scaled: NDArray[np.float32] = (1 - np.maximum(squared, 0) / zero**2).astype(np.float32)
        return scaled

    return similarity
