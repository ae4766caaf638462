"""How far a face is turned aside, by its five landmarks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRONTAL = 0.2  # a face that is turned by less counts as frontal


def turned(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the nose lies from the middle of the eyes (n,), along their line, in distances of the eyes.

    0 is a frontal face, 0.5 has the nose at an eye; negative towards the picture's left. Landmarks are (n, 5, 2).
    """
    left, right, nose = (landmarks[:, point].astype(np.float64) for point in range(3))
    line = right - left
    off = ((nose - (left + right) / 2) * line).sum(axis=1)
    share: NDArray[np.float64] = off / np.maximum((line**2).sum(axis=1), 1e-12)
    return share
