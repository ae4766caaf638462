"""Cutting a face out of a picture as a square chip, as a network wants it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.errors import FaceNotFound

Point = tuple[float, float]


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

    def check(self, chips: np.ndarray, owner: str) -> None:
        """Raise ValueError unless these are chips for the network of that name: uint8 (n, side, side, 3)."""
        expected = (self.side, self.side, 3)
        if chips.dtype != np.uint8 or chips.shape[1:] != expected:
            raise ValueError(f"{owner}: chips are {chips.dtype} {chips.shape}, expected uint8 (n, {str(expected)[1:]}")


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
        raise FaceNotFound(
            "Cannot cut a face from {dtype} {shape}; expected RGB uint8 (h, w, 3).",
            dtype=image.dtype,
            shape=image.shape,
        )
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
        raise FaceNotFound(
            "Cannot align a face by the landmarks {landmarks}; expected five distinct points.",
            landmarks=source.tolist(),
        )
    a = (np.conj(x - x.mean()) * (y - y.mean())).sum() / spread.sum()
    if abs(a) < 1e-6:
        raise FaceNotFound(
            "Cannot align a face by the landmarks {landmarks}; they look like no face.", landmarks=source.tolist()
        )
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
        raise FaceNotFound("Cannot cut the box {box}; expected x0 < x1 and y0 < y1.", box=box.tolist())
    size = max(round(crop.box_scale * extent), 1)
    x0, y0 = (round((box[k] + box[k + 2] - size) / 2) for k in (0, 1))
    region = square(image, x0, y0, size)
    shrinking = size > crop.side
    return cv2.resize(region, (crop.side, crop.side), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def square(image: np.ndarray, x0: int, y0: int, size: int) -> np.ndarray:
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
