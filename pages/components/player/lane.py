"""A curve under the video, and what the browser is sent of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.analysis.reduction import packed, reduced, reduced_around
from core.series import Floats

MOST_SAMPLES = 2000  # of one curve; as many again where the user zooms in


@dataclass(frozen=True)
class Lane:
    """A curve under the video.

    `role` (arousal, valence, loudness, pitch, score or plain) chooses the colour where none is given, `label` is what
    the user reads, `limits` the values at the lane's bottom and top. Timestamps (n,) in seconds and values (n,), NaN
    where missing, as long as they come: the player reduces them.

    A value stands at its share of the way between the limits to the power `power`: below 1, small ones are told apart.
    `percent` tells values in [0, 1] in per cent. `marks` are the values named at the axis, the limits where none is
    given; `note` says what the lane means, under the pointer on its name.
    """

    role: str
    label: str
    timestamps: Floats
    values: Floats
    limits: tuple[float, float]
    threshold: float | None = None
    colour: str = ""
    power: float = 1.0
    percent: bool = False
    marks: Sequence[float] = ()
    note: str = ""

    def height(self, value: float) -> float:
        """Where a value stands between the lane's bottom, 0, and its top, 1."""
        low, high = self.limits
        return float(min(1.0, max(0.0, (value - low) / (high - low))) ** self.power)


def as_drawn(lane: Lane, view: tuple[float, float] | None) -> dict[str, Any]:
    """What the browser draws of a lane: few samples, as many again within a view in seconds."""
    curve = lane.timestamps, lane.values
    line = reduced(*curve, MOST_SAMPLES) if view is None else reduced_around(*curve, view, MOST_SAMPLES)
    return {
        "role": lane.role,
        "colour": lane.colour,
        "label": lane.label,
        "t": packed(line[0]),
        "v": packed(line[1]),
        "lo": float(lane.limits[0]),
        "hi": float(lane.limits[1]),
        "threshold": None if lane.threshold is None else float(lane.threshold),
        "power": lane.power,
        "percent": lane.percent,
        "marks": [float(value) for value in lane.marks or lane.limits[::-1]],
        "note": lane.note,
    }
