"""How alike two faces are, on the one scale that all embedders share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.faces.embedders import embedder_entry

Floats = NDArray[np.floating]
Similarity = Callable[[Floats, Floats], NDArray[np.float32]]

RESEMBLING = 0.3  # similarity from which two faces may be of one person
# A face of fewer pixels is a blur that many larger faces resemble; it tells something of faces up to twice its side.
SMALL_FACE, SMALL_REACH = 40, 2.0


def similarity_of(embedder_name: str) -> Similarity:
    """How alike embeddings of this embedder are: the cosine, brought to the common scale by the embedder's own points.

    The function takes (n, d) and (m, d) and gives float32 (n, m): 1 is the same direction, 0.5 the strict and 0.3 the
    relaxed threshold for the same person; NaN where either embedding is.

    Raises
    ------
    PunchlineError
        If no embedder is called that.
    """
    return similarity_among(embedder_name, None)


def similarity_among(embedder_name: str, others: Floats | None) -> Similarity:
    """`similarity_of` among other people: a cosine is lowered by what both sides have in common with `others` (k, d).

    What a side has in common is the mean of its cosines to those of the others whom it does not resemble as one person
    does, less the mean of two strangers, with one stranger counted in: few others lower little. A pair is lowered by
    the mean of both sides, never raised.
    """
    entry = embedder_entry(embedder_name)
    cosines, similarities = np.array(entry.scale).T

    def common(x: NDArray[np.float64]) -> NDArray[np.float64]:
        if others is None or len(others) == 0:
            return np.zeros(len(x))
        cosine = x @ _unit(others).T  # (n, k)
        strangers = np.interp(cosine, cosines, similarities) < RESEMBLING
        excess: NDArray[np.float64] = (np.where(strangers, cosine - entry.strangers, 0)).sum(axis=1)
        shrunk: NDArray[np.float64] = excess / (strangers.sum(axis=1) + 1)
        return shrunk

    def similarity(a: Floats, b: Floats) -> NDArray[np.float32]:
        x, y = _unit(a), _unit(b)
        shared = (common(x)[:, None] + common(y)) / 2
        scaled: NDArray[np.float32] = np.interp(x @ y.T - np.maximum(shared, 0), cosines, similarities)
        return scaled.astype(np.float32)

    return similarity


def _unit(x: Floats) -> NDArray[np.float64]:
    x = np.asarray(x, np.float64)
    unit: NDArray[np.float64] = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)
    return unit
