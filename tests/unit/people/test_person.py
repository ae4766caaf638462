"""Who is who: the matching policy on planted faces, thresholds, names, reference embeddings."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.errors import PunchlineError
from core.faces.table import NO_TRACK, FaceTable
from core.people.person import Match, Person, Reference, Thresholds, clean_name
from core.series import Source
from tests.tables import DIMENSION, D, M, Planted, R, cosine, direction, lookalike, match, planted_table

WANTED = direction(1)


def matched(*faces: Planted, n_frames: int = 6, **options: object) -> Match:
    """Who is who among planted faces."""
    table = planted_table(faces, n_frames=n_frames, person=WANTED)
    return match(table, WANTED[None], similarity=cosine, **options)


def test_planted_similarities_are_those_measured():
    table = planted_table([Planted(0, 0.5), Planted(1, 0.3), Planted(2, 1.0)], n_frames=3, person=WANTED)
    np.testing.assert_allclose(cosine(table.embedding, WANTED[None])[:, 0], [0.5, 0.3, 1.0], atol=1e-6)


def test_a_strict_match_is_detected_on_its_own():
    found = matched(Planted(2, 0.6, track=NO_TRACK))
    assert found.source.tolist() == [M, M, D, M, M, M]
    assert found.face.tolist() == [-1, -1, 0, -1, -1, -1]


def test_similarity_is_nan_where_no_face_was_seen():
    found = matched(Planted(1, 0.6), Planted(3, -0.4), Planted(3, 0.1))
    np.testing.assert_allclose(found.similarity, [np.nan, 0.6, np.nan, 0.1, np.nan, np.nan], atol=1e-6)
    assert found.similarity.dtype == np.float32
    assert found.source.dtype == np.uint8


def test_a_strict_match_makes_the_track_the_persons_in_both_directions_of_time():
    found = matched(Planted(0, 0.35), Planted(2, 0.6), Planted(4, 0.35))
    assert found.source.tolist() == [R, M, D, M, R, M]
    assert found.face.tolist() == [0, -1, 1, -1, 2, -1]


def test_two_consecutive_relaxed_matches_make_the_track_the_persons():
    found = matched(Planted(0, 0.35), Planted(1, 0.1), Planted(2, 0.35), Planted(3, 0.35))
    assert found.source.tolist() == [R, M, R, R, M, M]


def test_one_look_that_two_faces_share_is_not_two_matches():
    table = planted_table([Planted(0, 0.45), Planted(1, 0.45), Planted(2, 0.45)], n_frames=3, person=WANTED)
    shared = replace(table, embedding=table.embedding[[0, 0, 0]])
    assert match(shared, WANTED[None], similarity=cosine).source.tolist() == [M, M, M]
    shared = replace(table, embedding=table.embedding[[0, 0, 1]])
    assert match(shared, WANTED[None], similarity=cosine).source.tolist() == [R, R, R]


@pytest.mark.parametrize(("similarity", "n_looks", "expected"), [(0.35, 5, M), (0.35, 4, R), (0.45, 5, R)])
def test_of_many_looks_without_a_sure_one_the_mean_decides(similarity: float, n_looks: int, expected: int):
    found = matched(*(Planted(k, similarity) for k in range(n_looks)), n_frames=n_looks)
    assert found.source.tolist() == [expected] * n_looks


def test_many_looks_with_a_sure_one_are_the_persons():
    assert matched(*(Planted(k, 0.6 if k == 3 else 0.35) for k in range(6))).source.tolist() == [R, R, R, D, R, R]


def test_a_single_relaxed_match_alone_is_not_enough():
    assert matched(Planted(2, 0.45)).source.tolist() == [M] * 6


def test_relaxed_matches_that_do_not_follow_each_other_are_not_enough():
    assert matched(Planted(0, 0.45), Planted(1, 0.1), Planted(2, 0.45)).source.tolist() == [M] * 6


def test_relaxed_matches_on_two_tracks_are_not_enough():
    assert matched(Planted(0, 0.45, track=0), Planted(1, 0.45, track=1)).source.tolist() == [M] * 6


def test_relaxed_matches_without_a_track_are_not_enough():
    faces = [Planted(k, 0.45, track=NO_TRACK) for k in range(4)]
    assert matched(*faces, Planted(4, 0.8, track=NO_TRACK)).source.tolist() == [M, M, M, M, D, M]


def test_a_strict_match_on_one_track_gives_nothing_to_another():
    found = matched(Planted(0, 0.6, track=0), Planted(1, 0.45, track=1), Planted(2, 0.45, track=0))
    assert found.source.tolist() == [D, M, R, M, M, M]


@pytest.mark.parametrize(
    ("similarity", "probability", "expected"),
    [
        (0.5, 0.9, D),
        (0.501, 0.9, D),
        (0.501, 0.8999, R),
        (0.499, 0.99, R),
        (0.3, 0.7, R),
        (0.301, 0.6999, M),
        (0.299, 0.99, M),
        (0.9, 0.6999, M),
        (0.9, 0.7, R),
    ],
)
def test_the_limits_of_similarity_and_detection_probability(similarity, probability, expected):
    """The face in frame 1 is on a track that is the person's by frame 0."""
    table = planted_table(
        [Planted(0, 0.95), Planted(1, similarity, probability=probability)], n_frames=2, person=WANTED
    )
    found = match(table, WANTED[None], similarity=cosine)
    assert found.source.tolist() == [D, expected]


def test_two_relaxed_matches_of_low_probability_do_not_make_a_track():
    faces = [Planted(k, 0.45, probability=0.6) for k in range(3)]
    assert matched(*faces).source.tolist() == [M] * 6


def test_a_similar_face_of_doubtful_detection_does_not_make_a_track():
    found = matched(Planted(0, 0.9, probability=0.8), Planted(2, 0.1), Planted(3, 0.45))
    assert found.source.tolist() == [M] * 6


def test_of_several_faces_the_most_similar_is_taken():
    found = matched(*(Planted(0, s, track=k) for k, s in enumerate((0.55, 0.9, 0.6))))
    assert found.source.tolist() == [D, M, M, M, M, M]
    assert found.face[0] == 1
    assert found.similarity[0] == pytest.approx(0.9, abs=1e-6)


def test_the_second_best_face_is_not_taken_even_on_the_persons_track():
    found = matched(Planted(0, 0.7, track=0), Planted(1, 0.35, track=0), Planted(1, 0.4, track=1))
    assert found.source.tolist() == [D, M, M, M, M, M]
    assert found.similarity[1] == pytest.approx(0.4, abs=1e-6)


def test_someone_else_on_another_track_is_not_taken():
    """Both are seen all the time; the other's likeness of 0.2 stays below the relaxed threshold."""
    faces = [Planted(k, 0.8, track=0) for k in (0, 1, 4)] + [Planted(k, 0.2, track=1) for k in range(6)]
    found = matched(*faces)
    assert found.source.tolist() == [D, D, M, M, D, M]
    table = planted_table(faces, n_frames=6, person=WANTED)
    assert set(table.track[found.face[found.face >= 0]]) == {0}


PROFILE = np.array([[0, 0], [10, 0], [12, 5], [4, 9], [9, 9]], np.float32)


def matched_aside(*faces: Planted, aside: Sequence[int]) -> Match:
    """With the faces of these numbers turned aside."""
    table = planted_table(faces, n_frames=6, person=WANTED)
    table.landmarks[list(aside)] = PROFILE
    return match(table, WANTED[None], similarity=cosine)


def test_a_face_turned_aside_is_the_persons_on_a_track_with_a_detected_face():
    faces = (Planted(0, 0.6), Planted(1, 0.1), Planted(2, 0.1), Planted(3, 0.1, probability=0.6), Planted(4, 0.1, 1))
    assert matched_aside(*faces, aside=(1, 3, 4)).source.tolist() == [D, R, M, M, M, M]


def test_a_face_turned_aside_on_a_track_without_a_detected_face_is_nobodys():
    relaxed = matched_aside(Planted(0, 0.45), Planted(1, 0.45), Planted(2, 0.1), aside=(2,))
    assert relaxed.source.tolist() == [R, R, M, M, M, M]
    assert matched_aside(Planted(0, 0.6, -1), Planted(1, 0.1, -1), aside=(1,)).source.tolist() == [D] + [M] * 5


def test_a_face_turned_aside_gives_way_to_a_likely_one_and_of_two_the_more_similar_is_taken():
    likely = Planted(0, 0.6), Planted(1, 0.1), Planted(1, 0.4, 1)
    assert matched_aside(*likely, aside=(1,)).source.tolist() == [D] + [M] * 5
    two = Planted(0, 0.6), Planted(1, 0.1), Planted(1, 0.2, 1), Planted(2, 0.6, 1)
    assert matched_aside(*two, aside=(1, 2)).face.tolist() == [0, 2, 3, -1, -1, -1]


def test_thresholds_are_those_given():
    faces = (Planted(0, 0.75), Planted(1, 0.65), Planted(2, 0.55))
    assert matched(*faces).source.tolist()[:3] == [D, D, D]
    assert matched(*faces, thresholds=Thresholds(0.7, 0.6)).source.tolist()[:3] == [D, R, M]
    assert matched(*faces, thresholds=Thresholds(0.8, 0.8)).source.tolist()[:3] == [M, M, M]


@pytest.mark.parametrize("table", [FaceTable.empty(DIMENSION), planted_table([], n_frames=4, person=WANTED)])
def test_a_table_without_faces(table):
    found = match(table, WANTED[None], similarity=cosine)
    assert len(found.face) == len(found.source) == len(found.similarity) == table.n_frames
    assert (found.face == -1).all()
    assert (found.source == Source.MISSING).all()
    assert np.isnan(found.similarity).all()


def test_the_best_of_several_references_counts():
    glasses = lookalike(WANTED, 0.1, seed=77)
    table = planted_table([Planted(0, 0.9), Planted(1, 0.0)], n_frames=2, person=WANTED)
    embedding = np.stack([table.embedding[0], lookalike(glasses, 0.8, seed=78)])
    table = FaceTable(**{**vars(table), "embedding": embedding})
    one = match(table, WANTED[None], similarity=cosine)
    two = match(table, np.stack([WANTED, glasses]), similarity=cosine)
    assert one.source.tolist() == [D, M]
    assert two.source.tolist() == [D, D]
    np.testing.assert_allclose(two.similarity, [0.9, 0.8], atol=1e-6)


def test_a_face_that_could_not_be_embedded_is_passed_over():
    table = planted_table([Planted(0, 0.9), Planted(0, 0.6), Planted(1, 0.9)], n_frames=2, person=WANTED)
    embedding = table.embedding.copy()
    embedding[[0, 2]] = np.nan
    found = match(FaceTable(**{**vars(table), "embedding": embedding}), WANTED[None], similarity=cosine)
    assert found.source.tolist() == [D, M]
    assert found.face.tolist() == [1, -1]


def test_the_order_of_faces_in_a_frame_does_not_matter():
    faces = [Planted(k, s, track=j) for k in range(6) for j, s in enumerate((0.2, 0.45, 0.1))]
    assert matched(*faces).source.tolist() == matched(*faces[::-1]).source.tolist() == [R] * 6


# Thresholds, people, names


@pytest.mark.parametrize(("strict", "relaxed"), [(0.3, 0.5), (1.1, 0.5), (float("nan"), 0.3), (0.5, float("nan"))])
def test_thresholds_must_stand_in_order(strict, relaxed):
    with pytest.raises(ValueError, match="relaxed <= strict <= 1, got relaxed"):
        Thresholds(strict, relaxed)


def test_thresholds_of_one_video_go_before_the_persons_own():
    person = Person("a1", "Ann", (), Thresholds(0.6, 0.4), {"v1": Thresholds(0.7, 0.2)})
    assert person.thresholds_for("v1") == Thresholds(0.7, 0.2)
    assert person.thresholds_for("v2") == Thresholds(0.6, 0.4)
    assert Person("b2", "Ben", ()).thresholds_for("v1") == Thresholds(0.5, 0.3)


def reference(**embeddings: np.ndarray) -> Reference:
    return Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg", embeddings)


def test_only_embeddings_of_the_same_model_are_compared():
    old, new = reference(m1=np.ones(3)), reference(m1=np.zeros(3), m2=np.ones(5))
    person = Person("a1", "Ann", (old, new))
    assert person.embeddings("m1").tolist() == [[1, 1, 1], [0, 0, 0]]
    assert person.embeddings("m2").shape == (1, 5)
    assert person.embeddings("m2").dtype == np.float32


def test_a_person_without_a_usable_reference_is_named_with_what_to_do():
    with pytest.raises(
        PunchlineError, match=r"^Ann: none of 1 reference faces was read by the model that read this video"
    ):
        Person("a1", "Ann", (reference(m1=np.ones(3)),)).embeddings("m2")


def test_a_person_without_any_reference_is_asked_for_one():
    with pytest.raises(PunchlineError, match="Ann has no reference face; add one"):
        Person("a1", "Ann", ()).embeddings("m2")


@pytest.mark.parametrize("name", ["Ann", "우왁굳", "../a/b", "J. R. Doe", "O'Neil \\ x", "🎉"])
def test_any_letters_make_a_name(name):
    assert clean_name(f"  {name} ") == name
    assert clean_name(unicodedata.normalize("NFD", name)) == name


@pytest.mark.parametrize("name", ["", "  ", "\t\n", "a\nb", "a\0b"])
def test_a_name_needs_something_to_see(name):
    with pytest.raises(PunchlineError, match="is no name for a person"):
        clean_name(name)
