"""Video -> face table: every face at every sampled time, with its embedding and emotion."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import DeviceUnavailable
from core.faces.crop import cut
from core.faces.detection import FaceDetector, Faces, MtcnnDetector
from core.faces.embedders import DEFAULT_EMBEDDER, Embedder, embed_both_ways, embedder
from core.faces.emotion import EmotionRecogniser, recogniser
from core.faces.reading import FaceReading, Read, cut_out
from core.faces.search import FaceSearch, samples, scene_change, thumbnail_of
from core.faces.table import NO_TRACK, FaceTable, concatenate
from core.video.ahead import Ahead
from core.video.frames import Frame, Picture
from core.video.picture import Image

BLOCKS_AHEAD = 2  # that a stage may be ahead of the next
T = TypeVar("T")


@dataclass(frozen=True)
class Models:
    """The three networks of an extraction; `gpu`: they run on one."""

    detector: FaceDetector
    embedder: Embedder
    recogniser: EmotionRecogniser
    gpu: bool = False

    def names(self) -> dict[str, dict[str, str]]:
        """Name and digest of each, as written into a feature file."""
        return {
            "detector": {"name": self.detector.name, "digest": self.detector.digest},
            "embedder": {"name": self.embedder.name, "digest": self.embedder.digest},
            "recogniser": {"name": self.recogniser.name, "digest": self.recogniser.digest},
        }


def load_models(
    *,
    min_face: float = 1 / 12,
    embedder_name: str = DEFAULT_EMBEDDER,
    recogniser_name: str = "ferplus",
    device: str = "auto",
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
            raise DeviceUnavailable(
                "device {device!r} was asked for, but torch finds no GPU here; use auto or cpu", device=device
            )
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Models(
        detector=MtcnnDetector(min_face, device=device),
        embedder=embedder(embedder_name, device=device),
        recogniser=recogniser(recogniser_name, device=device),
        gpu=device != "cpu",
    )


@dataclass(frozen=True, eq=False)
class Minute:
    """What one minute of a video gave.

    `last_thumbnail` is that of its last sampled picture, `chips` maps rows of the table to small JPEG pictures.
    """

    index: int
    faces: FaceTable
    last_thumbnail: NDArray[np.uint8]
    chips: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Seen:
    """A sampled picture as it was searched, RGB uint8 (h, w, 3), its time, and the boxes (n, 4) of its faces.

    It may be smaller than the video's own pictures; the boxes are in its pixels, the time in seconds.
    """

    timestamp: float
    image: Image
    box_xyxy: NDArray[np.float32]


class VideoFeatureExtractor:
    """Searches the sampled pictures of a video for faces and reads them.

    Parameters
    ----------
    exhaustive
        Search every picture whole and at full size and embed every face: slow, to compare with.
    """

    def __init__(self, models: Models, *, exhaustive: bool = False) -> None:
        self.models = models
        self.exhaustive = exhaustive

    def minutes(
        self,
        pictures: Iterator[Picture],
        *,
        sample_rate: float,
        last_thumbnail: Image | None = None,
        on_progress: Callable[[float], None] = lambda completed: None,
        on_seen: Callable[[Seen], None] = lambda seen: None,
    ) -> Generator[Minute]:
        """The face table minute by minute, in order of time; faces have no tracks yet.

        Searching, reading and what is done with a minute overlap. A minute is a fixed stretch of the video's time, so
        that a resumed extraction gives the same ones; a minute without a sampled picture is left out.

        Parameters
        ----------
        pictures
            In order of time, `sample_rate` a second; closed at the end if it can be.
        last_thumbnail
            That of the picture before the first, where an earlier extraction stopped.
        """
        held: list[Read] = []
        with closing(self._read(pictures, sample_rate, last_thumbnail)) as blocks:
            for block in blocks:
                held.append(block)
                for c in block.cuts:
                    on_seen(Seen(c.sample.picture.timestamp, c.sample.picture.image, c.seen_xyxy))
                on_progress(float(block.table.timestamps[-1]))
                last = block.cuts[-1].sample
                if last.ends_minute:
                    yield _minute(last.minute, held, last.thumbnail)
                    held = []

    def _read(self, pictures: Iterator[Picture], sample_rate: float, last_thumbnail: Image | None) -> Ahead[Read]:
        """The stages, each in a thread of its own."""
        models = self.models
        search = FaceSearch(models.detector, sample_rate, exhaustive=self.exhaustive, gpu=models.gpu)
        reading = FaceReading(models.embedder, models.recogniser, sample_rate, exhaustive=self.exhaustive)
        found = search.search(samples(pictures, last_thumbnail))
        cuts = Ahead(_with(cut_out(found, models.embedder.crop, models.recogniser.crop), pictures), limit=BLOCKS_AHEAD)
        return Ahead(_with((reading.read(block) for block in cuts), cuts), limit=BLOCKS_AHEAD)

    def read(self, batch: list[Frame], thumbnail: Image | None) -> tuple[FaceTable, Image]:
        """The face table of a few pictures, and the thumbnail of the last; `thumbnail`: of the one before."""
        found = self.models.detector.detect([frame.image for frame in batch])
        changes = []
        for frame in batch:
            latest = thumbnail_of(frame.image)
            changes.append(scene_change(latest, thumbnail))
            thumbnail = latest
        assert thumbnail is not None
        n = sum(map(len, found))
        table = FaceTable(
            timestamps=np.array([frame.timestamp for frame in batch]),
            scene_change=np.array(changes, np.float32),
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


def _minute(index: int, held: list[Read], last_thumbnail: Image) -> Minute:
    chips: dict[int, bytes] = {}
    offset = 0
    for block in held:
        chips.update({row + offset: jpeg for row, jpeg in block.chips.items()})
        offset += len(block.table)
    return Minute(index, concatenate([block.table for block in held]), last_thumbnail, chips)


def _with(items: Iterator[T], source: object) -> Iterator[T]:
    """Items that are made from a source, which is closed with them."""
    try:
        yield from items
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()
