"""What a video looks and sounds like: the same after its streams were put into another container."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.errors import PunchlineError
from core.video.frames import key_frame_at
from core.video.sound import AUDIO_RATE, sound_blocks

TIMES = (0.0, 10.0, 60.0, 600.0)  # seconds of the pictures, as far as there are so many
SIDE = 8  # pixels of a picture
LISTENED, PART = 10.0, 0.5  # seconds of sound, and of each level
MOST_OFF = {"duration": 0.5, "picture": 6.0, "sound": 1.5}  # seconds, levels of 255, dB
SILENCE = -80.0  # dBFS


def likeness_of(path: Path, duration: float | None) -> dict[str, Any]:
    """A few small grey pictures (8 * 8 levels each) and the level of the first seconds (dBFS).

    Raises
    ------
    VideoUnreadable
        As `core.video.probe.probe`.
    """
    pictures = []
    for time in TIMES if duration is not None else TIMES[:1]:
        if time < max(1.0, (duration or 0) - 1):
            image = cv2.cvtColor(np.asarray(key_frame_at(path, time).image), cv2.COLOR_RGB2GRAY)
            pictures.append(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel().tolist())
    power = np.zeros(round(LISTENED * AUDIO_RATE))
    for block in sound_blocks(path):
        if block.start >= len(power):
            break
        squares = np.square(block.samples, dtype=np.float64) if block.power is None else block.power
        end = min(len(power), block.start + len(squares))
        power[block.start : end] = squares[: end - block.start]
    parts = power.reshape(-1, round(PART * AUDIO_RATE)).mean(axis=1)
    return {"pictures": pictures, "levels": np.maximum(SILENCE, 10 * np.log10(parts + 1e-12)).round(1).tolist()}


def are_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two videos, as `core.playback.facts` knows them, hold the same: length, size, pictures, sound."""
    likenesses = one.get("likeness"), other.get("likeness")
    if None in likenesses or any(one.get(name) != other.get(name) for name in ("width", "height", "has_audio")):
        return False
    lengths = one.get("duration"), other.get("duration")
    if None not in lengths and abs(lengths[0] - lengths[1]) > MOST_OFF["duration"]:  # type: ignore[operator]
        return False
    a, b = (dict(likeness or {}) for likeness in likenesses)
    pictures = [np.abs(np.subtract(p, q)).mean() for p, q in zip(a["pictures"], b["pictures"])]
    sound = np.median(np.abs(np.subtract(a["levels"], b["levels"])))
    return bool(pictures) and max(pictures) <= MOST_OFF["picture"] and bool(sound <= MOST_OFF["sound"])


def likeness_or_none(path: Path, duration: float | None) -> dict[str, Any] | None:
    """The same, None where the video does not show enough of itself."""
    try:
        return likeness_of(path, duration)
    except (PunchlineError, OSError):
        return None
