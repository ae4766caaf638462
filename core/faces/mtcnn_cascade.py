"""MTCNN's cascade: proposals over a pyramid of sizes, refined and concluded by two more networks.

Zhang et al. 2016, doi:10.1109/LSP.2016.2603342. The networks are facenet-pytorch's, the cascade around them is ours: a
window that leaves the picture sees its border replicated (facenet-pytorch cuts the window off and stretches the rest,
which misplaces the landmarks of faces at the edge).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from core.faces.batches import batches
from core.faces.crop import square

if TYPE_CHECKING:
    import torch

# MTCNN's geometry: PNet judges a window of 12 pixels every 2; sizes of the pyramid are half an octave apart.
CELL, STRIDE, PYRAMID_FACTOR = 12, 2, 0.5**0.5
# Scores below which the three networks drop a window; the last is the lowest probability that is reported.
THRESHOLDS = (0.5, 0.6, 0.7)
# Pixels of replicated border around every size of the pyramid: a third of the window.
BORDER = 4
# Input sides of the second and third network.
REFINED_SIDE, CONCLUDED_SIDE = 24, 48
# Times that the third network looks again at the square of its own box. Where a face was looked for then matters half
# as much: between two ways of searching, emotions differ by 0.004 to 0.012 instead of 0.008 to 0.024 (two videos).
SETTLING = 2
# Overlap above which only one of the second network's squares goes on.
REFINED_OVERLAP = 0.7
# Chips that go through the second and third network at once, and pixels through the first: what fits into a processor's
# cache is twice as fast.
CHIPS = {REFINED_SIDE: 32, CONCLUDED_SIDE: 8}
PROPOSED_PIXELS = 1 << 16

Arrays = tuple[np.ndarray, ...]
Pictures = Sequence[np.ndarray]
# A network with its weights: chips to outputs.
Net = Callable[[Any], tuple[Any, ...]]


class Cascade:
    """The three networks with their weights; squares and boxes are in the pixels of the pictures that are given.

    Found windows are rows of parallel arrays: the index of their picture (n,) and their square (n, 4), x0 y0 x1 y1.
    """

    def __init__(self, nets: Sequence[Net], device: str) -> None:
        self._pnet, self._rnet, self._onet = nets
        self._device = device
        self._scale = 1 if device == "cpu" else 128  # a GPU is kept busy by many windows, a processor's cache holds few

    def propose(self, images: Pictures, smallest: float, largest: float, threshold: float = THRESHOLDS[0]) -> Arrays:
        """PNet over a pyramid of sizes: picture and square of what may be a face of `smallest` to `largest` pixels.

        The pictures are of one size. Windows whose score is below `threshold` are dropped.
        """
        height, width = images[0].shape[:2]
        levels: list[Pictures] = []
        edges = (BORDER, BORDER, BORDER, BORDER)
        windows = [(np.empty(0, np.int64), np.empty((0, 4)), np.empty(0))]
        face = smallest
        while face <= largest:
            source = levels[-2] if len(levels) > 1 else images
            levels.append([shrink(image, width * CELL / face, height * CELL / face) for image in source])
            face /= PYRAMID_FACTOR
            padded = np.stack([cv2.copyMakeBorder(x, *edges, cv2.BORDER_REPLICATE) for x in levels[-1]])
            if min(padded.shape[1:3]) >= CELL:
                unit = np.array([width / levels[-1][0].shape[1], height / levels[-1][0].shape[0]])
                n = max(1, self._scale * PROPOSED_PIXELS // (padded.shape[1] * padded.shape[2]))
                for part in batches(len(padded), 1 << n.bit_length() - 1):
                    outputs = self._pnet(_to_tensor(padded[part], self._device))
                    shift, score = (y.float().cpu().numpy() for y in outputs)
                    picture, box, probability = _windows(shift, score[:, 1], unit, threshold)
                    windows.append((picture + part.start, box, probability))
        picture, box, score = (np.concatenate(column) for column in zip(*windows, strict=True))
        keep = suppress(box, score, picture, 0.7)
        return picture[keep], squares_of(box[keep])

    def refine(
        self, images: Pictures, picture: np.ndarray, squares: np.ndarray, overlap: float = REFINED_OVERLAP
    ) -> Arrays:
        """RNet on the proposals: the picture indices and squares that remain.

        Of squares whose intersection over union is above `overlap` one remains.
        """
        if len(picture) == 0:
            return picture, squares
        shift, score = self._run(self._rnet, _chips(images, picture, squares, REFINED_SIDE))
        accepted = score[:, 1] > THRESHOLDS[1]
        picture, squares, shift, score = (x[accepted] for x in (picture, squares, shift, score[:, 1]))
        keep = suppress(squares, score, picture, overlap)
        return picture[keep], squares_of(_moved(squares[keep], shift[keep]))

    def conclude(self, images: Pictures, picture: np.ndarray, squares: np.ndarray) -> Arrays:
        """ONet on what remains: picture index (n,), box (n, 4), landmarks (n, 5, 2), probability (n,)."""
        if len(picture) == 0:
            return picture, squares, np.empty((0, 5, 2)), np.empty(0)
        box, points, score = self._look(images, picture, squares)
        accepted = score >= THRESHOLDS[2]
        picture, box, points, score = (x[accepted] for x in (picture, box, points, score))
        keep = suppress_contained(box, score, picture, 0.7)
        picture, box, points, score = (x[keep] for x in (picture, box, points, score))
        for _ in range(SETTLING if len(picture) else 0):
            box, points, _ = self._look(images, picture, squares_of(box))
        return picture, box, points, score

    def _look(self, images: Pictures, picture: np.ndarray, squares: np.ndarray) -> Arrays:
        """What ONet sees in squares: box (n, 4), landmarks (n, 5, 2), probability (n,)."""
        shift, points, score = self._run(self._onet, _chips(images, picture, squares, CONCLUDED_SIDE))
        points = points.reshape(-1, 2, 5).transpose(0, 2, 1)  # (n, 5, 2)
        points = squares[:, None, :2] + points * (squares[:, 2:] - squares[:, :2])[:, None]
        return _moved(squares, shift), points, score[:, 1]

    def _run(self, net: Net, chips: np.ndarray) -> list[np.ndarray]:
        """A network's outputs over any number of chips, a few at a time."""
        n = CHIPS[chips.shape[1]] * self._scale
        parts = [net(_to_tensor(chips[part], self._device)) for part in batches(len(chips), n)]
        return [np.concatenate([part.cpu().numpy() for part in column]) for column in zip(*parts, strict=True)]


def _to_tensor(chips: np.ndarray, device: str) -> torch.Tensor:
    """Pictures uint8 (n, h, w, 3) as the networks want them: float (n, 3, h, w), centred, about [-1, 1]."""
    import torch

    return (torch.from_numpy(chips).to(device).permute(0, 3, 1, 2).float() - 127.5) * 0.0078125


def shrink(image: np.ndarray, width: float, height: float) -> np.ndarray:
    """A picture brought to about this size, area-averaged."""
    size = (max(round(width), 1), max(round(height), 1))
    return image if size == image.shape[1::-1] else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _windows(shift: np.ndarray, score: np.ndarray, unit: np.ndarray, threshold: float) -> Arrays:
    """PNet's windows above the threshold: picture index, box moved as the network says, score.

    ``shift`` (n, 4, rows, columns), ``score`` (n, rows, columns); ``unit`` (x, y) is the size of a level's pixel.
    """
    picture, row, column = np.nonzero(score >= threshold)
    corner = (STRIDE * np.stack([column, row], axis=1) - BORDER) * unit
    box = np.concatenate([corner, corner + CELL * unit], axis=1)
    keep = suppress(box, score[picture, row, column], picture, 0.5)
    picture, row, column = picture[keep], row[keep], column[keep]
    return picture, _moved(box[keep], shift[picture, :, row, column]), score[picture, row, column]


def _moved(box: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) moved by the network's shifts (n, 4), which are shares of the box's size."""
    moved: np.ndarray = box + shift * np.tile(box[:, 2:] - box[:, :2], 2)
    return moved


def squares_of(box: np.ndarray) -> np.ndarray:
    """Squares (n, 4) of whole pixels around the centres of boxes (n, 4), as large as their longer side; all finite."""
    size = np.maximum(np.round((box[:, 2:] - box[:, :2]).max(axis=1, keepdims=True)), 1)
    corner = np.round((box[:, :2] + box[:, 2:] - size) / 2)
    return np.concatenate([corner, corner + size], axis=1)


def _chips(images: Pictures, picture: np.ndarray, squares: np.ndarray, side: int) -> np.ndarray:
    """Squares (n, 4) cut out of their pictures, uint8 (n, side, side, 3)."""
    chips = np.empty((len(squares), side, side, 3), np.uint8)
    corner = squares[:, :2].astype(int).tolist()
    sizes = (squares[:, 2] - squares[:, 0]).astype(int).tolist()
    for chip, k, (x0, y0), size in zip(chips, picture.tolist(), corner, sizes, strict=True):
        cut = square(images[k], x0, y0, size)
        while cut.shape[0] >= 4 * side:  # halving is much faster than averaging over an odd number of pixels
            even = cut.shape[0] // 2 * 2
            cut = cv2.resize(cut[:even, :even], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.resize(cut, (side, side), dst=chip, interpolation=cv2.INTER_AREA)
    return chips


def suppress(box: np.ndarray, score: np.ndarray, picture: np.ndarray, overlap: float) -> np.ndarray:
    """Rows that survive non-maximum suppression by IoU within each picture, best first."""
    if len(box) == 0:
        return np.empty(0, np.int64)
    corner_size: Any = np.concatenate([box[:, :2], box[:, 2:] - box[:, :2]], axis=1).astype(np.float64)
    scores: Any = score.astype(np.float32)
    pictures: Any = picture.astype(np.int32)
    kept = cv2.dnn.NMSBoxesBatched(corner_size, scores, pictures, 0.0, overlap)
    return np.asarray(kept, np.int64).reshape(-1)


def suppress_contained(box: np.ndarray, score: np.ndarray, picture: np.ndarray, overlap: float) -> np.ndarray:
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
