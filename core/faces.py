"""Faces in pictures: detection with MTCNN."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

from core.crop import square
from core.errors import WeightsUnavailable

if TYPE_CHECKING:
    import torch

# MTCNN's geometry: PNet judges a window of 12 pixels every 2; sizes of the pyramid are half an octave apart.
CELL, STRIDE, PYRAMID_FACTOR = 12, 2, 0.5**0.5
# Scores below which the three networks drop a window; the last is the lowest probability that is reported.
THRESHOLDS = (0.5, 0.6, 0.7)
# Pixels of replicated border around every size of the pyramid: a third of the window.
BORDER = 4
# Faces in pixels: the smallest that can be found, and the size to which larger pictures bring theirs for the search.
SMALLEST_FACE, SEARCHED_FACE = 20, 40
# The largest face looked for, as a share of the picture's shorter side.
LARGEST_FACE = 1.3
Arrays = tuple[np.ndarray, ...]
# A network with its weights, as facenet-pytorch builds it: chips to outputs.
Net = Callable[[Any], tuple[Any, ...]]


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


class MtcnnDetector:
    """Multi-task cascaded networks (Zhang et al. 2016, doi:10.1109/LSP.2016.2603342), weights of facenet-pytorch.

    The networks are facenet-pytorch's, the cascade around them is ours: a window that leaves the picture sees its
    border replicated (facenet-pytorch cuts the window off and stretches the rest, which misplaces the landmarks of
    faces at the edge), and pictures larger than the smallest wanted face needs are searched at a smaller size.

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
        If facenet-pytorch's weight files are missing or cannot be read.
    """

    name = "mtcnn"

    def __init__(self, min_face: float = 1 / 12, *, device: str = "cpu", batch: int = 16) -> None:
        if not 0 < min_face <= 1 or batch < 1:
            raise ValueError(f"MtcnnDetector: min_face {min_face} must lie in (0, 1] and batch {batch} be positive.")
        self.min_face = min_face
        self.batch = batch
        self._device = device
        (self._pnet, self._rnet, self._onet), self.digest = _load_mtcnn(device)

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
                found += self._search(part) if min(shape) > 0 else [Faces.none()] * len(part)
        return found

    def _search(self, images: list[np.ndarray]) -> list[Faces]:
        """All three stages on pictures of one size."""
        height, width = images[0].shape[:2]
        smallest = max(self.min_face * min(height, width), SMALLEST_FACE)
        reduce = min(SEARCHED_FACE / smallest, 1.0)
        small = [_shrink(image, width * reduce, height * reduce) for image in images]
        picture, squares = self._propose(small, smallest * reduce)
        picture, squares = self._refine(small, picture, squares)
        picture, box, points, probability = self._conclude(small, picture, squares)
        unit = np.array([width / small[0].shape[1], height / small[0].shape[0]])
        box, points = box * np.tile(unit, 2), points * unit
        centre = (box[:, :2] + box[:, 2:]) / 2
        inside = ((centre >= 0) & (centre <= (width, height))).all(axis=1)
        order = np.argsort(-probability, kind="stable")
        rows = [order[(picture[order] == k) & inside[order]] for k in range(len(images))]
        return [Faces(*(column[r].astype(np.float32) for column in (box, points, probability))) for r in rows]

    def _propose(self, images: list[np.ndarray], smallest: float) -> tuple[np.ndarray, np.ndarray]:
        """PNet over a pyramid of sizes: picture index (m,) and square (m, 4) of what may be a face."""
        height, width = images[0].shape[:2]
        levels: list[list[np.ndarray]] = []
        edges = (BORDER, BORDER, BORDER, BORDER)
        windows = [(np.empty(0, np.int64), np.empty((0, 4)), np.empty(0))]
        face = smallest
        while face <= LARGEST_FACE * min(height, width):
            source = levels[-2] if len(levels) > 1 else images
            levels.append([_shrink(image, width * CELL / face, height * CELL / face) for image in source])
            face /= PYRAMID_FACTOR
            padded = np.stack([cv2.copyMakeBorder(x, *edges, cv2.BORDER_REPLICATE) for x in levels[-1]])
            if min(padded.shape[1:3]) >= CELL:
                shift, score = (y.float().cpu().numpy() for y in self._pnet(_to_tensor(padded, self._device)))
                unit = (width / levels[-1][0].shape[1], height / levels[-1][0].shape[0])
                windows.append(_windows(shift, score[:, 1], np.array(unit)))
        picture, box, score = (np.concatenate(column) for column in zip(*windows, strict=True))
        keep = _suppress(box, score, picture, 0.7)
        return picture[keep], _squares(box[keep])

    def _refine(self, images: list[np.ndarray], picture: np.ndarray, squares: np.ndarray) -> Arrays:
        """RNet on the proposals: the picture indices and squares that remain."""
        if len(picture) == 0:
            return picture, squares
        shift, score = _run(self._rnet, _chips(images, picture, squares, 24), self._device)
        accepted = score[:, 1] > THRESHOLDS[1]
        picture, squares, shift, score = (x[accepted] for x in (picture, squares, shift, score[:, 1]))
        keep = _suppress(squares, score, picture, 0.7)
        return picture[keep], _squares(_moved(squares[keep], shift[keep]))

    def _conclude(self, images: list[np.ndarray], picture: np.ndarray, squares: np.ndarray) -> Arrays:
        """ONet on what remains: picture index (n,), box (n, 4), landmarks (n, 5, 2), probability (n,)."""
        if len(picture) == 0:
            return picture, squares, np.empty((0, 5, 2)), np.empty(0)
        shift, points, score = _run(self._onet, _chips(images, picture, squares, 48), self._device)
        accepted = score[:, 1] >= THRESHOLDS[2]
        picture, squares, shift, points, score = (x[accepted] for x in (picture, squares, shift, points, score[:, 1]))
        points = points.reshape(-1, 2, 5).transpose(0, 2, 1)  # (n, 5, 2)
        points = squares[:, None, :2] + points * (squares[:, 2:] - squares[:, :2])[:, None]
        box = _moved(squares, shift)
        keep = _suppress_contained(box, score, picture, 0.7)
        return picture[keep], box[keep], points[keep], score[keep]


def _load_mtcnn(device: str) -> tuple[list[Net], str]:
    """The three networks with the weights of facenet-pytorch's wheel, and one SHA-256 over the three files."""
    import torch

    from core import mtcnn

    folder = _weights_folder()
    digest = hashlib.sha256()
    nets = []
    for net, side, file in ((mtcnn.pnet, 12, "pnet.pt"), (mtcnn.rnet, 24, "rnet.pt"), (mtcnn.onet, 48, "onet.pt")):
        try:
            content = (folder / file).read_bytes()
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            ready = mtcnn.with_weights(net, state, device)
            ready(torch.zeros(1, 3, side, side, device=device))  # fails here if a weight is missing or misshapen
        except Exception as error:  # a damaged checkpoint can raise anything
            raise WeightsUnavailable(
                f"Cannot read the face detector's weights {folder / file}: {error}. Install facenet-pytorch again."
            ) from error
        digest.update(content)
        nets.append(ready)
    return nets, f"sha256:{digest.hexdigest()}"


def _weights_folder() -> Path:
    """Where facenet-pytorch keeps its weights; the package itself is not imported."""
    found = importlib.util.find_spec("facenet_pytorch")
    if found is None or found.origin is None:
        raise WeightsUnavailable("facenet-pytorch, whose weights the face detector uses, is missing. Install it again.")
    return Path(found.origin).parent / "data"


def _to_tensor(chips: np.ndarray, device: str) -> torch.Tensor:
    """Pictures uint8 (n, h, w, 3) as the networks want them: float (n, 3, h, w), centred, about [-1, 1]."""
    import torch

    return (torch.from_numpy(chips).to(device).permute(0, 3, 1, 2).float() - 127.5) * 0.0078125


def _run(net: Net, chips: np.ndarray, device: str) -> list[np.ndarray]:
    """A network's outputs over any number of chips, 512 at a time."""
    parts = [net(_to_tensor(chips[k : k + 512], device)) for k in range(0, len(chips), 512)]
    return [np.concatenate([part.cpu().numpy() for part in column]) for column in zip(*parts, strict=True)]


def _shrink(image: np.ndarray, width: float, height: float) -> np.ndarray:
    size = (max(round(width), 1), max(round(height), 1))
    return image if size == image.shape[1::-1] else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _windows(shift: np.ndarray, score: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PNet's windows above the threshold: picture index, box moved as the network says, score.

    ``shift`` (n, 4, rows, columns), ``score`` (n, rows, columns); ``unit`` (x, y) is the size of a level's pixel.
    """
    picture, row, column = np.nonzero(score >= THRESHOLDS[0])
    corner = (STRIDE * np.stack([column, row], axis=1) - BORDER) * unit
    box = np.concatenate([corner, corner + CELL * unit], axis=1)
    keep = _suppress(box, score[picture, row, column], picture, 0.5)
    picture, row, column = picture[keep], row[keep], column[keep]
    return picture, _moved(box[keep], shift[picture, :, row, column]), score[picture, row, column]


def _moved(box: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) moved by the network's shifts (n, 4), which are shares of the box's size."""
    moved: np.ndarray = box + shift * np.tile(box[:, 2:] - box[:, :2], 2)
    return moved


def _squares(box: np.ndarray) -> np.ndarray:
    """Squares of whole pixels around the boxes' centres, as large as their longer side."""
    size = np.maximum(np.round((box[:, 2:] - box[:, :2]).max(axis=1, keepdims=True)), 1)
    corner = np.round((box[:, :2] + box[:, 2:] - size) / 2)
    return np.concatenate([corner, corner + size], axis=1)


def _chips(images: list[np.ndarray], picture: np.ndarray, squares: np.ndarray, side: int) -> np.ndarray:
    """Squares (n, 4) cut out of their pictures, uint8 (n, side, side, 3); large ones out of a halved picture."""
    halvings = [images]
    while min(halvings[-1][0].shape[:2]) > 4 * side:
        halvings.append([_shrink(image, image.shape[1] / 2, image.shape[0] / 2) for image in halvings[-1]])
    size = squares[:, 2] - squares[:, 0]
    level = np.clip(np.log2(size / (2 * side)).astype(int), 0, len(halvings) - 1)
    corner = np.round(squares[:, :2] / 2.0 ** level[:, None]).astype(int).tolist()
    size = np.round(size / 2.0**level).astype(int).tolist()
    chips = np.empty((len(squares), side, side, 3), np.uint8)
    for chip, k, j, (x0, y0), n in zip(chips, picture, level, corner, size, strict=True):
        cv2.resize(square(halvings[j][k], x0, y0, n), (side, side), dst=chip, interpolation=cv2.INTER_AREA)
    return chips


def _suppress(box: np.ndarray, score: np.ndarray, picture: np.ndarray, overlap: float) -> np.ndarray:
    """Rows that survive non-maximum suppression by IoU within each picture, best first."""
    if len(box) == 0:
        return np.empty(0, np.int64)
    corner_size: Any = np.concatenate([box[:, :2], box[:, 2:] - box[:, :2]], axis=1).astype(np.float64)
    scores: Any = score.astype(np.float32)
    pictures: Any = picture.astype(np.int32)
    kept = cv2.dnn.NMSBoxesBatched(corner_size, scores, pictures, 0.0, overlap)
    return np.asarray(kept, np.int64).reshape(-1)


def _suppress_contained(box: np.ndarray, score: np.ndarray, picture: np.ndarray, overlap: float) -> np.ndarray:
    """Rows that survive suppression by the share of the smaller box that a better one covers."""
    area = np.prod(box[:, 2:] - box[:, :2], axis=1)
    keep: list[int] = []
    for k in np.argsort(-score, kind="stable"):
        rivals = [j for j in keep if picture[j] == picture[k]]
        size = np.minimum(box[rivals, 2:], box[k, 2:]) - np.maximum(box[rivals, :2], box[k, :2])
        covered = np.prod(np.maximum(size, 0), axis=1) / np.minimum(area[rivals], area[k])
        if (covered <= overlap).all():
            keep.append(int(k))
    return np.array(keep, dtype=np.int64)
