"""The borderline faces: those that a threshold only just takes for a person's, and those that it only just does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.faces.table import FaceTable

Rows = NDArray[np.intp]
Similarities = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Borderline:
    """Rows of faces just above and just below a threshold, the nearest first, from different tracks where possible."""

    above: Rows
    below: Rows


def borderline(faces: FaceTable, similarity: Similarities, rows: Rows, threshold: float, n: int) -> Borderline:
    """Up to `n` of the `rows` on each side of a threshold; they come sorted by their `similarity` (n_faces,)."""
    split = int(np.searchsorted(similarity[rows], np.float32(threshold), side="left"))
    above, below = rows[split:], rows[:split][::-1]
    return Borderline(_from_many_tracks(above, faces.track, n), _from_many_tracks(below, faces.track, n))


def _from_many_tracks(rows: Rows, track: NDArray[np.int32], n: int) -> Rows:
    """The first `n` rows with only the first of each track; further faces of a track where there are no more tracks."""
    own = np.where(track[rows] >= 0, track[rows], -1 - np.arange(len(rows)))
    first = np.zeros(len(rows), bool)
    first[np.unique(own, return_index=True)[1]] = True
    taken = np.concatenate([np.flatnonzero(first)[:n], np.flatnonzero(~first)])[:n]
    chosen: Rows = rows[np.sort(taken)]
    return chosen
