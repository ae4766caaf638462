"""Suggested references: confident faces of the person that the references do not show yet."""

import numpy as np

from core.faces.feature_file import Features
from core.people.gallery import suggested_references
from core.people.person import Person
from tests.tables import Planted, direction, features_info, planted_table

ANN = Person("a", "Ann", ())


def suggested(*faces: Planted, k: int = 6) -> list[int]:
    table = planted_table(faces, n_frames=20, person=direction(1))
    features = Features(features_info(), table, np.zeros((20, 2), np.float32))
    ordered = sorted(faces, key=lambda face: face.frame)
    similarity = np.array([face.similarity for face in ordered], np.float32)
    return sorted(suggested_references(features, ANN, similarity, k=k).tolist())


SURE = [Planted(k, 0.9) for k in range(4)]


def test_a_face_of_the_persons_track_that_looks_new_is_suggested() -> None:
    assert suggested(*SURE, Planted(4, 0.4), Planted(5, 0.6)) == [4, 5]


def test_familiar_unsure_and_rejected_faces_are_not() -> None:
    assert suggested(*SURE, Planted(4, 0.8), Planted(5, 0.4, probability=0.8), Planted(6, 0.1)) == []


def test_a_track_with_one_sure_match_is_not_trusted() -> None:
    assert suggested(Planted(0, 0.6), Planted(1, 0.4)) == []
    assert suggested(Planted(0, 0.6, track=-1), Planted(1, 0.6, track=-1)) == []


def test_no_more_than_asked_for() -> None:
    assert len(suggested(*SURE, *[Planted(k, 0.5) for k in range(4, 15)], k=3)) == 3
    assert suggested() == []
