"""Video -> face table: every face at every sampled time, with its embedding and emotion."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import DeviceUnavailable
from core.faces.crop import cut
from core.faces.detection import USUAL_FACE, FaceDetector, Faces, MtcnnDetector, reduction
from core.faces.embedders import DEFAULT_EMBEDDER, Embedder, embed_both_ways, embedder
from core.faces.reading import FaceReading, Read, cut_out
from core.faces.search import FaceSearch, samples, scene_change, thumbnail_of
from core.faces.table import NO_TRACK, FaceTable, concatenate
from core.video.ahead import Ahead, threads_for_decoding
from core.video.damage import Damage
from core.video.frames import Frame, Picture, sampled_pictures
from core.video.picture import Image
from core.video.streams import AUTOMATIC, Tracks

if TYPE_CHECKING:  # torch is loaded with the networks
    from core.faces.emotion import EmotionRecogniser

GPU = "cuda"  # as torch calls it
BLOCKS_AHEAD = 1  # that a stage may be ahead of the next
AHEAD_BYTES = 20 << 20  # of pictures that are decoded ahead of the search
MARGIN = 4.0  # seconds before a stretch from which pictures are read, to choose and compare the first ones
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
    min_face: float = USUAL_FACE,
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
    from core.faces.emotion import recogniser

    if device != "cpu":
        import torch

        if device != "auto" and not torch.cuda.is_available():
            raise DeviceUnavailable(
                "device {device!r} was asked for, but torch finds no GPU here; use auto or cpu", device=device
            )
        device = GPU if torch.cuda.is_available() else "cpu"
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


@dataclass(frozen=True)
class ExtractionSettings:
    """What the user can choose: samples per second, the smallest face as a share of the shorter side, the models.

    Without a smallest face it is a twelfth, or smaller where a first look at a video of the workspace saw smaller ones.
    `exhaustive` searches every sampled picture whole and at full size and embeds every face: slow, to compare with.
    """

    sample_rate: float = 3.0
    min_face: float | None = None
    embedder: str = DEFAULT_EMBEDDER
    recogniser: str = "ferplus"
    device: str = "auto"
    exhaustive: bool = False

    @property
    def smallest_face(self) -> float:
        """The smallest face looked for, as a share of the picture's shorter side."""
        return USUAL_FACE if self.min_face is None else self.min_face

    def load_models(self) -> Models:
        """The networks that these settings name. Raises WeightsUnavailable."""
        return load_models(
            min_face=self.smallest_face,
            embedder_name=self.embedder,
            recogniser_name=self.recogniser,
            device=self.device,
        )


@dataclass(frozen=True, eq=False)
class Stretch:
    """What is to be read of a video: all of it, or what follows an earlier reading.

    `first_timestamp` is the first that was ever given, `after` the last (seconds), `last_thumbnail` that of its
    picture.
    """

    path: Path
    settings: ExtractionSettings
    tracks: Tracks = AUTOMATIC
    first_timestamp: float | None = None
    after: float | None = None
    last_thumbnail: NDArray[np.uint8] | None = None


OnSeen = Callable[[Seen], None]
# Reads the minutes of a stretch in order of time, counts damage, tells the seconds it has come to, and shows pictures.
MinuteReader = Callable[[Stretch, Damage, Callable[[float], None], OnSeen], Generator[Minute]]


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
                held.append(replace(block, cuts=[]))  # without its pictures
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


def pictures_of(stretch: Stretch, damage: Damage, *, gpu: bool = False, n_processes: int = 1) -> Ahead[Picture]:
    """The sampled pictures of a stretch, decoded ahead by one of n processes."""
    settings = stretch.settings
    pictures = sampled_pictures(
        stretch.path,
        settings.sample_rate,
        lambda height, width: reduction(height, width, settings.smallest_face),
        first_timestamp=stretch.first_timestamp,
        after=stretch.after,
        damage=damage,
        tracks=stretch.tracks,
        gpu=gpu,
        n_threads=threads_for_decoding(n_processes),
    )
    return Ahead(pictures, limit=AHEAD_BYTES, weight=lambda picture: picture.image.nbytes)


def minutes_of(
    pictures: Iterator[Picture],
    models: Models,
    stretch: Stretch,
    on_progress: Callable[[float], None],
    on_seen: OnSeen = lambda seen: None,
) -> Generator[Minute]:
    """The minutes of a stretch's pictures, as `VideoFeatureExtractor.minutes`."""
    return VideoFeatureExtractor(models, exhaustive=stretch.settings.exhaustive).minutes(
        pictures,
        sample_rate=stretch.settings.sample_rate,
        last_thumbnail=stretch.last_thumbnail,
        on_progress=on_progress,
        on_seen=on_seen,
    )


def minutes_between(
    stretch: Stretch,
    start: float,
    end: float,
    models: Models,
    damage: Damage,
    on_progress: Callable[[float], None] = lambda completed: None,
    on_seen: OnSeen = lambda seen: None,
    n_processes: int = 1,
) -> list[Minute]:
    """The minutes from `start` to `end` seconds, both at the bounds of minutes, as a reading of the whole gives them.

    `stretch` says where the first picture of the video lies; `n_processes` share the processors. Reading begins some
    pictures earlier, for the choice of a picture and its difference to the one before depend on those.
    """
    back = MARGIN
    while True:
        after = start - back if start > back else None
        with closing(
            pictures_of(replace(stretch, after=after), damage, gpu=models.gpu, n_processes=n_processes)
        ) as pictures:
            before, first = None, None
            for first in pictures:
                if first.timestamp >= start:
                    break
                before, first = first, None
            if before is None and after is not None:
                back *= 4
                continue
            wanted = takewhile(lambda picture: picture.timestamp < end, chain([first] if first else [], pictures))
            thumbnail = None if before is None else thumbnail_of(before.reduced)
            part = replace(stretch, after=after, last_thumbnail=thumbnail)
            return list(minutes_of(wanted, models, part, on_progress, on_seen))
