"""Faces: cutting with a known geometry, detection on two portraits, tracks on planted tables."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.errors import FaceNotFound, WeightsUnavailable
from core.faces import Crop, Faces, MtcnnDetector, cut, tracks

FIXTURES = Path(__file__).parent.parent / "fixtures"
TARGET = ((48.0, 46.0), (102.0, 46.0), (75.0, 78.0), (51.0, 105.0), (98.0, 105.0))
ALIGNED = Crop(150, TARGET)
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255))
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


# Cutting


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


# Detection


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
    from facenet_pytorch.models import mtcnn

    if content is not None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "pnet.pt").write_bytes(content)
    monkeypatch.setattr(mtcnn, "__file__", str(tmp_path / "models" / "mtcnn.py"))
    with pytest.raises(WeightsUnavailable, match=r"pnet\.pt"):
        MtcnnDetector()


@pytest.mark.parametrize("image", [np.zeros((50, 50), np.uint8), np.zeros((50, 50, 4), np.uint8), np.zeros((9, 9, 3))])
def test_detector_refuses_other_pictures(detector, image):
    with pytest.raises(ValueError, match="RGB uint8"):
        detector.detect([image])


# Tracks


class People:
    """A face table as it is planted: who was seen where, with embeddings in which people are far apart."""

    def __init__(self, *sightings: tuple[int, int, float], likeness: float = 0.9) -> None:
        self.frame = np.array([frame for frame, _, _ in sightings], dtype=np.int32)
        self.who = np.array([who for _, who, _ in sightings], dtype=int)
        self.box = np.array([(x, 50, x + 100, 150) for *_, x in sightings], dtype=np.float32).reshape(-1, 4)
        self.likeness = likeness

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(self.who[a][:, None] == self.who[b], self.likeness, -0.5)

    def tracks(self, n_frames: int, cuts: tuple[int, ...] = (), **settings) -> list[int]:
        cut_before = np.isin(np.arange(n_frames), cuts)
        found = tracks(self.frame, self.box, self.similarity, np.arange(n_frames) / 3, cut_before, **settings)
        assert found.dtype == np.int32
        return found.tolist()


def test_one_moving_person_is_one_track():
    assert People(*((k, 0, 40.0 * k) for k in range(10)), likeness=0.2).tracks(10) == [0] * 10


def test_a_jump_needs_strict_similarity():
    assert People((0, 0, 0.0), (1, 0, 500.0), likeness=0.9).tracks(2) == [0, 0]
    assert People((0, 0, 0.0), (1, 0, 500.0), likeness=0.4).tracks(2) == [0, 1]


def test_another_person_at_the_same_place_is_another_track():
    table = People((0, 0, 0.0), (1, 0, 0.0), (2, 1, 0.0), (3, 1, 0.0))
    assert table.tracks(4) == [0, 0, 1, 1]
    assert table.tracks(4, cuts=(2,)) == [0, 0, 1, 1]


def test_a_scene_cut_asks_for_strict_similarity():
    weak = People((0, 0, 0.0), (1, 0, 0.0), likeness=0.4)
    assert weak.tracks(2) == [0, 0]
    assert weak.tracks(2, cuts=(1,)) == [0, 1]
    assert People((0, 0, 0.0), (1, 0, 0.0), likeness=0.6).tracks(2, cuts=(1,)) == [0, 0]


def test_a_cut_in_frames_without_faces_counts():
    weak = People((0, 0, 0.0), (3, 0, 0.0), likeness=0.4)
    assert weak.tracks(4) == [0, 0]
    assert weak.tracks(4, cuts=(2,)) == [0, 1]


def test_two_people_crossing_keep_their_tracks():
    sightings = [(k, who, x) for k in range(11) for who, x in ((0, 40.0 * k), (1, 400 - 40.0 * k))]
    assert People(*sightings).tracks(11) == [0, 1] * 11


def test_two_people_who_swap_places_at_a_cut():
    table = People((0, 0, 0.0), (0, 1, 300.0), (1, 1, 0.0), (1, 0, 300.0))
    assert table.tracks(2, cuts=(1,)) == [0, 1, 1, 0]


def test_gaps_up_to_the_limit_are_bridged():
    """At 3 Hz the limit is 1.0 s and half a sample period: 3 frames yes, 4 frames no."""
    assert People((0, 0, 0.0), (3, 0, 0.0)).tracks(6) == [0, 0]
    assert People((0, 0, 0.0), (4, 0, 0.0)).tracks(6) == [0, 1]
    assert People((0, 0, 0.0), (4, 0, 0.0)).tracks(6, max_gap=2.0) == [0, 0]


def test_embeddings_that_are_nan_never_link():
    assert People((0, 0, 0.0), (1, 0, 0.0), likeness=np.nan).tracks(2) == [0, 1]


def test_empty_and_single_tables():
    assert People().tracks(0) == []
    assert People().tracks(5) == []
    assert People((2, 0, 0.0)).tracks(5) == [0]
    assert People((0, 0, 0.0), (0, 1, 10.0)).tracks(1) == [0, 1]


def test_tables_that_do_not_fit_are_refused():
    table = People((1, 0, 0.0), (0, 0, 0.0))
    with pytest.raises(ValueError, match="sorted"):
        table.tracks(2)
    with pytest.raises(ValueError, match="sorted"):
        People((3, 0, 0.0)).tracks(2)
    with pytest.raises(ValueError, match="equal lengths"):
        tracks(table.frame, table.box[:1], table.similarity, np.arange(2.0), np.zeros(2, bool))
