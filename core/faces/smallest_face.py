"""How small the faces are that are worth looking for in a video, from a first look at it."""

from __future__ import annotations

import numpy as np

from core.faces.detection import USUAL_FACE
from core.faces.feature_file import Features
from core.faces.search import CONFIDENT

# The smallest faces looked for, as shares of the picture's shorter side. Half the usual one costs a third more time.
SMALLER_FACES = (USUAL_FACE, 1 / 16, 1 / 24)
SMALL_SHARE = 10  # percent of the faces that may be smaller than what is decided by
MARGIN = 1.25  # sides of the smallest face looked for that a face has at least, for it is not always found at its limit


def smallest_face(scan: Features) -> float:
    """The smallest face that an extraction should look for, as a share of the picture's shorter side.

    A twelfth, or less where a tenth of the faces of the scan could be missed with that. Without a face a twelfth.
    """
    box = scan.faces.box_xyxy[scan.faces.probability >= CONFIDENT]
    if len(box) == 0:
        return USUAL_FACE
    side = (box[:, 2:] - box[:, :2]).max(axis=1) / min(scan.info.width, scan.info.height)
    wanted = float(np.percentile(side, SMALL_SHARE)) / MARGIN
    return next((share for share in SMALLER_FACES if share <= wanted), SMALLER_FACES[-1])
