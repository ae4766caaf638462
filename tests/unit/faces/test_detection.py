"""Faces: detection on two portraits."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.errors import WeightsUnavailable
from core.faces.detection import MtcnnDetector
from core.storage import weights as weights_module

FIXTURES = Path(__file__).parents[2] / "fixtures"
# Both eyes, the nose and the corners of the mouth, by eye, in the fixtures' pixels.
TRUTH = {
    "collins": [(204, 103), (246, 105), (227, 131), (203, 141), (245, 143)],
    "hopper": [(222, 193), (309, 188), (268, 237), (234, 281), (308, 276)],
}


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    torch.set_num_threads(1)
    return MtcnnDetector()


def portrait(name: str) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(FIXTURES / f"portrait_{name}.jpg")), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("name", ["collins", "hopper"])
def test_face_of_a_portrait_is_found(detector, name):
    (faces,) = detector.detect([portrait(name)])
    assert len(faces) == 1
    assert faces.probability[0] > 0.99
    box, truth = faces.box_xyxy[0], np.array(TRUTH[name])
    assert (box[:2] < truth.min(axis=0)).all()
    assert (truth.max(axis=0) < box[2:]).all()
    assert np.abs(faces.landmarks[0] - truth).max() < 0.06 * (box[3] - box[1])


@pytest.mark.parametrize("name", ["collins", "hopper"])
@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_face_at_the_edge_keeps_its_landmarks(detector, name, side):
    """The picture ends an eighth of the face's box inside it: the points must stay where they were."""
    image = portrait(name)
    (whole,) = detector.detect([image])
    x0, y0, x1, y1 = whole.box_xyxy[0]
    inset = (y1 - y0) / 8
    left, top = (round(x0 + inset) if side == "left" else 0), (round(y0 + inset) if side == "top" else 0)
    right = round(x1 - inset) if side == "right" else image.shape[1]
    bottom = round(y1 - inset) if side == "bottom" else image.shape[0]
    (faces,) = detector.detect([image[top:bottom, left:right]])
    moved = faces.landmarks[0] + (left, top) - whole.landmarks[0]
    assert np.abs(moved).max() < 0.08 * (y1 - y0)


@pytest.mark.parametrize("degrees", [-25, -15, 15, 25])
def test_turned_and_grey_faces_are_found(detector, degrees):
    image = portrait("hopper")
    turn = cv2.getRotationMatrix2D((265, 235), degrees, 1.0)
    turned = cv2.warpAffine(image, turn, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    grey = np.repeat(cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    expected = np.array(TRUTH["hopper"]) @ turn[:, :2].T + turn[:, 2]
    for faces in detector.detect([turned, grey]):
        assert np.abs(faces.landmarks[0] - expected).max() < 20


def test_large_frames_are_found_in_their_own_pixels(detector):
    """The same face in a frame of twice the size lies at twice the place, although both are searched at one size."""
    image = portrait("hopper")
    small, large = detector.detect([image, cv2.resize(image, None, fx=2.5, fy=2.5)])
    assert np.abs(large.box_xyxy / 2.5 - small.box_xyxy).max() < 15
    assert np.abs(large.landmarks / 2.5 - small.landmarks).max() < 8


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (33, 39), (40, 12), (101, 57)])
def test_tiny_and_odd_frames(detector, shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for image in (noise, np.zeros_like(noise), cv2.resize(portrait("collins"), shape[::-1])):
        (faces,) = detector.detect([image])
        assert len(faces) <= 2


def test_frames_are_answered_in_order(detector):
    collins, hopper = portrait("collins"), portrait("hopper")
    empty = np.zeros((0, 40, 3), np.uint8)
    black = np.zeros((512, 512, 3), np.uint8)
    n_found = [len(faces) for faces in detector.detect([collins, black, collins, hopper, empty, collins])]
    assert n_found == [1, 0, 1, 1, 0, 1]
    assert detector.detect([]) == []


def test_batches_do_not_change_what_is_found(detector):
    images = [portrait("collins"), np.ascontiguousarray(portrait("collins")[:, ::-1])] * 2
    together = detector.detect(images)
    for image, faces in zip(images, together, strict=True):
        (alone,) = detector.detect([image])
        np.testing.assert_allclose(alone.box_xyxy, faces.box_xyxy, atol=0.05)
        np.testing.assert_allclose(alone.landmarks, faces.landmarks, atol=0.05)


def test_faces_come_most_probable_first(detector):
    collins = portrait("collins")
    blurred = cv2.GaussianBlur(collins, (0, 0), 5)
    (faces,) = detector.detect([np.concatenate([blurred, collins], axis=1)])
    assert len(faces) == 2
    assert (np.diff(faces.probability) <= 0).all()
    assert faces.probability.min() >= 0.7


def test_smallest_face_is_a_share_of_the_frame(detector):
    frame = np.full((720, 1280, 3), 90, np.uint8)
    frame[300:428, 600:728] = cv2.resize(portrait("collins"), (128, 128))  # a face of about 28 pixels
    assert len(detector.detect([frame])[0]) == 0
    (faces,) = MtcnnDetector(1 / 36).detect([frame])
    assert len(faces) == 1
    assert np.abs(faces.landmarks[0].mean(axis=0) - (656.5, 331)).max() < 4


def test_detector_names_its_weights(detector):
    assert detector.name == "mtcnn"
    assert detector.digest == "sha256:743721dfef3c9612636462a252c4e3d23c1fab4031274a9692fe3c587dbf1fe5"


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint", b"\x80\x02."])
def test_missing_or_damaged_weights_are_said(monkeypatch, tmp_path, content):
    shutil.copy(weights_module.ASSETS / "weights.json", tmp_path)
    (tmp_path / "mtcnn").mkdir()
    if content is not None:
        (tmp_path / "mtcnn" / "pnet.pt").write_bytes(content)
    monkeypatch.setattr(weights_module, "ASSETS", tmp_path)
    with pytest.raises(WeightsUnavailable, match=r"pnet\.pt"):
        MtcnnDetector()


@pytest.mark.parametrize("image", [np.zeros((50, 50), np.uint8), np.zeros((50, 50, 4), np.uint8), np.zeros((9, 9, 3))])
def test_detector_refuses_other_pictures(detector, image):
    with pytest.raises(ValueError, match="RGB uint8"):
        detector.detect([image])
