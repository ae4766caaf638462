"""Valence and arousal as a projection of the eight emotions."""

from __future__ import annotations

import numpy as np

# Valence and arousal of each emotion, in EMOTIONS order: means of the words' ratings in Russell & Mehrabian 1977,
# J. Res. Personality 11, 273-294, Table 4, doi:10.1016/0092-6566(77)90037-X. Contempt follows one transcription of that
# table; neutral is the origin.
CIRCUMPLEX = np.array(
    [
        (-0.51, 0.59),
        (-0.23, 0.31),
        (-0.60, 0.35),
        (-0.64, 0.60),
        (0.81, 0.51),
        (0.0, 0.0),
        (-0.63, -0.27),
        (0.40, 0.67),
    ],
    np.float32,
)
