"""Video -> face table: every face at every sampled time, with its embedding and emotion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.crop import cut
from core.embedding import Embedder, embed_both_ways, embedder
from core.emotion import EmotionRecogniser, recogniser
from core.errors import DeviceUnavailable
from core.face_table import NO_TRACK, FaceTable, concatenate
from core.faces import FaceDetector, Faces, MtcnnDetector
from core.video import Damage, Frame, Image, sampled_frames

MINUTE = 60.0  # seconds: what is kept when an extraction is stopped
BATCH = 8  # pictures searched together
THUMBNAIL = (32, 18)  # pixels (w, h) of the pictures compared for a scene change


@dataclass(frozen=True)
class Models:
    """The three networks of an extraction."""

    detector: FaceDetector
    embedder: Embedder
    recogniser: EmotionRecogniser

    def names(self) -> dict[str, dict[str, str]]:
        """Name and digest of each, as written into a feature file."""
        return {
            "detector": {"name": self.detector.name, "digest": self.detector.digest},
            "embedder": {"name": self.embedder.name, "digest": self.embedder.digest},
            "recogniser": {"name": self.recogniser.name, "digest": self.recogniser.digest},
        }


def load_models(
    *, min_face: float = 1 / 12, embedder_name: str = "resnet29", recogniser_name: str = "ferplus", device: str = "auto"
) -> Models:
    """The networks by name. `min_face` is the smallest face side as a share of the picture's shorter
    side.

    Raises
    ------
    WeightsUnavailable
        If a model's weights are missing or damaged.
    DeviceUnavailable
        If a GPU is asked for and there is none.
    """
    if device != "cpu":
        import torch

        if device != "auto" and not torch.cuda.is_available():
            raise DeviceUnavailable(f"device {device!r} was asked for, but torch finds no GPU here; use auto or cpu")
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Models(
        detector=MtcnnDetector(min_face, device=device),
        embedder=embedder(embedder_name, device=device),
        recogniser=recogniser(recogniser_name, device=device),
    )


@dataclass(frozen=True, eq=False)
class Minute:
    """What one minute of a video gave. `last_thumbnail` is that of its last sampled picture."""

    index: int
    faces: FaceTable
    last_thumbnail: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Seen:
    """A sampled picture, RGB uint8 (h, w, 3), its time in seconds, and the boxes (n, 4) of its faces in pixels."""

    timestamp: float
    image: Image
    box_xyxy: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Resume:
    """Where an earlier extraction stopped: its first and last timestamps (seconds) and last thumbnail."""

    first_timestamp: float
    after: float
    last_thumbnail: NDArray[np.uint8]


class VideoFeatureExtractor:
    """Searches every sampled picture of a video for faces and reads them."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def minutes(
        self,
        path: Path,
        *,
        sample_rate: float,
        resume: Resume | None = None,
        damage: Damage | None = None,
        on_progress: Callable[[float], None] = lambda completed: None,
        on_seen: Callable[[Seen], None] = lambda seen: None,
    ) -> Iterator[Minute]:
        """The face table minute by minute, in order of time; faces have no tracks yet.

        A minute is a fixed stretch of the video's time, so that a resumed extraction gives the same ones; a minute
        without a sampled picture is left out.

        Raises
        ------
        VideoUnreadable
            As `core.video.probe`.
        """
        frames = sampled_frames(
            path,
            sample_rate,
            first_timestamp=resume.first_timestamp if resume else None,
            after=resume.after if resume else None,
            damage=damage,
        )
        thumbnail = resume.last_thumbnail if resume else None
        held: list[FaceTable] = []
        index = 0
        for batch in _batches(frames):
            minute = int(batch[0].timestamp // MINUTE)
            if held and minute != index:
                assert thumbnail is not None
                yield Minute(index, concatenate(held), thumbnail)
                held = []
            index = minute
            table, thumbnail = self.read(batch, thumbnail)
            held.append(table)
            for k, frame in enumerate(batch):
                on_seen(Seen(frame.timestamp, frame.image, table.box_xyxy[table.frame == k]))
            on_progress(batch[-1].timestamp)
        if held and thumbnail is not None:
            yield Minute(index, concatenate(held), thumbnail)

    def read(self, batch: list[Frame], thumbnail: Image | None) -> tuple[FaceTable, Image]:
        """The face table of a few pictures, and the thumbnail of the last; `thumbnail`: of the one before."""
        found = self.models.detector.detect([frame.image for frame in batch])
        scene_change = []
        for frame in batch:
            latest: Image = np.asarray(cv2.resize(frame.image, THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)
            scene_change.append(0.0 if thumbnail is None else float(cv2.absdiff(latest, thumbnail).mean()) / 255)
            thumbnail = latest
        assert thumbnail is not None
        n = sum(map(len, found))
        table = FaceTable(
            timestamps=np.array([frame.timestamp for frame in batch]),
            scene_change=np.array(scene_change, np.float32),
            frame=np.repeat(np.arange(len(batch), dtype=np.int32), [len(faces) for faces in found]),
            box_xyxy=np.concatenate([faces.box_xyxy for faces in found]),
            landmarks=np.concatenate([faces.landmarks for faces in found]),
            probability=np.concatenate([faces.probability for faces in found]),
            embedding=embed_both_ways(self.models.embedder, _chips(batch, found, self.models.embedder)),
            emotion=self.models.recogniser.recognise(_chips(batch, found, self.models.recogniser)),
            track=np.full(n, NO_TRACK, np.int32),
        )
        return table, thumbnail


def _chips(batch: list[Frame], found: list[Faces], model: Embedder | EmotionRecogniser) -> Image:
    """Every found face, cut as this model wants it: (n, side, side, 3)."""
    chips = [
        cut(frame.image, box, landmarks, model.crop)
        for frame, faces in zip(batch, found, strict=True)
        for box, landmarks in zip(faces.box_xyxy, faces.landmarks, strict=True)
    ]
    return np.stack(chips) if chips else np.empty((0, model.crop.side, model.crop.side, 3), np.uint8)


def _batches(frames: Iterator[Frame]) -> Iterator[list[Frame]]:
    """A few pictures at a time, all of one size and one minute."""
    while batch := list(islice(frames, 1)):
        for frame in frames:
            first = batch[0]
            same_minute = frame.timestamp // MINUTE == first.timestamp // MINUTE
            if len(batch) == BATCH or not same_minute or frame.image.shape != first.image.shape:
                yield batch
                batch = []
            batch.append(frame)
        yield batch
