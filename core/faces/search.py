"""Where the pictures of a video are searched: whole once a second, in between around the faces that are known.

All decisions depend on the pictures of one minute alone, so an extraction that goes on at a minute decides the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.faces.detection import FaceDetector, FaceFollower, Faces
from core.faces.mtcnn_cascade import suppress_contained
from core.faces.tracks import SCENE_CUT
from core.video.frames import Picture
from core.video.picture import Image

MINUTE = 60.0  # seconds: what is kept when an extraction is stopped
WHOLE_EVERY = 1.0  # seconds between two whole searches
LONGEST_INTERVAL = 8  # pictures between two whole searches at most, for the sake of memory
BLOCK, GPU_BLOCK = 12, 60  # pictures searched together, about
BLOCK_BYTES = 32 << 20
THUMBNAIL = (32, 18)  # pixels (w, h) of the pictures compared for a scene change
CONFIDENT = 0.9  # detection probability of a face whose loss or appearance counts
# How far a face may have moved between two whole searches, and between its place and where it was expected, in its own
# sides, and how much it may have grown, to be taken for the same.
FARTHEST_MOVE, FARTHEST_OFF, LARGEST_GROWTH = 2.0, 0.6, 1.5


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture, how much it differs from the one before (0 to 1), and whether it begins or ends a stretch.

    A stretch lies within one minute and one shot, and its pictures are of one size.
    """

    picture: Picture
    scene_change: float
    thumbnail: Image
    first: bool
    last: bool
    ends_minute: bool

    @property
    def minute(self) -> int:
        """Number of the minute that it lies in."""
        return int(self.picture.timestamp // MINUTE)

    def without_image(self) -> Sample:
        """The same with the reduced picture alone."""
        small = Picture(self.picture.timestamp, self.picture.reduced, self.picture.reduced)
        return replace(self, picture=small)


def thumbnail_of(image: Image) -> Image:
    """The small picture by which scene changes are judged."""
    return np.asarray(cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)


def scene_change(latest: Image, before: Image | None) -> float:
    """Mean difference of two thumbnails as a share of the value range; 0 where there is none before."""
    return 0.0 if before is None else float(cv2.absdiff(latest, before).mean()) / 255


def samples(pictures: Iterable[Picture], thumbnail: Image | None) -> Iterator[Sample]:
    """Pictures in order of time with their place in a stretch; `thumbnail`: of the picture before the first."""
    waiting: Sample | None = None
    for picture in pictures:
        latest = thumbnail_of(picture.reduced)
        change = scene_change(latest, thumbnail)
        thumbnail = latest
        new_minute = waiting is None or int(picture.timestamp // MINUTE) != waiting.minute
        other_size = waiting is None or picture.image.shape != waiting.picture.image.shape
        first = new_minute or other_size or change >= SCENE_CUT
        if waiting is not None:
            yield replace(waiting, last=first, ends_minute=new_minute)
        waiting = Sample(picture, change, latest, first, last=False, ends_minute=False)
    if waiting is not None:
        yield replace(waiting, last=True, ends_minute=True)


@dataclass(frozen=True, eq=False)
class Searched:
    """A sample with its faces; `whole`: it is one of those that are searched whole in any case."""

    sample: Sample
    faces: Faces
    whole: bool


class FaceSearch:
    """Finds the faces of a video's pictures, a few together.

    Parameters
    ----------
    detector
        One that cannot be told where to look searches every picture whole.
    sample_rate
        Pictures a second.
    exhaustive
        Search every picture whole and at full size.
    """

    def __init__(self, detector: FaceDetector, sample_rate: float, *, exhaustive: bool, gpu: bool = False) -> None:
        self.detector = detector
        self.exhaustive = exhaustive
        self._step = WHOLE_EVERY - 0.5 / sample_rate
        self._block = GPU_BLOCK if gpu else BLOCK

    def search(self, found: Iterable[Sample]) -> Iterator[list[Searched]]:
        """The samples in blocks that end with one that is searched whole; none spans two minutes."""
        block: list[tuple[Sample, bool]] = []
        before: Searched | None = None  # the last of the block before, where the stretch goes on
        n_bytes, since, n_since = 0, -np.inf, 0
        for sample in found:
            time = sample.picture.timestamp
            n_since += 1
            due = time - since >= self._step or n_since >= LONGEST_INTERVAL
            whole = sample.first or sample.last or due or self.exhaustive
            if whole:
                since, n_since = time, 0
            block.append((sample, whole))
            n_bytes += sample.picture.image.nbytes
            full = len(block) >= self._block or n_bytes >= BLOCK_BYTES
            if sample.ends_minute or (whole and full):
                searched = self._searched(block, before)
                before = None if sample.last else replace(searched[-1], sample=sample.without_image())
                block, n_bytes = [], 0
                yield searched
                del searched  # its pictures would stay while those of the next block are collected

    def _searched(self, block: list[tuple[Sample, bool]], before: Searched | None) -> list[Searched]:
        pictures = [sample.picture for sample, _ in block]
        found: dict[int, Faces] = {}
        self._whole(pictures, [k for k, (_, whole) in enumerate(block) if whole], found)
        lost = [k for k in range(len(block)) if k not in found]
        if lost and isinstance(self.detector, FaceFollower):
            lost = self._follow(self.detector, block, before, found)
        self._whole(pictures, lost, found)
        return [Searched(sample, found[k], whole) for k, (sample, whole) in enumerate(block)]

    def _whole(self, pictures: list[Picture], wanted: list[int], found: dict[int, Faces]) -> None:
        """Search the wanted pictures whole, those of one size together."""
        for start, stop in _of_one_size([pictures[k].image.shape for k in wanted]):
            part = wanted[start:stop]
            images, reduced = [pictures[k].image for k in part], [pictures[k].reduced for k in part]
            if isinstance(self.detector, FaceFollower):
                faces = self.detector.search(images, images if self.exhaustive else reduced)
            else:
                faces = self.detector.detect(images)
            found.update(zip(part, faces, strict=True))

    def _follow(
        self,
        detector: FaceFollower,
        block: list[tuple[Sample, bool]],
        before: Searched | None,
        found: dict[int, Faces],
    ) -> list[int]:
        """Look where faces are expected; the pictures in which that was not enough."""
        whole = [k for k, (_, is_whole) in enumerate(block) if is_whole]
        times = [sample.picture.timestamp for sample, _ in block]
        expected: dict[int, Expected] = {}
        lost: list[int] = []
        for k in (k for k in range(len(block)) if k not in found):
            left, right = max((j for j in whole if j < k), default=-1), min(j for j in whole if j > k)
            if left >= 0:
                earlier, start = found[left], times[left]
            else:
                assert before is not None
                earlier, start = before.faces, before.sample.picture.timestamp
            place = expect(earlier, found[right], (times[k] - start) / (times[right] - start))
            if place is None:
                lost.append(k)
            else:
                expected[k] = place
        for start, stop in _of_one_size([block[k][0].picture.image.shape for k in expected]):
            part = list(expected)[start:stop]
            images, reduced = ([getattr(block[k][0].picture, size) for k in part] for size in ("image", "reduced"))
            owner = np.repeat(np.arange(len(part)), [len(expected[k].box_xyxy) for k in part])
            regions = detector.follow(images, reduced, owner, np.concatenate([expected[k].box_xyxy for k in part]))
            for i, k in enumerate(part):
                faces = merged([regions[j] for j in np.flatnonzero(owner == i)])
                if expected[k].all_in(faces):
                    found[k] = faces
                else:
                    lost.append(k)
        return sorted(lost)


def _of_one_size(shapes: list[tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """Stretches [start, stop) of equal shapes."""
    start = 0
    for k in range(1, len(shapes) + 1):
        if k == len(shapes) or shapes[k] != shapes[start]:
            yield start, k
            start = k


@dataclass(frozen=True, eq=False)
class Expected:
    """Boxes (n, 4) where faces are expected; the first `n_sure` must be found again."""

    box_xyxy: np.ndarray
    n_sure: int

    def all_in(self, faces: Faces) -> bool:
        """Whether every sure face was found, each by a face of its own."""
        if self.n_sure == 0:
            return True
        if len(faces) < self.n_sure:
            return False
        off = distance(self.box_xyxy[: self.n_sure], faces.box_xyxy)
        nearest = off.argmin(axis=1)
        return bool((off.min(axis=1) <= FARTHEST_OFF).all()) and len(set(nearest.tolist())) == self.n_sure


def expect(earlier: Faces, later: Faces, share: float) -> Expected | None:
    """Where the faces of two pictures are in one between them, after `share` of the time; None where that is unsure.

    It is unsure when a face is certain in one of the two and is not there, near its place, in the other.
    """
    sure_a, sure_b = (np.flatnonzero(faces.probability >= CONFIDENT) for faces in (earlier, later))
    if len(sure_a) != len(sure_b):
        return None
    a, b = earlier.box_xyxy[sure_a], later.box_xyxy[sure_b]
    if len(a):
        off = distance(a, b)
        partner = off.argmin(axis=1)
        b = b[partner]
        side_a, side_b = ((box[:, 2:] - box[:, :2]).max(axis=1) for box in (a, b))
        growth = np.maximum(side_a / side_b, side_b / side_a)
        if len(set(partner.tolist())) < len(a) or (off.min(axis=1) > FARTHEST_MOVE).any():
            return None
        if (growth > LARGEST_GROWTH).any():
            return None
    unsure = [faces.box_xyxy[faces.probability < CONFIDENT] for faces in (earlier, later)]
    between = (1 - share) * a + share * b
    return Expected(np.concatenate([between, *unsure]).astype(np.float32), len(a))


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance (n, m) between the centres of boxes (n, 4) and (m, 4), in sides of the smaller box."""
    centre_a, centre_b = ((box[:, :2] + box[:, 2:]) / 2 for box in (a, b))
    side_a, side_b = ((box[:, 2:] - box[:, :2]).max(axis=1) for box in (a, b))
    smaller = np.maximum(np.minimum(side_a[:, None], side_b), 1e-6)
    apart: np.ndarray = np.linalg.norm(centre_a[:, None] - centre_b, axis=2) / smaller
    return apart


def merged(parts: list[Faces]) -> Faces:
    """Faces found in regions of one picture that may overlap, each once, the most probable first."""
    if not parts:
        return Faces.none()
    box, landmarks, probability = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("box_xyxy", "landmarks", "probability")
    )
    keep = suppress_contained(box, probability, np.zeros(len(box), np.int64), 0.7)
    return Faces(box[keep], landmarks[keep], probability[keep])
