"""How far a face is turned, by its landmarks."""

import numpy as np
import pytest

from core.faces.pose import turned

FRONTAL = np.array([[14, 20], [34, 20], [24, 30], [16, 40], [32, 40]], np.float32)


@pytest.mark.parametrize(("shift", "expected"), [(0, 0.0), (10, 0.5), (-5, -0.25)])
def test_the_nose_tells_how_far_a_face_is_turned_whatever_its_size_and_tilt(shift: float, expected: float) -> None:
    face = FRONTAL.copy()
    face[2, 0] += shift
    tilt = np.array([[0.8, -0.6], [0.6, 0.8]])
    assert turned(np.stack([face, 3 * face, face @ tilt])) == pytest.approx([expected] * 3, abs=1e-6)


def test_landmarks_in_one_point_are_not_turned() -> None:
    assert turned(np.zeros((1, 5, 2), np.float32)).tolist() == [0.0]
