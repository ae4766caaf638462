"""Found faces -> face table: an emotion for each, an embedding as often as its track needs one, a small picture.

A face that is followed from picture to picture keeps its identity, so its embedding is taken about once a second, or
every two while it stays alike; the rows in between hold the nearest in time of the same track. All decisions depend
on the pictures of one minute alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from core.faces.crop import Crop, cut
from core.faces.detection import Faces
from core.faces.embedders import Embedder, embed_both_ways
from core.faces.search import CONFIDENT, Sample, Searched, distance
from core.faces.similarity import similarity_of
from core.faces.table import NO_TRACK, FaceTable
from core.video.frames import Picture
from core.video.jpeg import as_jpeg
from core.video.picture import Image

if TYPE_CHECKING:  # torch is loaded with the networks
    from core.faces.emotion import EmotionRecogniser

EMBED_EVERY, EMBED_STEADY_EVERY = 1.0, 2.0  # seconds between two embeddings of a track; while they stay alike
# Similarity of two successive embeddings of a track between which a face counts as steady, and below which every face
# between the two is embedded: of pairs of different people, 2 in 2.4 million and 1 in 12,600 are above
# (docs/identity_model.md), of pairs of photos of one person 38 and 88 %.
ALIKE, DIFFERENT = 0.75, 0.55
LOOK_SIDE = 12  # pixels of the grey picture by which a face is compared with its last embedded self
SAME_LOOK, FOLLOWED_LOOK = 0.75, 0.5  # correlation of two looks: as when it was embedded; still the same face
FOLLOWED_MOVE = 0.75  # distance of a face from the one it follows, in sides of the smaller
CHIP_EVERY = 3.0  # seconds
CHIP = Crop(side=72, box_scale=1.25)
CHIP_QUALITY = 75


@dataclass(frozen=True, eq=False)
class Cut:
    """Faces of one sample with what the networks need of them, in the detector's order.

    `embedder_chips` and `recogniser_chips` are (n, side, side, 3), `chips` JPEG files or none. Of the picture only the
    reduced one is kept, with the boxes `seen_xyxy` (n, 4) in its pixels.
    """

    sample: Sample
    faces: Faces
    seen_xyxy: NDArray[np.float32]
    embedder_chips: Image
    recogniser_chips: Image
    chips: tuple[bytes, ...]


def cut_out(blocks: Iterable[list[Searched]], embedder: Crop, recogniser: Crop) -> Iterator[list[Cut]]:
    """What is needed of every face; every third second of a minute its small picture as well."""
    before: float | None = None  # time of the sample before, within the minute
    for block in blocks:
        done = []
        for searched in block:
            sample, faces = searched.sample, searched.faces
            image, time = sample.picture.image, sample.picture.timestamp
            pairs = list(zip(faces.box_xyxy, faces.landmarks, strict=True))
            kept = before is None or time // CHIP_EVERY != before // CHIP_EVERY
            done.append(
                Cut(
                    sample.without_image(),
                    faces,
                    _reduced(faces.box_xyxy, sample.picture),
                    _stacked([cut(image, *pair, embedder) for pair in pairs], embedder),
                    _stacked([cut(image, *pair, recogniser) for pair in pairs], recogniser),
                    tuple(_jpeg(cut(image, *pair, CHIP)) for pair in pairs) if kept else (),
                )
            )
            before = None if sample.ends_minute else time
        del block, searched, sample, image  # the full pictures are not needed any more
        yield done


def _reduced(box: NDArray[np.float32], picture: Picture) -> NDArray[np.float32]:
    (height, width), (full_height, full_width) = picture.reduced.shape[:2], picture.image.shape[:2]
    return box * np.array([width / full_width, height / full_height] * 2, np.float32)


def _stacked(chips: list[Image], crop: Crop) -> Image:
    return np.stack(chips) if chips else np.empty((0, crop.side, crop.side, 3), np.uint8)


def _jpeg(chip: Image) -> bytes:
    return as_jpeg(chip, quality=CHIP_QUALITY)


@dataclass(eq=False)
class _Track:
    """A face that is being followed from sample to sample.

    `own` holds its rows of the block whose embedding is their own, `embedded_look` the look at the last of them and
    `due` the time in seconds at which the next is wanted. `known` is the last own embedding of the block before, with
    its time.
    """

    box: np.ndarray
    look: np.ndarray
    rows: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    embedded_look: np.ndarray | None = None
    due: float = -np.inf
    steady: bool = False
    known: tuple[float, np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Read:
    """The face table of a few samples; `chips` maps rows to JPEG files."""

    cuts: list[Cut]
    table: FaceTable
    chips: dict[int, bytes]


class FaceReading:
    """Reads the faces of a video block by block; each block ends with a sample that was searched whole.

    Parameters
    ----------
    sample_rate
        Samples a second.
    exhaustive
        Embed every face.
    """

    def __init__(
        self, embedder: Embedder, recogniser: EmotionRecogniser, sample_rate: float, *, exhaustive: bool
    ) -> None:
        self.embedder, self.recogniser = embedder, recogniser
        self._alike = similarity_of(embedder.name)
        self.exhaustive = exhaustive
        self._half = 0.5 / sample_rate
        self._open: list[_Track] = []  # those of the last sample

    def read(self, cuts: list[Cut]) -> Read:
        """The faces of samples that follow those of the last call."""
        chips = np.concatenate([c.recogniser_chips for c in cuts])
        emotion = self.recogniser.recognise(chips)
        counts = [len(c.faces) for c in cuts]
        table = FaceTable(
            timestamps=np.array([c.sample.picture.timestamp for c in cuts]),
            scene_change=np.array([c.sample.scene_change for c in cuts], np.float32),
            frame=np.repeat(np.arange(len(cuts), dtype=np.int32), counts),
            box_xyxy=np.concatenate([c.faces.box_xyxy for c in cuts]),
            landmarks=np.concatenate([c.faces.landmarks for c in cuts]),
            probability=np.concatenate([c.faces.probability for c in cuts]),
            embedding=self._embeddings(cuts, _looks(chips)),
            emotion=emotion,
            track=np.full(sum(counts), NO_TRACK, np.int32),
        )
        starts = np.cumsum([0, *counts]).tolist()
        kept = {start + k: jpeg for start, c in zip(starts, cuts, strict=False) for k, jpeg in enumerate(c.chips)}
        return Read(cuts, table, kept)

    def _embeddings(self, cuts: list[Cut], looks: np.ndarray) -> np.ndarray:
        """Embeddings (n, d): own ones, and those of the nearest own one of the same track."""
        chips = np.concatenate([c.embedder_chips for c in cuts])
        if self.exhaustive:
            return embed_both_ways(self.embedder, chips)
        times = np.repeat([c.sample.picture.timestamp for c in cuts], [len(c.faces) for c in cuts])
        tracks = self._follow(cuts, looks)
        embedding = np.full((len(chips), self.embedder.dimension), np.nan, np.float32)
        self._embed(chips, sorted(row for track in tracks for row in track.own), embedding)
        for track in tracks:
            track.own = sorted({*track.own, *self._between_different(track, embedding)})
        missing = {row for track in tracks for row in track.own if np.isnan(embedding[row]).any()}
        self._embed(chips, sorted(missing), embedding)
        for track in tracks:
            points = [*([track.known] if track.known else []), *((times[row], embedding[row]) for row in track.own)]
            at = np.array([time for time, _ in points])
            for row in track.rows:
                embedding[row] = points[int(np.abs(at - times[row]).argmin())][1]
            track.known = (points[-1][0], points[-1][1].copy())
            track.steady = all(self._similarity(x, y) >= ALIKE for (_, x), (_, y) in itertools.pairwise(points))
            track.rows, track.own = [], []
        return embedding

    def _embed(self, chips: Image, rows: list[int], embedding: np.ndarray) -> None:
        if rows:
            embedding[rows] = embed_both_ways(self.embedder, chips[rows])

    def _similarity(self, a: np.ndarray, b: np.ndarray) -> float:
        return float(self._alike(a[None], b[None])[0, 0])

    def _between_different(self, track: _Track, embedding: np.ndarray) -> list[int]:
        """Rows between two successive own embeddings that differ: who was there when is not known yet."""
        points = [*([(-1, track.known[1])] if track.known else []), *((row, embedding[row]) for row in track.own)]
        return [
            row
            for (a, x), (b, y) in itertools.pairwise(points)
            if self._similarity(x, y) < DIFFERENT
            for row in track.rows
            if a < row < b
        ]

    def _follow(self, cuts: list[Cut], looks: np.ndarray) -> list[_Track]:
        """The tracks with rows among these samples, each with the rows that get embeddings of their own."""
        tracks = list(self._open)
        row = 0
        for c in cuts:
            if c.sample.first:
                self._lose(self._open)
                self._open = []
            rows = np.arange(row, row + len(c.faces))
            row += len(c.faces)
            continued = _continued(self._open, c.faces.box_xyxy, looks[rows])
            self._lose([track for track in self._open if all(track is not other for other in continued)])
            self._open = []
            for k, track in enumerate(continued):
                if track is None:
                    track = _Track(c.faces.box_xyxy[k], looks[rows[k]])
                    tracks.append(track)
                self._open.append(track)
                self._take(track, int(rows[k]), c, k, looks)
        ends = cuts[-1].sample.last
        self._lose([track for track in self._open if ends or not track.steady])
        if ends:
            self._open = []
        return [track for track in tracks if track.rows]

    def _take(self, track: _Track, row: int, c: Cut, k: int, looks: np.ndarray) -> None:
        """Add a row to a track, with an embedding of its own where that is needed."""
        time = c.sample.picture.timestamp
        new = track.embedded_look is None
        unsure = c.faces.probability[k] < CONFIDENT
        if new or unsure or time >= track.due - self._half or float(track.embedded_look @ looks[row]) < SAME_LOOK:
            track.own.append(row)
            track.embedded_look = looks[row]
            track.due = time + (EMBED_STEADY_EVERY if track.steady else EMBED_EVERY)
        track.rows.append(row)
        track.look, track.box = looks[row], c.faces.box_xyxy[k]

    @staticmethod
    def _lose(tracks: list[_Track]) -> None:
        """The last row of a track has an embedding of its own, and the last of a block unless the track is steady."""
        for track in tracks:
            if track.rows and track.rows[-1] not in track.own:
                track.own.append(track.rows[-1])


def _looks(chips: Image) -> np.ndarray:
    """Small grey faces (n, pixels) float32 of mean 0 and length 1."""
    side = (LOOK_SIDE, LOOK_SIDE)
    small = [cv2.resize(chip, side, interpolation=cv2.INTER_AREA).mean(axis=2, dtype=np.float32) for chip in chips]
    grey = np.stack(small).reshape(len(chips), -1) if len(chips) else np.empty((0, LOOK_SIDE**2), np.float32)
    grey -= grey.mean(axis=1, keepdims=True)
    looks: np.ndarray = grey / np.maximum(np.linalg.norm(grey, axis=1, keepdims=True), 1e-6)
    return looks


def _continued(tracks: list[_Track], box: np.ndarray, look: np.ndarray) -> list[_Track | None]:
    """The track that each face (n,) continues: the nearest that looks alike, if any."""
    continued: list[_Track | None] = [None] * len(box)
    if not tracks or len(box) == 0:
        return continued
    off = distance(np.stack([track.box for track in tracks]), box)  # (tracks, faces)
    alike = np.stack([track.look for track in tracks]) @ look.T
    off = np.where((off <= FOLLOWED_MOVE) & (alike >= FOLLOWED_LOOK), off, np.inf)
    while off.min() < np.inf:
        i, k = np.unravel_index(int(off.argmin()), off.shape)
        continued[k] = tracks[i]
        off[i], off[:, k] = np.inf, np.inf
    return continued
