"""Faces in pictures: detection with MTCNN, in whole pictures or around places where faces are expected."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from core.faces.crop import square
from core.faces.mtcnn_cascade import THRESHOLDS, Cascade, Net, Pictures, shrink, squares_of
from core.storage.weights import describe, find

# Faces in pixels: the smallest that can be found, and the size to which larger pictures bring theirs for the search.
SMALLEST_FACE, SEARCHED_FACE = 20, 40
# The same where the last network sees the picture at full size; the second one sees 24 pixels.
REDUCED_FACE = 30
# The smallest face usually wanted, as a share of the picture's shorter side.
USUAL_FACE = 1 / 12
# The largest face looked for, as a share of the picture's shorter side.
LARGEST_FACE = 1.3
# Around an expected face: side of the region and sizes looked for, as shares of its side, and pixels of the region.
REGION_SIZE, REGION_SHARES, REGION_SIDE = 3.0, (0.62, 1.6), 120
# Score above which the first network's windows go on in a video's pictures, facenet-pytorch's own. It leaves a quarter
# fewer to look at than 0.5, and lost 1 of 217 sure faces in four videos. With 0.7, which leaves 44 % fewer, none of 352
# large faces was lost, but one of the smallest wanted size in every other picture.
VIDEO_THRESHOLD = 0.6
# Probability of a face at its expected place, and how far its edges may be off in its sides, to look no further.
SURE, LARGEST_SHIFT = 0.95, 0.2
# Overlap above which only one of several candidates in a region goes on: there is one face, and it is well centred.
REGION_OVERLAP = 0.4


@dataclass(frozen=True)
class Faces:
    """The faces of one picture, the most probable first; boxes and points in that picture's pixels.

    ``box_xyxy`` (n, 4), ``landmarks`` (n, 5, 2) in the order of `Crop`, ``probability`` (n,) in [0, 1], all float32
    and finite. Boxes and points may reach outside the picture.
    """

    box_xyxy: np.ndarray
    landmarks: np.ndarray
    probability: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.probability)
        for name, shape in (("box_xyxy", (n, 4)), ("landmarks", (n, 5, 2)), ("probability", (n,))):
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(f"Faces.{name}: got {array.dtype} {array.shape}, expected float32 {shape}.")
            if not np.isfinite(array).all():
                raise ValueError(f"Faces.{name}: got NaN or infinity, expected finite values.")

    def __len__(self) -> int:
        return len(self.probability)

    @classmethod
    def none(cls) -> Faces:
        """No faces at all."""
        return cls(np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32))


class FaceDetector(Protocol):
    """Finds faces; ``digest`` names the weights, so that stored faces know what they came from."""

    name: str
    digest: str

    def detect(self, images: Sequence[np.ndarray]) -> list[Faces]:
        """Faces of each picture, RGB uint8 (h, w, 3)."""
        ...


@runtime_checkable
class FaceFollower(Protocol):
    """A detector that can be told where to look, for pictures that follow each other in a video.

    Each picture is given at full size and reduced, both RGB uint8; boxes are in the pixels of the full one.
    """

    def search(self, images: Pictures, reduced: Pictures) -> list[Faces]:
        """Faces of each picture; all are of one size."""
        ...

    def follow(self, images: Pictures, reduced: Pictures, picture: np.ndarray, box_xyxy: np.ndarray) -> list[Faces]:
        """Faces around each expected box (m, 4) of the pictures with the indices (m,)."""
        ...


class MtcnnDetector:
    """Multi-task cascaded networks (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342), weights of facenet-pytorch.

    Pictures larger than the smallest wanted face needs are searched at a smaller size.

    Parameters
    ----------
    min_face
        The smallest face wanted, as a share of the picture's shorter side; never under 20 pixels.
    device
        Where torch runs the networks.
    batch
        Pictures of equal size that go through the networks together.

    Raises
    ------
    WeightsUnavailable
        If a weight file is missing or damaged.
    """

    name = "mtcnn"

    def __init__(self, min_face: float = USUAL_FACE, *, device: str = "cpu", batch: int = 16) -> None:
        if not 0 < min_face <= 1 or batch < 1:
            raise ValueError(f"MtcnnDetector: min_face {min_face} must lie in (0, 1] and batch {batch} be positive.")
        self.min_face = min_face
        self.batch = batch
        nets, self.digest = _load_mtcnn(device)
        self._cascade = Cascade(nets, device)

    def detect(self, images: Sequence[np.ndarray]) -> list[Faces]:
        """Faces with a probability of at least 0.7, the most probable first.

        Parameters
        ----------
        images
            RGB uint8 (h, w, 3), of any sizes; equal sizes that follow each other are searched together.

        Returns
        -------
        list[Faces]
            One a picture, in its own pixels; empty where there is no face or no pixel.

        Raises
        ------
        ValueError
            If a picture is not RGB uint8.
        """
        found: list[Faces] = []
        for shape, group in itertools.groupby(images, key=np.shape):
            pictures = list(group)
            if len(shape) != 3 or shape[2] != 3 or any(picture.dtype != np.uint8 for picture in pictures):
                raise ValueError(f"detect: got {pictures[0].dtype} {shape}, expected RGB uint8 (h, w, 3).")
            for first in range(0, len(pictures), self.batch):
                part = pictures[first : first + self.batch]
                if min(shape) == 0:
                    found += [Faces.none()] * len(part)
                    continue
                height, width = shape[:2]
                reduce = min(SEARCHED_FACE / self._smallest(height, width), 1.0)
                small = [shrink(image, width * reduce, height * reduce) for image in part]
                found += self._search(small, small, part[0])
        return found

    def search(self, images: Pictures, reduced: Pictures) -> list[Faces]:
        """Faces of pictures of one size, as `detect`; proposed in the reduced ones, concluded in the full ones.

        Where the reduced ones are the full ones themselves, all is searched as carefully as in `detect`.
        """
        threshold = THRESHOLDS[0] if reduced is images else VIDEO_THRESHOLD
        found: list[Faces] = []
        for first in range(0, len(images), self.batch):
            part = images[first : first + self.batch]
            found += self._search(reduced[first : first + self.batch], part, part[0], threshold)
        return found

    def follow(self, images: Pictures, reduced: Pictures, picture: np.ndarray, box_xyxy: np.ndarray) -> list[Faces]:
        """Faces around each expected one, of about its size.

        The last network looks at the expected place itself; where it does not see a sure face right there, a square of
        three times the size is searched.

        Parameters
        ----------
        picture, box_xyxy
            Index of its picture (m,) and expected box (m, 4) of each face, in the full pictures' pixels.

        Returns
        -------
        list[Faces]
            One an expected face; the same face may be found from several.
        """
        looked = [images[k] for k in picture.tolist()]
        found = self._there(looked, box_xyxy)
        rest = np.array([k for k, faces in enumerate(found) if len(faces) == 0], np.int64)
        for k, faces in zip(rest.tolist(), self._around(images, reduced, picture[rest], box_xyxy[rest]), strict=True):
            found[k] = faces
        return found

    def _there(self, images: Pictures, box_xyxy: np.ndarray) -> list[Faces]:
        """The face at each box (m, 4) of a picture of its own, none where there is no sure one right there."""
        if len(images) == 0:
            return []
        index, box, points, probability = self._cascade.conclude(images, np.arange(len(images)), squares_of(box_xyxy))
        side = np.maximum((box_xyxy[:, 2:] - box_xyxy[:, :2]).max(axis=1)[index], 1)
        off = np.abs(box - box_xyxy[index]).max(axis=1) / side
        sure = (probability >= SURE) & (off <= LARGEST_SHIFT)
        return _by_picture(images, index[sure], box[sure], points[sure], probability[sure])

    def _around(self, images: Pictures, reduced: Pictures, picture: np.ndarray, box_xyxy: np.ndarray) -> list[Faces]:
        """Faces in a square around each box (m, 4) of the pictures with the indices (m,)."""
        if len(picture) == 0:
            return []
        unit = _unit(images[0], reduced[0])
        centre = (box_xyxy[:, :2] + box_xyxy[:, 2:]) / (2 * unit)
        side = np.maximum((box_xyxy[:, 2:] - box_xyxy[:, :2]).max(axis=1) / unit.max(), 1)
        size = np.maximum(np.round(REGION_SIZE * side), 3).astype(int)
        corner = np.round(centre - size[:, None] / 2).astype(int)
        around = (REGION_SIDE, REGION_SIDE)
        regions = [
            cv2.resize(square(reduced[k], x0, y0, n), around, interpolation=cv2.INTER_AREA)
            for k, (x0, y0), n in zip(picture.tolist(), corner.tolist(), size.tolist(), strict=True)
        ]
        smallest, largest = (share * REGION_SIDE / REGION_SIZE for share in REGION_SHARES)
        region, squares = self._cascade.propose(regions, smallest, largest)
        region, squares = self._cascade.refine(regions, region, squares, REGION_OVERLAP)
        scale = (size[region] / REGION_SIDE)[:, None]
        squares = _scaled(squares * scale + np.tile(corner[region], 2), unit)
        looked = [images[k] for k in picture.tolist()]
        return _by_picture(looked, *self._cascade.conclude(looked, region, squares))

    def _smallest(self, height: int, width: int) -> float:
        """The smallest face wanted in a picture of this size, in its pixels."""
        return max(self.min_face * min(height, width), SMALLEST_FACE)

    def _search(
        self, reduced: Pictures, concluded: Pictures, image: np.ndarray, threshold: float = THRESHOLDS[0]
    ) -> list[Faces]:
        """All three stages on pictures of one size; `image` is one in whose pixels the faces are wanted."""
        height, width = image.shape[:2]
        small_height, small_width = reduced[0].shape[:2]
        smallest = self._smallest(height, width) * min(small_height / height, small_width / width)
        picture, squares = self._cascade.propose(
            reduced, smallest, LARGEST_FACE * min(small_height, small_width), threshold
        )
        picture, squares = self._cascade.refine(reduced, picture, squares)
        squares = _scaled(squares, _unit(concluded[0], reduced[0]))
        picture, box, points, probability = self._cascade.conclude(concluded, picture, squares)
        unit = _unit(image, concluded[0])
        return _by_picture([image] * len(reduced), picture, box * np.tile(unit, 2), points * unit, probability)


def reduction(height: int, width: int, min_face: float) -> float:
    """The size at which pictures are searched for faces of `min_face` of their shorter side, as a share of their own.

    The smallest faces then have 30 pixels.
    """
    return min(REDUCED_FACE / max(min_face * min(height, width), SMALLEST_FACE), 1.0)


def _unit(image: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """Size (x, y) of a reduced picture's pixel in pixels of the full one."""
    return np.array([image.shape[1] / reduced.shape[1], image.shape[0] / reduced.shape[0]])


def _scaled(squares: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Squares (n, 4) of whole pixels in a picture whose pixels are smaller by `unit` (x, y)."""
    if (unit == 1).all() and (squares == np.round(squares)).all():
        return squares
    centre = (squares[:, :2] + squares[:, 2:]) / 2 * unit
    size = np.maximum(np.round((squares[:, 2:] - squares[:, :2]) * unit.mean()), 1)
    corner = np.round(centre - size / 2)
    return np.concatenate([corner, corner + size], axis=1)


def _by_picture(
    images: Pictures, picture: np.ndarray, box: np.ndarray, points: np.ndarray, probability: np.ndarray
) -> list[Faces]:
    """One `Faces` a picture, without those whose centre lies outside it."""
    height, width = images[0].shape[:2]
    centre = (box[:, :2] + box[:, 2:]) / 2
    inside = ((centre >= 0) & (centre <= (width, height))).all(axis=1)
    order = np.argsort(-probability, kind="stable")
    rows = [order[(picture[order] == k) & inside[order]] for k in range(len(images))]
    return [Faces(*(column[r].astype(np.float32) for column in (box, points, probability))) for r in rows]


def _load_mtcnn(device: str) -> tuple[list[Net], str]:
    """The three networks with the weights of facenet-pytorch, and one SHA-256 over the three files."""
    import torch

    from core.faces import mtcnn_networks as mtcnn

    digest = hashlib.sha256()
    nets = []
    for net, name in ((mtcnn.pnet, "pnet"), (mtcnn.rnet, "rnet"), (mtcnn.onet, "onet")):
        content = find(describe(f"mtcnn_{name}")).read_bytes()
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        nets.append(mtcnn.with_weights(net, state, device))
        digest.update(content)
    return nets, f"sha256:{digest.hexdigest()}"
