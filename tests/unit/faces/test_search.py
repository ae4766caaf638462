"""Which pictures are searched whole, and what happens where a face is not where it was expected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.faces.detection import Faces
from core.faces.search import LONGEST_INTERVAL, FaceSearch, Sample, Searched, expect, merged, samples
from core.video.frames import Picture

POINTS = np.array([[10, 10], [20, 10], [15, 15], [10, 20], [20, 20]], np.float32)


def faces(*places: tuple[float, float], probability: float = 0.99, side: float = 30) -> Faces:
    """Faces with these corners."""
    box = np.array([(x, y, x + side, y + side) for x, y in places], np.float32).reshape(-1, 4)
    return Faces(box, box[:, None, :2] + POINTS, np.full(len(box), probability, np.float32))


def picture(k: int, *, rate: float = 3.0, grey: int = 90, start: float = 0.0, height: int = 90) -> Picture:
    """The k-th of a film; its number is in its first pixel."""
    image = np.full((height, 160, 3), grey, np.uint8)
    image[0, 0] = k
    return Picture(start + k / rate, image, image)


class Film:
    """A detector that knows where faces are; it remembers which pictures it searched whole, and which in regions."""

    name, digest = "film", "d"

    def __init__(self, truth: dict[int, Faces]) -> None:
        self.truth = truth
        self.whole: list[int] = []
        self.regions: list[int] = []

    def detect(self, images: Sequence[np.ndarray]) -> list[Faces]:
        return self.search(images, images)

    def search(self, images: Sequence[np.ndarray], reduced: Sequence[np.ndarray]) -> list[Faces]:
        numbers = [int(image[0, 0, 0]) for image in images]
        self.whole += numbers
        return [self.truth.get(k, Faces.none()) for k in numbers]

    def follow(
        self, images: Sequence[np.ndarray], reduced: Sequence[np.ndarray], index: np.ndarray, box_xyxy: np.ndarray
    ) -> list[Faces]:
        found = []
        for k, box in zip(index, box_xyxy, strict=True):
            number = int(images[k][0, 0, 0])
            self.regions.append(number)
            all_faces = self.truth.get(number, Faces.none())
            near = np.abs(all_faces.box_xyxy - box).max(axis=1, initial=0.0) < 45
            found.append(Faces(all_faces.box_xyxy[near], all_faces.landmarks[near], all_faces.probability[near]))
        return found


class Blind(Film):
    """The same, but it cannot be told where to look."""

    follow = None  # type: ignore[assignment]


def run(film: Film, pictures: Sequence[Picture], *, rate: float = 3.0, exhaustive: bool = False) -> list[Searched]:
    blocks = list(FaceSearch(film, rate, exhaustive=exhaustive).search(samples(iter(pictures), None)))
    for block in blocks:
        assert block[-1].whole
        assert len({searched.sample.minute for searched in block}) == 1
    return [searched for block in blocks for searched in block]


def test_a_still_face_is_searched_whole_once_a_second() -> None:
    film = Film({k: faces((40, 20)) for k in range(31)})
    found = run(film, [picture(k) for k in range(31)])
    assert sorted(film.whole) == list(range(0, 31, 3))
    assert sorted(film.regions) == [k for k in range(31) if k % 3]
    assert [len(searched.faces) for searched in found] == [1] * 31


def test_a_face_that_is_lost_is_searched_for_everywhere() -> None:
    truth = {k: faces((40, 20)) for k in range(13)}
    truth[4] = faces((120, 50))  # for one picture it is elsewhere
    film = Film(truth)
    found = run(film, [picture(k) for k in range(13)])
    assert 4 in film.whole
    np.testing.assert_array_equal(found[4].faces.box_xyxy, truth[4].box_xyxy)


def test_where_a_face_comes_or_goes_all_pictures_in_between_are_searched_whole() -> None:
    film = Film({k: faces((40, 20)) if k < 5 else faces((40, 20), (100, 40)) for k in range(13)})
    found = run(film, [picture(k) for k in range(13)])
    assert {4, 5} <= set(film.whole)
    assert [len(searched.faces) for searched in found] == [1] * 5 + [2] * 8


def test_both_sides_of_a_scene_cut_are_searched_whole() -> None:
    film = Film({k: faces((40, 20)) for k in range(13)})
    run(film, [picture(k, grey=60 if k < 5 else 160) for k in range(13)])
    assert {4, 5} <= set(film.whole)


def test_a_minute_begins_anew() -> None:
    """What is decided after a minute's border does not depend on where the extraction began."""
    pictures = [picture(k, start=55.0) for k in range(31)]
    whole, resumed = Film({k: faces((40, 20)) for k in range(31)}), Film({k: faces((40, 20)) for k in range(31)})
    run(whole, pictures)
    run(resumed, [p for p in pictures if p.timestamp >= 60])
    assert [k for k in whole.whole if k >= 15] == resumed.whole
    assert [k for k in whole.regions if k >= 15] == resumed.regions
    assert {14, 15} <= set(whole.whole)


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0, 30.0])
def test_no_two_whole_searches_are_more_than_a_second_apart(rate: float) -> None:
    film = Film({k: faces((40, 20)) for k in range(60)})
    run(film, [picture(k, rate=rate) for k in range(60)], rate=rate)
    steps = np.diff(sorted(film.whole))
    assert steps.max() <= min(max(1, rate), LONGEST_INTERVAL)


def test_exhaustive_or_without_regions_every_picture_is_searched_whole() -> None:
    for film, exhaustive in ((Film({}), True), (Blind({}), False)):
        run(film, [picture(k) for k in range(10)], exhaustive=exhaustive)
        assert sorted(film.whole) == list(range(10))
        assert film.regions == []


def test_pictures_of_another_size_do_not_go_together() -> None:
    film = Film({k: faces((40, 20)) for k in range(12)})
    found = run(film, [picture(k, height=90 if k < 6 else 100) for k in range(12)])
    assert [searched.sample.first for searched in found] == [k in (0, 6) for k in range(12)]
    assert [len(searched.faces) for searched in found] == [1] * 12


def test_expected_places_lie_between() -> None:
    place = expect(faces((0, 0), (100, 0)), faces((110, 0), (20, 10)), 0.5)
    assert place is not None
    np.testing.assert_allclose(place.box_xyxy[:, :2], [[10, 5], [105, 0]])
    assert place.n_sure == 2
    assert place.all_in(faces((10, 5), (105, 0)))
    assert not place.all_in(faces((10, 5)))
    assert not place.all_in(faces((10, 5), (160, 0)))


def test_nothing_is_expected_where_faces_changed() -> None:
    one, two = faces((0, 0)), faces((0, 0), (100, 0))
    assert expect(one, two, 0.5) is None
    assert expect(one, faces((100, 0)), 0.5) is None
    assert expect(one, faces((0, 0), side=60), 0.5) is None
    unsure = expect(one, merged([one, faces((100, 0), probability=0.8)]), 0.5)
    assert unsure is not None
    assert (unsure.n_sure, len(unsure.box_xyxy)) == (1, 2)


def test_a_face_found_from_two_regions_is_one() -> None:
    assert len(merged([faces((0, 0), (100, 0)), faces((1, 0))])) == 2
    assert len(merged([])) == 0


def test_samples_know_their_place() -> None:
    found: list[Sample] = list(samples([picture(k, rate=0.1) for k in range(8)], None))
    assert [s.first for s in found] == [True, False, False, False, False, False, True, False]
    assert [s.ends_minute for s in found] == [False] * 5 + [True, False, True]
    assert found[0].scene_change == 0.0
