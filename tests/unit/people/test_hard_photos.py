"""Photos that show little of a face: refused in a sentence, or a reference that can be used; never a fault of ours."""

from contextlib import suppress

import cv2
import numpy as np
import pytest
import torch

from core.errors import FaceNotFound
from core.faces.detection import MtcnnDetector
from core.faces.embedders import embedder
from core.faces.pose import FRONTAL, turned
from core.people.photos import faces_in
from core.video.picture import Image
from tests.portraits import COLLINS, portrait

torch.set_num_threads(1)


def drawing() -> Image:
    picture = np.full((300, 300, 3), 255, np.uint8)
    cv2.circle(picture, (150, 150), 100, (0, 0, 0), 4)
    for x in (110, 190):
        cv2.circle(picture, (x, 120), 12, (0, 0, 0), -1)
    cv2.ellipse(picture, (150, 180), (45, 30), 0, 0, 180, (0, 0, 0), 4)
    return picture


def covered(top: float, bottom: float) -> Image:
    """A portrait with a dark bar over a part of its height, as sunglasses or a mask lie."""
    picture = portrait(COLLINS, 512).copy()
    picture[int(top * 512) : int(bottom * 512), 150:310] = 20
    return picture


def turned_aside(degrees: float) -> Image:
    """A portrait on a cylinder that is turned: the far side of the face is gone, the near one foreshortened."""
    picture = portrait(COLLINS, 512)
    middle, radius = 224, 53  # of the face, in pixels
    y, x = np.mgrid[:512, :512].astype(np.float32)
    seen = np.clip((x - middle) / radius, -1, 1)
    angle = np.clip(np.arcsin(seen) + np.radians(degrees), -np.pi / 2, np.pi / 2)
    column = np.where(np.abs(seen) < 1, middle + radius * np.sin(angle), 0).astype(np.float32)
    return cv2.remap(picture, column, y, cv2.INTER_LINEAR)


PHOTOS = {
    "24 pixels": portrait(COLLINS, 24),
    "a drawing": drawing(),
    "sunglasses": covered(0.2, 0.25),
    "a mask": covered(0.27, 0.42),
    "a side face": turned_aside(60),
    "half a face": portrait(COLLINS, 512)[:, 225:],
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "noise": np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_a_hard_photo_is_refused_in_a_sentence_or_gives_a_usable_reference(name: str) -> None:
    model = embedder()
    with suppress(FaceNotFound):
        faces = faces_in(PHOTOS[name], name, detector=MtcnnDetector(0.04), embedder=model)
        assert all(np.isfinite(face.embeddings[model.digest]).all() for face in faces)


def test_a_side_face_is_a_reference_whose_landmarks_tell_that_it_is_one() -> None:
    model = embedder()
    (face,) = faces_in(PHOTOS["a side face"], "side", detector=MtcnnDetector(0.04), embedder=model)
    assert abs(turned(face.landmarks[None])[0]) > FRONTAL


@pytest.mark.parametrize("name", ["24 pixels", "a drawing", "one pixel", "noise"])
def test_what_shows_no_face_is_no_reference(name: str) -> None:
    with pytest.raises(FaceNotFound, match=f"^{name}: no face was found"):
        faces_in(PHOTOS[name], name, detector=MtcnnDetector(0.04), embedder=embedder())
