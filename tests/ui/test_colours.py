"""The colours of the eight emotions can be told apart by everybody, on light and on dark."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.series import EMOTIONS
from pages.components.shared.colours import EMOTION_COLOURS

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "usual": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour: str) -> NDArray[np.float64]:
    values = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = np.cbrt(TO_XYZ @ rgb / np.array([0.95047, 1.0, 1.08883]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_emotions_are_told_apart(sight: str) -> None:
    assert list(EMOTION_COLOURS) == list(EMOTIONS)
    seen = {name: lab(np.clip(SIGHTS[sight] @ linear(colour), 0.001, 1)) for name, colour in EMOTION_COLOURS.items()}
    pairs = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in combinations(seen, 2)}
    assert min(pairs.values()) >= 20, min(pairs, key=pairs.__getitem__)


@pytest.mark.parametrize("paper", ["#ffffff", "#171614"])
def test_each_is_seen_on_the_paper(paper: str) -> None:
    for name, colour in EMOTION_COLOURS.items():
        low, high = sorted(float(TO_XYZ[1] @ linear(c)) + 0.05 for c in (paper, colour))
        assert high / low >= 1.6, name
