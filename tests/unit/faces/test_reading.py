"""How often a followed face is embedded, and that every row has the embedding of its own person."""

from __future__ import annotations

import cv2
import numpy as np

from core.faces.crop import Crop
from core.faces.detection import Faces
from core.faces.reading import Cut, FaceReading, cut_out
from core.faces.search import Sample, Searched
from core.video.frames import Picture

POINTS = np.array([[10, 12], [20, 12], [15, 18], [11, 24], [19, 24]], np.float32)
LOOKS = np.random.default_rng(0).integers(0, 255, (4, 30, 30, 3), np.uint8)


class Counting:
    """Embeds a chip as the person whose look it is; counts the chips."""

    name, digest, dimension, crop = "mobilefacenet", "e", 4, Crop(30)

    def __init__(self) -> None:
        self.n = 0

    def embed(self, chips: np.ndarray) -> np.ndarray:
        self.n += len(chips)
        looks = LOOKS.astype(np.float32).reshape(4, -1)
        looks -= looks.mean(axis=1, keepdims=True)
        both = chips.reshape(len(chips), -1).astype(np.float32), chips[:, :, ::-1].reshape(len(chips), -1)
        score = np.maximum(*(np.asarray(x, np.float32) @ looks.T for x in both))
        return np.eye(4, dtype=np.float32)[score.argmax(axis=1)]


class Calm:
    name, digest, crop = "calm", "r", Crop(30)

    def recognise(self, chips: np.ndarray) -> np.ndarray:
        return np.tile(np.eye(10, dtype=np.float32)[5], (len(chips), 1))


def block(
    people: list[list[int]], *, start: int = 0, first: bool = True, last: bool = True, probability: float = 0.99
) -> list[Searched]:
    """Samples at 3 Hz with these people at fixed places."""
    found = []
    for k, present in enumerate(people):
        image = np.zeros((60, 200, 3), np.uint8)
        boxes = []
        for place, who in enumerate(present):
            image[10:40, 50 * place : 50 * place + 30] = LOOKS[who]
            boxes.append((50 * place, 10, 50 * place + 30, 40))
        box = np.array(boxes, np.float32).reshape(-1, 4)
        faces = Faces(box, box[:, None, :2] + POINTS, np.full(len(box), probability, np.float32))
        ends = last and k == len(people) - 1
        sample = Sample(
            Picture((start + k) / 3, image, image), 0.0, np.zeros((18, 32, 3), np.uint8), first and k == 0, ends, ends
        )
        found.append(Searched(sample, faces, True))
    return found


def cuts(*blocks: list[Searched]) -> list[list[Cut]]:
    return list(cut_out(blocks, Counting.crop, Calm.crop))


def reader(*, exhaustive: bool = False) -> tuple[FaceReading, Counting]:
    embedder = Counting()
    return FaceReading(embedder, Calm(), 3.0, exhaustive=exhaustive), embedder


def test_a_steady_face_is_embedded_about_once_a_second() -> None:
    reading, embedder = reader()
    (one,) = cuts(block([[0]] * 13))
    table = reading.read(one).table
    assert embedder.n == 2 * 5  # both ways, at 0, 1, 2, 3 and 4 s
    np.testing.assert_array_equal(table.embedding, np.tile(np.eye(4)[0], (13, 1)))


def test_a_face_that_stays_alike_is_embedded_every_two_seconds() -> None:
    reading, embedder = reader()
    blocks = cuts(block([[0]] * 7, last=False), block([[0]] * 12, start=7, first=False))
    reading.read(blocks[0])
    before = embedder.n
    table = reading.read(blocks[1]).table
    assert embedder.n - before <= 2 * 3
    assert (table.embedding[:, 0] == 1).all()


def test_whoever_takes_a_face_s_place_gets_an_embedding_of_their_own() -> None:
    reading, _ = reader()
    people = [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 2, 2]
    (one,) = cuts(block([[who] for who in people]))
    np.testing.assert_array_equal(reading.read(one).table.embedding.argmax(axis=1), people)


def test_two_faces_are_kept_apart() -> None:
    reading, _ = reader()
    (one,) = cuts(block([[0, 1]] * 5 + [[1]] * 4 + [[]] * 2 + [[1, 3]] * 3))
    table = reading.read(one).table
    expected = [0, 1] * 5 + [1] * 4 + [1, 3] * 3
    np.testing.assert_array_equal(table.embedding.argmax(axis=1), expected)


def test_uncertain_faces_are_always_embedded() -> None:
    reading, embedder = reader()
    (one,) = cuts(block([[0]] * 9, probability=0.8))
    reading.read(one)
    assert embedder.n == 2 * 9


def test_exhaustive_embeds_every_face() -> None:
    reading, embedder = reader(exhaustive=True)
    (one,) = cuts(block([[0, 1]] * 6))
    reading.read(one)
    assert embedder.n == 2 * 12


def test_no_face_at_all() -> None:
    reading, _ = reader()
    (one,) = cuts(block([[]] * 4))
    read = reading.read(one)
    assert (read.table.n_frames, len(read.table), read.chips) == (4, 0, {})


def test_pictures_are_kept_every_third_second_of_a_minute() -> None:
    reading, _ = reader()
    blocks = cuts(block([[0, 1]] * 10, last=False), block([[0, 1]] * 10, start=10, first=False))
    rows = [sorted(reading.read(one).chips) for one in blocks]
    assert rows == [[0, 1, 18, 19], [16, 17]]  # at 0, 3 and 6 s
    kept = reading.read(cuts(block([[0]]))[0]).chips[0]
    assert cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_COLOR).shape == (72, 72, 3)
