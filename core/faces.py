"""Faces in pictures: detection (MTCNN), alignment to a network's chip, and tracks over time."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from core.errors import FaceNotFound, WeightsUnavailable

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

Point = tuple[float, float]
Arrays = tuple[np.ndarray, ...]
# A network with its weights, as facenet-pytorch builds it: chips to outputs.
Net = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Crop:
    """How a network wants its face: a square chip, aligned by landmarks or cut around the box.

    ``landmarks`` are the five target points (x, y) in the chip, in the order left eye, right eye, nose, left and
    right mouth corner (left as seen in the picture). Without them the chip is the square of ``box_scale`` times the
    longer side of the box.
    """

    side: int
    landmarks: tuple[Point, Point, Point, Point, Point] | None = None
    box_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.side < 1 or not self.box_scale > 0:
            raise ValueError(f"Crop: side {self.side} and box_scale {self.box_scale} must be positive.")
        if self.landmarks is not None and np.shape(self.landmarks) != (5, 2):
            raise ValueError(f"Crop: landmarks have shape {np.shape(self.landmarks)}, expected five (x, y) points.")


def cut(image: np.ndarray, box_xyxy: np.ndarray, landmarks: np.ndarray, crop: Crop) -> np.ndarray:
    """Cut one face out of a picture as a square chip.

    Parameters
    ----------
    image
        RGB uint8 (h, w, 3) of any size; it is read, never copied as a whole.
    box_xyxy
        The face's box (4,) in pixels; it may reach outside the picture, whose border is then replicated.
    landmarks
        The face's five points (5, 2) in pixels; used if ``crop.landmarks`` is given.
    crop
        The chip's size and geometry.

    Returns
    -------
    np.ndarray
        RGB uint8 (side, side, 3).

    Raises
    ------
    FaceNotFound
        If the picture is empty, the box has no extent, or what the crop uses is NaN or coincides in one point.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise FaceNotFound(f"Cannot cut a face from {image.dtype} {image.shape}; expected RGB uint8 (h, w, 3).")
    if crop.landmarks is None:
        return _cut_box(image, np.asarray(box_xyxy, dtype=np.float64), crop)
    return _cut_aligned(image, _similarity_transform(np.asarray(landmarks), np.asarray(crop.landmarks)), crop.side)


def _similarity_transform(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares rotation, uniform scale and shift (2, 3) from points (n, 2) to points (n, 2).

    Umeyama 1991, doi:10.1109/34.88573; in the plane, without mirroring, it is a complex regression.
    """
    x = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    y = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    spread = np.abs(x - x.mean()) ** 2
    if not np.isfinite(x).all() or spread.sum() < 1e-6:
        raise FaceNotFound(f"Cannot align a face by the landmarks {source.tolist()}; expected five distinct points.")
    a = (np.conj(x - x.mean()) * (y - y.mean())).sum() / spread.sum()
    if abs(a) < 1e-6:
        raise FaceNotFound(f"Cannot align a face by the landmarks {source.tolist()}; they look like no face.")
    b = y.mean() - a * x.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _cut_aligned(image: np.ndarray, transform: np.ndarray, side: int) -> np.ndarray:
    """Warp the part of the picture that the chip needs, area-averaged first when it is larger than the chip."""
    height, width = image.shape[:2]
    inverse = cv2.invertAffineTransform(transform)
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]]) @ inverse.T
    shrink = max(int(1 / np.hypot(transform[0, 0], transform[1, 0])), 1)
    margin = 2 * shrink + 1
    x0, y0 = np.clip(np.floor(corners.min(axis=0)) - margin, 0, (width - 1, height - 1)).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)) + margin, (x0 + 1, y0 + 1), (width, height)).astype(int)
    region = image[y0:y1, x0:x1]
    if shrink > 1:
        region = cv2.resize(region, (-(-(x1 - x0) // shrink), -(-(y1 - y0) // shrink)), interpolation=cv2.INTER_AREA)
    # Region pixels -> picture pixels (pixel centres lie at integers), then picture -> chip.
    fx, fy = (x1 - x0) / region.shape[1], (y1 - y0) / region.shape[0]
    to_picture = np.array([[fx, 0, x0 + (fx - 1) / 2], [0, fy, y0 + (fy - 1) / 2], [0, 0, 1]])
    return cv2.warpAffine(
        region, transform @ to_picture, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _cut_box(image: np.ndarray, box: np.ndarray, crop: Crop) -> np.ndarray:
    """The square around the box, padded only by what of it lies outside the picture."""
    extent = max(box[2] - box[0], box[3] - box[1])
    if not np.isfinite(box).all() or not extent > 0:
        raise FaceNotFound(f"Cannot cut the box {box.tolist()}; expected x0 < x1 and y0 < y1.")
    size = max(round(crop.box_scale * extent), 1)
    x0, y0 = (round((box[k] + box[k + 2] - size) / 2) for k in (0, 1))
    square = _square(image, x0, y0, size)
    shrinking = size > crop.side
    return cv2.resize(square, (crop.side, crop.side), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def _square(image: np.ndarray, x0: int, y0: int, size: int) -> np.ndarray:
    """A square of whole pixels; what lies outside the picture repeats its border, however far away."""
    height, width = image.shape[:2]
    left, top = min(max(-x0, 0), size - 1), min(max(-y0, 0), size - 1)
    x0, x1 = min(max(x0, 0), width - 1), min(max(x0 + size, 1), width)
    y0, y1 = min(max(y0, 0), height - 1), min(max(y0 + size, 1), height)
    right, bottom = size - left - (x1 - x0), size - top - (y1 - y0)
    inner = image[y0:y1, x0:x1]
    if left == top == right == bottom == 0:
        return inner
    return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE)


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
    from facenet_pytorch.models import mtcnn

    folder = Path(mtcnn.__file__).parent.parent / "data"
    digest = hashlib.sha256()
    nets = []
    for build, file in ((mtcnn.PNet, "pnet.pt"), (mtcnn.RNet, "rnet.pt"), (mtcnn.ONet, "onet.pt")):
        try:
            content = (folder / file).read_bytes()
            net = build(pretrained=False)
            net.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
        except Exception as error:  # a damaged checkpoint can raise anything
            raise WeightsUnavailable(
                f"Cannot read the face detector's weights {folder / file}: {error}. Install facenet-pytorch again."
            ) from error
        digest.update(content)
        nets.append(torch.inference_mode()(net.to(device, memory_format=torch.channels_last).eval()))
    return nets, f"sha256:{digest.hexdigest()}"


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
        cv2.resize(_square(halvings[j][k], x0, y0, n), (side, side), dst=chip, interpolation=cv2.INTER_AREA)
    return chips


def _suppress(box: np.ndarray, score: np.ndarray, picture: np.ndarray, overlap: float) -> np.ndarray:
    """Rows that survive non-maximum suppression by IoU within each picture."""
    import torch
    from torchvision.ops import batched_nms

    arrays = (torch.from_numpy(x) for x in (box, score.astype(np.float64), picture))
    kept: np.ndarray = batched_nms(*arrays, overlap).numpy()
    return kept


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


def tracks(
    frame: np.ndarray,
    box_xyxy: np.ndarray,
    link_similarity: Callable[[np.ndarray, np.ndarray], np.ndarray],
    timestamps: np.ndarray,
    cut_before: np.ndarray,
    *,
    max_gap: float = 1.0,
    min_iou: float = 0.2,
    min_similarity: float = 0.1,
    strict_similarity: float = 0.5,
) -> np.ndarray:
    """Link the faces of a face table into tracks: one face seen at successive times.

    A face continues the track whose last face overlaps it and does not look like somebody else (within a shot), or
    whose last face is strictly similar (anywhere, also across a scene cut). Of all assignments of a frame's faces to
    open tracks the one with the greatest sum of similarity and overlap is taken (Kuhn 1955,
    doi:10.1002/nav.3800020109).

    Parameters
    ----------
    frame
        Index (n,) of each face's frame, non-decreasing.
    box_xyxy
        Boxes (n, 4) in pixels.
    link_similarity
        Takes row numbers a and b, gives the similarities (len(a), len(b)) on the common scale; NaN never links.
    timestamps
        Seconds (n_frames,), strictly increasing.
    cut_before
        bool (n_frames,): a scene cut lies between this frame and the one before it.
    max_gap
        A track stays open for so many seconds, and half a sample period, after its last face.
    min_iou, min_similarity
        What a link within a shot needs, both.
    strict_similarity
        What any other link needs.

    Returns
    -------
    np.ndarray
        int32 (n,) track numbers 0, 1, ... by first appearance; faces of one frame never share one.

    Raises
    ------
    ValueError
        If the lengths do not fit together or ``frame`` is not sorted or outside ``timestamps``.
    """
    _check_table(frame, box_xyxy, timestamps, cut_before)
    reach = max_gap + (float(np.median(np.diff(timestamps))) / 2 if len(timestamps) > 1 else 0.0) + 1e-6
    shot = np.cumsum(cut_before)[frame] if len(frame) else np.empty(0, np.int64)
    times = np.asarray(timestamps, dtype=np.float64)[frame] if len(frame) else np.empty(0)
    track = np.full(len(frame), -1, np.int32)
    starts = np.flatnonzero(np.diff(frame, prepend=-1)).tolist()
    last = np.empty(0, np.int64)  # the last row of every open track
    n_tracks = 0
    for start, stop in itertools.pairwise([*starts, len(frame)]):
        rows = np.arange(start, stop)
        last = last[times[start] - times[last] <= reach]
        if len(last):
            similarity = np.asarray(link_similarity(last, rows), dtype=np.float64)  # (n_open, n_faces)
            overlap = np.where((shot[last] == shot[start])[:, None], _iou(box_xyxy[last], box_xyxy[rows]), 0.0)
            within = (overlap >= min_iou) & (similarity >= min_similarity)
            strict = similarity >= strict_similarity
            gain = np.where(within | strict, similarity + overlap, 0.0)
            old, new = linear_sum_assignment(gain, maximize=True)
            linked = (within | strict)[old, new]
            track[rows[new[linked]]] = track[last[old[linked]]]
            last = np.delete(last, old[linked])
        fresh = rows[track[rows] < 0]
        track[fresh] = np.arange(n_tracks, n_tracks + len(fresh))
        n_tracks += len(fresh)
        last = np.concatenate([last, rows])
    return track


def _check_table(frame: np.ndarray, box_xyxy: np.ndarray, timestamps: np.ndarray, cut_before: np.ndarray) -> None:
    if len(box_xyxy) != len(frame) or len(cut_before) != len(timestamps):
        raise ValueError(
            f"tracks: got {len(frame)} frame numbers for {len(box_xyxy)} boxes, "
            f"{len(cut_before)} scene cuts for {len(timestamps)} timestamps; expected equal lengths."
        )
    if len(frame) and (np.any(np.diff(frame) < 0) or frame[0] < 0 or frame[-1] >= len(timestamps)):
        raise ValueError(f"tracks: frame numbers must be sorted and lie in [0, {len(timestamps)}).")


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union (m, n) of boxes (m, 4) and (n, 4)."""
    size = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    common = np.maximum(size, 0).prod(axis=2)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b))
    iou: np.ndarray = common / np.maximum(area_a[:, None] + area_b - common, 1e-9)
    return iou
