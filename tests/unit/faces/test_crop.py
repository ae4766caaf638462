"""Cutting faces with a known geometry."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.errors import FaceNotFound
from core.faces.crop import Crop, cut
from core.faces.detection import Faces

TARGET = ((48.0, 46.0), (102.0, 46.0), (75.0, 78.0), (51.0, 105.0), (98.0, 105.0))
ALIGNED = Crop(150, TARGET)
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255))


def dotted(points: np.ndarray, *, radius: int, shape: tuple[int, int] = (900, 1200)) -> np.ndarray:
    image = np.full((*shape, 3), 40, np.uint8)
    for (x, y), colour in zip(points, COLOURS, strict=True):
        cv2.circle(image, (round(x * 16), round(y * 16)), radius * 16, colour, -1, cv2.LINE_AA, shift=4)
    return image


def dot(chip: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Centre (x, y) of what has the colour of a dot."""
    likeness = np.clip(1 - np.abs(chip.astype(float) - colour).max(axis=2) / 100, 0, None)
    rows, columns = np.indices(likeness.shape)
    return np.array([(columns * likeness).sum(), (rows * likeness).sum()]) / likeness.sum()


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.9, 3.0, 4.7])
@pytest.mark.parametrize("degrees", [0, 30, -75])
def test_landmarks_land_at_the_target_points(scale, degrees):
    turn = np.exp(1j * np.radians(degrees)) * scale
    points = (np.array(TARGET) - 75) @ [1, 1j] * turn
    points = np.stack([points.real + 600.3, points.imag + 450.7], axis=1)
    chip = cut(dotted(points, radius=max(round(6 * scale), 2)), np.zeros(4), points, ALIGNED)
    assert chip.shape == (150, 150, 3)
    assert chip.dtype == np.uint8
    for target, colour in zip(TARGET, COLOURS, strict=True):
        assert np.abs(dot(chip, colour) - target).max() < 1.0


def test_large_faces_are_averaged_not_sampled():
    """A checkerboard of single pixels becomes grey: no aliasing."""
    image = np.indices((1200, 1200)).sum(axis=0) % 2 * 255
    image = np.repeat(image[..., None], 3, axis=2).astype(np.uint8)
    points = np.array(TARGET) * 8
    for chip in (
        cut(image, np.zeros(4), points, ALIGNED),
        cut(image, np.array([10.0, 10, 1190, 1190]), points, Crop(48)),
    ):
        assert np.abs(chip.astype(int) - 127).max() <= 3


def test_aligned_chip_repeats_the_border_outside_the_picture():
    image = np.full((60, 80, 3), (10, 20, 30), np.uint8)
    for shift in (-40, 30, 5000, -5000):
        chip = cut(image, np.zeros(4), np.array(TARGET) * 0.5 + shift, ALIGNED)
        assert (chip == (10, 20, 30)).all()


def test_box_chip_is_the_centred_square():
    image = np.zeros((200, 300, 3), np.uint8)
    image[60:100, 100:140] = 255
    chip = cut(image, np.array([110.0, 60.0, 130.0, 100.0]), np.zeros((5, 2)), Crop(40))
    assert (chip == 255).all()
    wide = cut(image, np.array([110.0, 60.0, 130.0, 100.0]), np.zeros((5, 2)), Crop(40, box_scale=2.0))
    assert (wide[11:29, 11:29] == 255).all()
    assert (wide[:9] == 0).all()
    assert (wide[:, 31:] == 0).all()


@pytest.mark.parametrize("box", [(-30, -30, 20, 20), (90, 40, 150, 90), (-500, 10, -450, 60), (-20, -20, 120, 90)])
def test_box_outside_the_picture_repeats_the_border(box):
    rows, columns = np.indices((63, 101))
    image = np.stack([columns, rows, rows * 0], axis=2).astype(np.uint8)
    size = max(box[2] - box[0], box[3] - box[1])
    chip = cut(image, np.array(box, float), np.zeros((5, 2)), Crop(size))
    x0, y0 = round((box[0] + box[2] - size) / 2), round((box[1] + box[3] - size) / 2)
    assert (chip[..., 0] == np.clip(np.arange(x0, x0 + size), 0, 100)).all()
    assert (chip[..., 1] == np.clip(np.arange(y0, y0 + size), 0, 62)[:, None]).all()


def test_cut_leaves_the_picture_alone_and_takes_views():
    image = dotted(np.array(TARGET) + 200, radius=4)
    before = image.copy()
    flipped = image[:, ::-1]
    assert cut(flipped, np.array([5.0, 5, 60, 70]), np.zeros((5, 2)), Crop(48)).shape == (48, 48, 3)
    assert cut(flipped, np.zeros(4), np.array(TARGET), ALIGNED).shape == (150, 150, 3)
    assert (image == before).all()


@pytest.mark.parametrize("landmarks", [np.full((5, 2), np.nan), np.full((5, 2), 7.0)])
def test_unusable_landmarks_are_refused(landmarks):
    with pytest.raises(FaceNotFound, match="landmarks"):
        cut(np.zeros((50, 50, 3), np.uint8), np.array([0.0, 0, 9, 9]), landmarks, ALIGNED)


@pytest.mark.parametrize("box", [(5, 5, 5, 5), (9, 9, 3, 3), (np.nan, 0, 5, 5)])
def test_unusable_boxes_are_refused(box):
    with pytest.raises(FaceNotFound, match="box"):
        cut(np.zeros((50, 50, 3), np.uint8), np.array(box, float), np.zeros((5, 2)), Crop(48))


@pytest.mark.parametrize("image", [np.zeros((50, 50), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)])
def test_pictures_of_another_kind_are_refused(image):
    with pytest.raises(FaceNotFound, match="RGB uint8"):
        cut(image, np.array([0.0, 0, 9, 9]), np.zeros((5, 2)), Crop(48))


def test_crop_and_faces_check_themselves():
    with pytest.raises(ValueError, match="positive"):
        Crop(0)
    with pytest.raises(ValueError, match="five"):
        Crop(48, ((0.0, 0.0),) * 4)
    assert len(Faces.none()) == 0
    with pytest.raises(ValueError, match="landmarks"):
        Faces(np.zeros((2, 4), np.float32), np.zeros((1, 5, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="NaN"):
        Faces(np.full((1, 4), np.nan, np.float32), np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32))
