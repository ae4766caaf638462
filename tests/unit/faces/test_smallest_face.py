"""How small the faces of an extraction may be, from those of a scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.faces.smallest_face import smallest_face
from tests.tables import random_features


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([300.0] * 20, 1 / 12),
        ([115.0] * 20, 1 / 12),
        ([95.0] * 20, 1 / 16),  # such faces are not always found at a limit of 90 pixels
        ([60.0] * 20, 1 / 24),
        ([20.0] * 20, 1 / 24),
        ([300.0] * 19 + [50.0], 1 / 12),  # one small face among many is not worth the time
        ([300.0] * 15 + [50.0] * 5, 1 / 24),
    ],
)
def test_the_smallest_face_follows_those_of_the_scan(sides: list[float], expected: float) -> None:
    scan = random_features(0, n_faces=len(sides))
    box = np.zeros((len(sides), 4), np.float32)
    box[:, 2], box[:, 3] = np.array(sides) * 0.8, sides
    sure = np.ones(len(sides), np.float32)
    faces = replace(scan.faces, box_xyxy=box, probability=sure)
    assert smallest_face(replace(scan, faces=faces)) == expected


def test_doubtful_faces_and_no_faces_change_nothing() -> None:
    scan = random_features(0, n_faces=6)
    box = np.tile(np.array([0, 0, 30, 30], np.float32), (6, 1))
    doubtful = replace(scan.faces, box_xyxy=box, probability=np.full(6, 0.8, np.float32))
    assert smallest_face(replace(scan, faces=doubtful)) == 1 / 12
    assert smallest_face(random_features(0, n_faces=0)) == 1 / 12
