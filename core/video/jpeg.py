"""Pictures as JPEG files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def as_jpeg(image: NDArray[np.uint8], *, width: int | None = None, quality: int = 85) -> bytes:
    """A picture, RGB uint8 (h, w, 3), as a JPEG; scaled to `width` pixels where that is given."""
    import cv2

    if width is not None and width != image.shape[1]:
        height = max(2, round(width * image.shape[0] / image.shape[1]))
        scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        image = np.asarray(scaled, np.uint8)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
