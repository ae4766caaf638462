"""Similarities among the other people of a video: what everybody there shares does not make two faces one person."""

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from core.faces.embedders import EMBEDDERS
from core.faces.feature_file import Features
from core.faces.similarity import similarity_among, similarity_of
from core.multimodal_processor import series_parameters
from core.people.normalisation import N_OTHERS, others_in, parameters, similarities
from core.people.person import Person, Reference, Thresholds
from core.people.series_file import series_digest
from tests.tables import Planted, direction, features_info, lookalike, planted_table

WANTED = direction(1)
NAME = "mobilefacenet"


@pytest.fixture(autouse=True, scope="module")
def similarity_is_cosine() -> Iterator[None]:
    """Of two faces alone."""
    entry = EMBEDDERS[NAME]
    with patch.dict(EMBEDDERS, {NAME: replace(entry, scale=((-1.0, -1.0), (1.0, 1.0)))}):
        yield


KIN = [lookalike(direction(9), 0.55, seed=k) for k in range(6)]  # people of one kind: cosines of about 0.3


def test_without_other_people_nothing_changes() -> None:
    a, b = np.stack(KIN[:2]), np.stack(KIN[2:])
    for others in (None, np.empty((0, 32))):
        np.testing.assert_array_equal(similarity_among(NAME, others)(a, b), similarity_of(NAME)(a, b))


def test_people_of_one_kind_are_less_alike_among_their_kind_and_a_face_is_still_itself() -> None:
    a, b = KIN[0][None], KIN[1][None]
    among = similarity_among(NAME, np.stack(KIN[2:]))
    assert among(a, b)[0, 0] < similarity_of(NAME)(a, b)[0, 0] - 0.05
    assert among(a, a)[0, 0] > 0.5


def test_people_of_another_kind_change_nothing_and_never_raise() -> None:
    a, b = KIN[0][None], KIN[1][None]
    strangers = np.stack([-direction(9), -KIN[0]])
    np.testing.assert_array_equal(similarity_among(NAME, strangers)(a, b), similarity_of(NAME)(a, b))


def test_one_other_person_lowers_less_than_many() -> None:
    a, b = KIN[0][None], KIN[1][None]
    one, many = (similarity_among(NAME, np.stack(KIN[2 : 2 + n]))(a, b)[0, 0] for n in (1, 4))
    assert many < one < similarity_of(NAME)(a, b)[0, 0]


def test_a_lost_face_has_no_similarity_and_lowers_nobody() -> None:
    lost = np.full((1, 32), np.nan)
    among = similarity_among(NAME, np.stack(KIN[2:]))
    both = among(np.vstack([KIN[0], lost[0]]), KIN[1][None])
    assert np.isnan(both[1, 0])
    assert both[0, 0] == among(KIN[0][None], KIN[1][None])[0, 0]


def others(*faces: Planted, **columns: np.ndarray) -> np.ndarray:
    table = replace(planted_table(faces, n_frames=40, person=WANTED), **columns)
    return others_in(table, WANTED[None], NAME)


def test_others_are_people_unlike_the_person_and_unlike_each_other_the_longest_first() -> None:
    person = [Planted(k, 0.9, track=0) for k in range(10)]
    short, long = [Planted(20, 0.0, track=1)], [Planted(k, 0.1, track=2) for k in (25, 26)]
    found = others(*person, *short, *long)
    assert len(found) == 2
    assert found[0] @ WANTED == pytest.approx(0.1, abs=1e-5)
    assert found[1] @ WANTED == pytest.approx(0.0, abs=1e-5)


def test_who_may_be_the_person_is_no_other_nor_are_side_faces_unsure_faces_and_faces_without_a_track() -> None:
    assert len(others(Planted(0, 0.31, track=0))) == 0
    assert len(others(Planted(0, 0.0, track=0, probability=0.8))) == 0
    assert len(others(Planted(0, 0.0, track=-1))) == 0
    profile = np.array([[[0, 0], [10, 0], [9, 5], [1, 9], [8, 9]]], np.float32)
    assert len(others(Planted(0, 0.0, track=0), landmarks=profile)) == 0
    assert len(others()) == 0


def test_no_more_people_than_needed_are_others() -> None:
    assert len(others(*[Planted(k, 0.0, track=k) for k in range(30)])) == N_OTHERS


def test_the_similarities_of_a_video_are_those_among_its_people() -> None:
    table = planted_table([Planted(0, 1.0, 0), Planted(1, 0.45, 1), Planted(2, 0.2, 2)], n_frames=3, person=WANTED)
    features = Features(features_info(), table, np.zeros((3, 2), np.float32))
    picture = np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg"
    found = similarities(features, Person("a", "Ann", (Reference(*picture, {"e1": WANTED}),)))
    assert found[0] == pytest.approx(1 - (0.2 - 0.06) / 2, abs=0.05), "the stranger resembles her a little"
    assert found[1] < 0.45


@pytest.mark.parametrize(
    ("reference_side", "compared"), [(24, [True, True, False]), (40, [True, True, True]), (0, [True, True, True])]
)
def test_a_small_reference_is_compared_with_faces_up_to_twice_its_size(
    reference_side: int, compared: list[bool]
) -> None:
    """A side of 0 stands for one that is not known."""
    table = planted_table([Planted(k, 0.9, k) for k in range(3)], n_frames=3, person=WANTED)
    box = np.zeros((3, 4), np.float32)
    box[:, 2:] = [[20, 24], [40, 48], [41, 49]]
    features = Features(features_info(), replace(table, box_xyxy=box), np.zeros((3, 2), np.float32))
    side = np.array([0, 0, 0.8 * reference_side, reference_side])
    reference = Reference(np.zeros((60, 60, 3), np.uint8), side, np.zeros((5, 2)), "a.jpg", {"e1": WANTED})
    assert np.isfinite(similarities(features, Person("a", "Ann", (reference,)))).tolist() == compared


def test_a_series_names_what_decides_a_match_and_another_normalisation_makes_another_one(monkeypatch) -> None:
    info = features_info(models={"embedder": {"name": NAME, "digest": "e1"}})
    before = series_parameters(info, Person("a", "Ann", ()), thresholds=Thresholds())
    assert before["matching"] == parameters(NAME)
    monkeypatch.setattr("core.people.normalisation.N_OTHERS", 4)
    after = series_parameters(info, Person("a", "Ann", ()), thresholds=Thresholds())
    assert series_digest(before) != series_digest(after)
