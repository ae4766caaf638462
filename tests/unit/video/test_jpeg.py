"""Pictures as JPEG files."""

import cv2
import numpy as np

from core.video.jpeg import as_jpeg


def test_colours_and_shape_come_back() -> None:
    red = np.zeros((40, 80, 3), np.uint8)
    red[..., 0] = 200
    back = cv2.cvtColor(cv2.imdecode(np.frombuffer(as_jpeg(red, width=40), np.uint8), 1), cv2.COLOR_BGR2RGB)
    assert back.shape == (20, 40, 3)
    assert np.abs(back.astype(int) - [200, 0, 0]).max() <= 3
