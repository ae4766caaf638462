"""One kind of file."""

from __future__ import annotations

from dataclasses import dataclass

from core.video.streams import AUTOMATIC, Tracks
from tests.media.odd.answer import FPS, Answer
from tests.media.odd.recipes import Recipe

RIGHT = Answer()


@dataclass(frozen=True)
class Kind:
    """How a file is made, and its right answer, or words of the right error."""

    make: Recipe
    expected: Answer | str = RIGHT
    fps: float = FPS
    tracks: Tracks = AUTOMATIC
