"""What a file holds, as this program reads it and as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from core.audio_feature_extractor import AudioFeatureExtractor
from core.errors import VideoUnreadable
from core.video.frames import Frame, sampled_frames
from core.video.probe import probe
from core.video.sound import sound_blocks
from core.video.streams import AUTOMATIC, Tracks
from tests import media

FPS, N = 25, 50
LOUD = -9.03  # dBFS of a sine of amplitude 0.5
TOLERANCES = {"duration": 0.15, "first": 0.03, "level": 1.0, "mean": 3.0, "n_pictures": 0}
_LOOKS: dict[str, Callable[[media.Image], media.Image]] = {
    "upright": lambda image: image,
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned by 180": lambda image: image[::-1, ::-1],
    "turned clockwise": np.rot90,
    "turned anticlockwise": lambda image: np.rot90(image, -1),
}


@dataclass(frozen=True)
class Answer:
    """What is read of a file; None is unknown or absent.

    `look` says how `media.numbered` pictures lie, "other" where they are not seen or in other colours; `counted`
    whether each is shown at its time; `mean` is the middle picture's mean RGB level; of what is expected, the last two
    may be None, which is not compared. A (lowest, highest) pair stands for what no decoder is bound to.
    """

    duration: float | tuple[float, float] | None = 2.0
    n_pictures: int | tuple[int, int] = N
    first: float | None = 0.0
    level: float | None = LOUD
    shape: tuple[int, int] = (120, 160)
    look: str = "upright"
    counted: bool | None = True
    mean: float | None = None

    def __str__(self) -> str:
        """Those of the values that are known or wanted, in short."""
        count = "" if self.counted is None else ", counted" if self.counted else ", not counted"
        numbers = f"{self.n_pictures} pictures from {_short(self.first)} s, {_short(self.level)} dBFS"
        mean = "" if self.mean is None else f", mean {_short(self.mean)}"
        return f"{_short(self.duration)} s, {numbers}, {self.shape[1]} x {self.shape[0]}, {self.look}{count}{mean}"

    def differences(self, got: Answer) -> list[str]:
        """Names of what another answer holds otherwise."""
        names = []
        for name in (field.name for field in fields(self)):
            wanted, there = getattr(self, name), getattr(got, name)
            if name in ("mean", "counted") and wanted is None:
                continue
            if name in TOLERANCES and wanted is not None and there is not None:
                low, high = wanted if isinstance(wanted, tuple) else (wanted, wanted)
                right = low - TOLERANCES[name] <= there <= high + TOLERANCES[name]
            else:
                right = wanted == there
            names += [] if right else [name]
        return names


def _short(value: float | tuple[float, float] | None) -> str:
    return f"{value:.2f}" if isinstance(value, float) else "?" if value is None else str(value)


def answer_of(path: Path, *, fps: float = FPS, tracks: Tracks = AUTOMATIC) -> Answer:
    """What this program reads of a file whose pictures are `numbered`, `fps` a second. Raises PunchlineError."""
    info = probe(path, tracks=tracks)
    frames = list(sampled_frames(path, 300, tracks=tracks))
    if not frames:
        raise VideoUnreadable("not one picture has a time")
    sound = AudioFeatureExtractor(sound_blocks(path, tracks=tracks))
    level = sound.features(np.array([frames[0].timestamp + 1.0]), sample_period=0.5)[0, 0]
    middle = frames[len(frames) // 2].image
    look = next((name for name, turn in _LOOKS.items() if _is_upright(turn(middle))), "other")
    return Answer(
        duration=info.duration,
        n_pictures=len(frames),
        first=frames[0].timestamp,
        level=None if np.isnan(level) else float(level),
        shape=(middle.shape[0], middle.shape[1]),
        look=look,
        counted=look != "other" and _counted(frames, fps, _LOOKS[look]),
        mean=float(middle.mean()),
    )


def _is_upright(image: media.Image) -> bool:
    return bool(np.abs(media.colours_of(image) - media.COLOURS).max() < 16)


def _counted(frames: list[Frame], fps: float, turn: Callable[[media.Image], media.Image]) -> bool:
    """Whether pictures come at the times that their numbers stand for, counted from the first."""
    try:
        numbers = np.array([media.number_of(turn(frame.image)) for frame in frames])
    except AssertionError:
        return False
    times = np.array([frame.timestamp for frame in frames])
    return bool(np.abs((times - times[0]) * fps - (numbers - numbers[0])).max() < 0.6)
