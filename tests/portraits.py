"""Videos of two free portraits with a known course: who is seen when, and what is heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import cv2
import numpy as np
from PIL import Image

FIXTURES = Path(__file__).parent / "fixtures"
COLLINS, HOPPER = FIXTURES / "portrait_collins.jpg", FIXTURES / "portrait_hopper.jpg"
AUDIO_RATE = 16_000
FAST = {"aac_coder": "fast"}  # a steady tone needs no search for the best quantisers


def portrait(path: Path, height: int) -> np.ndarray:
    """A portrait scaled to this height, RGB uint8."""
    image = np.array(Image.open(path).convert("RGB"))
    width = round(image.shape[1] * height / image.shape[0])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def make_video(
    path: Path,
    shots: Sequence[tuple[float, Sequence[Path]]],
    *,
    fps: int = 10,
    size: tuple[int, int] = (320, 180),
    tone: float | None = 220.0,
    options: Mapping[str, str] = MappingProxyType({}),
    share: float = 0.9,
) -> Path:
    """Write a video: for each shot its length in seconds and the portraits in it, left to right, slightly moving.

    The sound is a steady tone of amplitude 0.5 (None: no sound track); `options` are the
    encoder's, `share` the height of a portrait to that of the picture.
    """
    width, height = size
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "20", **options})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=AUDIO_RATE, layout="mono", options=FAST) if tone else None
        index = 0
        for length, people in shots:
            faces = [portrait(person, int(height * share)) for person in people]
            for _ in range(round(length * fps)):
                picture = np.full((height, width, 3), 60, np.uint8)
                picture[:, ::16] = 90
                for place, face in enumerate(faces):
                    x = int((place + 0.5) * width / len(faces) - face.shape[1] / 2 + 3 * np.sin(index / 7))
                    x = min(max(0, x), width - face.shape[1])
                    y = int(height * 0.05 + 2 * np.sin(index / 5))
                    picture[y : y + face.shape[0], x : x + face.shape[1]] = face[: height - y]
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, fps)
                container.mux(video.encode(frame))
                index += 1
        container.mux(video.encode(None))
        if sound is not None and tone is not None:
            samples = 0.5 * np.sin(2 * np.pi * tone * np.arange(index * AUDIO_RATE // fps) / AUDIO_RATE)
            for start in range(0, len(samples), 1024):
                block = av.AudioFrame.from_ndarray(
                    samples[None, start : start + 1024].astype(np.float32), format="fltp", layout="mono"
                )
                block.sample_rate, block.pts, block.time_base = AUDIO_RATE, start, Fraction(1, AUDIO_RATE)
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path
