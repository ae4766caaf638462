"""How alike two faces are, on the one scale that all embedders share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.faces.embedders import embedder_entry

Floats = NDArray[np.floating]
Similarity = Callable[[Floats, Floats], NDArray[np.float32]]


def similarity_of(embedder_name: str) -> Similarity:
    """How alike embeddings of this embedder are: the cosine, brought to the common scale by the embedder's own points.

    The function takes (n, d) and (m, d) and gives float32 (n, m): 1 is the same direction, 0.5 the strict and 0.3 the
    relaxed threshold for the same person; NaN where either embedding is.

    Raises
    ------
    PunchlineError
        If no embedder is called that.
    """
    cosines, similarities = np.array(embedder_entry(embedder_name).scale).T

    def similarity(a: Floats, b: Floats) -> NDArray[np.float32]:
        cosine = _unit(a) @ _unit(b).T  # (n, m)
        scaled: NDArray[np.float32] = np.interp(cosine, cosines, similarities).astype(np.float32)
        return scaled

    return similarity


def _unit(x: Floats) -> NDArray[np.float64]:
    x = np.asarray(x, np.float64)
    unit: NDArray[np.float64] = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)
    return unit
