"""Faces grouped into people on planted tables, representatives, chips of real frames, references from a click."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import FaceNotFound, VideoUnreadable
from core.faces.feature_file import Features
from core.faces.similarity import similarity_of
from core.faces.table import NO_TRACK, FaceTable
from core.people.gallery import in_use
from core.people.groups import as_reference, chips, group, reference_at, representatives
from core.people.person import Person, Reference
from core.video.frames import frame_at
from tests.media import numbered, write
from tests.tables import DIMENSION, direction, features_info, lookalike

FRONTAL = np.array([[14, 20], [34, 20], [24, 30], [16, 40], [32, 40]], np.float32)
IN_PROFILE = np.array([[14, 20], [20, 20], [24, 30], [14, 40], [20, 40]], np.float32)
ANN, BEN, CLEO = np.linalg.qr(np.stack([direction(seed) for seed in (1, 2, 3)], axis=1))[0].T  # at right angles
Seen = tuple[int, np.ndarray, int]  # frame, who, track


def features_of(seen: list[Seen], *, likeness: float = 0.9, **columns: np.ndarray) -> Features:
    """An analysis at 3 Hz in which each face has this cosine to the person it shows."""
    seen = sorted(seen, key=lambda face: face[0])
    n, n_frames = len(seen), max((face[0] for face in seen), default=0) + 1
    faces = FaceTable(
        timestamps=np.arange(n_frames) / 3,
        scene_change=np.zeros(n_frames, np.float32),
        frame=np.array([face[0] for face in seen], np.int32),
        box_xyxy=np.tile(np.float32([0, 0, 48, 60]), (n, 1)),
        landmarks=np.tile(FRONTAL, (n, 1, 1)),
        probability=np.full(n, 0.99, np.float32),
        embedding=np.array([lookalike(who, likeness, seed=k) for k, (_, who, _) in enumerate(seen)]).reshape(
            n, DIMENSION
        ),
        emotion=np.zeros((n, 10), np.float32),
        track=np.array([face[2] for face in seen], np.int32),
    )
    return Features(features_info(), replace(faces, **columns), np.zeros((n_frames, 2), np.float32))


def rows_of(features: Features) -> list[list[int]]:
    return [one.rows.tolist() for one in group(features).groups]


def test_tracks_of_one_person_are_one_group_and_the_one_seen_longest_comes_first():
    seen = [(k, ANN, 0) for k in range(3)] + [(k, BEN, 1) for k in range(5, 15)] + [(k, ANN, 2) for k in range(20, 24)]
    found = group(features_of(seen))
    assert [one.rows.tolist() for one in found.groups] == [list(range(3, 13)), [0, 1, 2, 13, 14, 15, 16]]
    assert [one.n_tracks for one in found.groups] == [1, 2]
    assert [one.seconds for one in found.groups] == pytest.approx([10 / 3, 7 / 3])
    assert found.n_rest == 0


def test_alike_people_seen_at_one_time_are_two():
    """Their tracks have a similarity of 0.6, enough to be one person at different times."""
    sister = lookalike(ANN, 0.6, seed=5)
    apart = [(k, ANN, 0) for k in range(5)] + [(k, sister, 1) for k in range(5, 10)]
    together = [(k, ANN, 0) for k in range(5)] + [(k, sister, 1) for k in range(4, 9)]
    assert len(rows_of(features_of(apart, likeness=1.0))) == 1
    assert len(rows_of(features_of(together, likeness=1.0))) == 2


def test_a_face_seen_twice_at_one_time_is_one_person_and_counts_once():
    mirrored = [(k, ANN, track) for k in range(5) for track in (0, 1)]
    (one,) = group(features_of(mirrored, likeness=1.0)).groups
    assert (one.n_tracks, one.seconds) == (2, pytest.approx(5 / 3))


@pytest.mark.parametrize(("sides", "n_groups"), [((30, 61), 2), ((30, 60), 1), ((40, 200), 1)])
def test_a_small_blur_is_no_person_of_more_than_twice_its_size(sides: tuple[int, int], n_groups: int):
    box = np.zeros((6, 4), np.float32)
    box[:, 3] = np.repeat(sides, 3)
    seen = [(k, ANN, 0) for k in range(3)] + [(k, ANN, 1) for k in range(9, 12)]
    assert len(rows_of(features_of(seen, box_xyxy=box))) == n_groups


def test_a_third_track_does_not_join_two_people_seen_together():
    """It is alike to both; they stay apart."""
    sister = lookalike(ANN, 0.6, seed=5)
    between = ((ANN + sister) / np.linalg.norm(ANN + sister)).astype(np.float32)
    seen = [(k, ANN, 0) for k in range(5)] + [(k, sister, 1) for k in range(5)] + [(k, between, 2) for k in (8, 9)]
    found = group(features_of(seen, likeness=1.0)).groups
    assert len(found) == 2
    assert sorted(one.n_tracks for one in found) == [1, 2]


def test_faces_without_tracks_are_grouped_one_by_one():
    seen = [(k, who, NO_TRACK) for k in range(8) for who in (ANN, BEN)]
    found = group(features_of(seen)).groups
    assert [(len(one.rows), one.n_tracks) for one in found] == [(8, 8), (8, 8)]


def test_a_single_unsure_face_is_left_to_the_rest_and_a_sure_one_is_not():
    seen = [(0, ANN, 0), (1, ANN, 0), (2, BEN, 1), (3, CLEO, 2)]
    found = group(features_of(seen, probability=np.float32([0.8, 0.8, 0.89, 0.9])))
    assert [one.rows.tolist() for one in found.groups] == [[0, 1], [3]]
    assert found.n_rest == 1


def test_unsure_faces_do_not_move_the_mean_of_a_track():
    """Two of three faces of a track are blurred into somebody else."""
    seen = [(0, ANN, 0), (1, BEN, 0), (2, BEN, 0), (5, ANN, 1), (6, BEN, 2)]
    found = rows_of(features_of(seen, probability=np.float32([0.99, 0.8, 0.8, 0.99, 0.99])))
    assert found == [[0, 1, 2, 3], [4]]


def test_faces_that_could_not_be_embedded_are_the_rest():
    features = features_of([(k, ANN, 0) for k in range(4)] + [(k, BEN, 1) for k in (5, 6)])
    embedding = features.faces.embedding.copy()
    embedding[[0, 4, 5]] = np.nan
    found = group(replace(features, faces=replace(features.faces, embedding=embedding)))
    assert [one.rows.tolist() for one in found.groups] == [[1, 2, 3]]
    assert found.n_rest == 3


@pytest.mark.parametrize("features", [features_of([]), features_of([(0, ANN, 0)], embedding=np.full((1, 32), np.nan))])
def test_a_table_without_known_faces(features):
    found = group(features)
    assert found.groups == ()
    assert found.n_rest == len(features.faces)


def test_more_tracks_than_are_clustered_join_the_nearest_person(monkeypatch):
    """Four long tracks are clustered; of the short ones, Cleo's is like nobody and one is seen beside Ann's."""
    monkeypatch.setattr("core.people.groups.LONGEST_TRACKS", 4)
    monkeypatch.setattr("core.people.groups.BLOCK", 2)
    long = [(10 * t + k, who, t) for t, who in enumerate((ANN, BEN, ANN, BEN)) for k in range(4)]
    short = [(50 + t, who, t) for t, who in enumerate((ANN, BEN, CLEO), start=4)]
    beside = [(1, lookalike(ANN, 0.6, seed=9), 7)]
    found = group(features_of(long + short + beside))
    faces = features_of(long + short + beside).faces
    assert [sorted(set(faces.track[one.rows].tolist())) for one in found.groups] == [[0, 2, 4], [1, 3, 5]]
    assert found.n_rest == 2


def test_of_two_late_tracks_of_one_time_the_more_alike_joins(monkeypatch):
    monkeypatch.setattr("core.people.groups.LONGEST_TRACKS", 1)
    near, far = lookalike(ANN, 0.7, seed=1), lookalike(ANN, 0.6, seed=2)
    features = features_of([(k, ANN, 0) for k in range(4)] + [(9, near, 1), (9, far, 2)], likeness=1.0)
    found = group(features)
    assert features.faces.track[found.groups[0].rows].tolist() == [0, 0, 0, 0, 1]
    assert found.n_rest == 1


# Representatives


def test_the_best_face_is_large_frontal_and_sure():
    n = 6
    box = np.tile(np.float32([0, 0, 48, 60]), (n, 1))
    landmarks = np.tile(FRONTAL, (n, 1, 1))
    probability = np.full(n, 0.99, np.float32)
    box[:2] /= 4  # two small faces
    landmarks[:2] /= 4
    landmarks[2:4] = IN_PROFILE
    probability[4] = 0.71
    features = features_of([(0, ANN, 0)] * n, likeness=1.0, box_xyxy=box, landmarks=landmarks, probability=probability)
    assert representatives(features, np.arange(n), k=1).tolist() == [5]


def test_representatives_spread_over_looks():
    """Three looks of one person, in stretches of unequal length: one face of each."""
    looks = [lookalike(ANN, 0.75, seed=seed) for seed in (1, 2, 3)]
    which = [0] * 12 + [1] * 3 + [2] * 5
    features = features_of([(k, looks[w], 0) for k, w in enumerate(which)], likeness=0.99)
    chosen = representatives(features, np.arange(20), k=3)
    assert sorted(which[row] for row in chosen) == [0, 1, 2]


def test_representatives_of_one_look_spread_over_time():
    features = features_of([(k, ANN, 0) for k in range(30)], likeness=1.0)
    chosen = representatives(features, np.arange(30), k=3)
    assert np.ptp(chosen) >= 29
    assert len(set(chosen.tolist())) == 3


def test_a_stray_face_does_not_represent_a_person():
    features = features_of([(k, BEN if k == 7 else ANN, 0) for k in range(20)])
    assert 7 not in representatives(features, np.arange(20), k=6)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (1, 1), (3, 3), (9, 4)])
def test_there_are_never_more_representatives_than_faces(k, n):
    features = features_of([(j, ANN, 0) for j in range(4)])
    assert len(representatives(features, np.arange(4), k=k)) == n


# Chips and references


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures a second for four seconds, as in the tables."""
    return write(tmp_path_factory.mktemp("v") / "v.mp4", np.arange(12) / 3)


def test_chips_are_cut_from_the_right_picture_at_the_right_place(video: Path):
    """The top left block of picture k shows its highest bits; the four colours lie in the lower half."""
    red, blue = np.float32([8, 80, 28, 100]), np.float32([90, 80, 110, 100])
    features = features_of([(2, ANN, 0), (2, BEN, 1), (7, ANN, 0)], box_xyxy=np.stack([red, blue, red]))
    made = chips(video, features, [2, 1, 0, 0], side=32)
    assert list(made) == [0, 1, 2]
    assert all(chip.shape == (32, 32, 3) and chip.dtype == np.uint8 for chip in made.values())
    assert [int(made[row][16, 16].argmax()) for row in range(3)] == [0, 2, 0]


def test_a_chip_that_cannot_be_read_is_left_out(video: Path):
    features = features_of([(2, ANN, 0), (40, ANN, 0)])
    assert list(chips(video, features, [0, 1])) == [0]
    with pytest.raises(VideoUnreadable, match="ends at"):
        chips(video, features, [1])
    assert chips(video, features, []) == {}


def test_a_clicked_face_becomes_a_reference_that_finds_it_again(video: Path):
    features = features_of([(2, ANN, 0), (2, BEN, 1)], box_xyxy=np.float32([[60, 40, 100, 80], [0, 0, 40, 40]]))
    made = reference_at(video, features, 0)
    assert made.origin == "방송 2024.mp4 at 0.67 s"
    assert made.image.shape == (80, 80, 3), "half a box of margin on every side"
    np.testing.assert_array_equal(made.box_xyxy, [20, 20, 60, 60])
    np.testing.assert_array_equal(made.landmarks, FRONTAL - [40, 20])
    np.testing.assert_array_equal(made.image, frame_at(video, 2 / 3).image[20:100, 40:120])
    digest = features.info.models["embedder"]["digest"]
    references = Person("a", "Ann", (made,)).embeddings(digest)
    likeness = similarity_of("mobilefacenet")(features.faces.embedding, references)[:, 0]
    assert likeness[0] == pytest.approx(1, abs=1e-6)
    assert likeness[1] < 0.5


def test_a_reference_of_another_video_or_without_embedding_is_refused():
    features = features_of([(0, ANN, 0)], box_xyxy=np.float32([[200, 40, 240, 80]]))
    with pytest.raises(FaceNotFound, match=r"lies at \(220, 60\), outside this picture of 160 x 120"):
        as_reference(features, 0, numbered(0))
    lost = replace(features, faces=replace(features.faces, embedding=np.full((1, DIMENSION), np.nan, np.float32)))
    with pytest.raises(FaceNotFound, match="could not be embedded"):
        as_reference(lost, 0, numbered(0))


def reference(embeddings: dict[str, np.ndarray]) -> Reference:
    return Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a", embeddings)


def test_each_reference_is_known_by_the_face_most_like_it():
    features = features_of([(0, ANN, 0), (1, ANN, 0), (2, BEN, 1)])
    digest = features.info.models["embedder"]["digest"]
    used = reference({digest: features.faces.embedding[1].astype(np.float32)})
    person = Person("p", "Ann", (used, reference({"other": np.ones(4, np.float32)})))
    assert in_use(features, person).tolist() == [1]
    assert in_use(features, Person("p", "Ann", ())).tolist() == []


def test_of_faces_that_are_alike_the_one_that_is_shown_is_known():
    features = features_of([(0, ANN, 0), (1, ANN, 0), (2, ANN, 0), (3, BEN, 1)], likeness=0.95)
    digest = features.info.models["embedder"]["digest"]
    embedding = features.faces.embedding.copy()
    embedding[2] = embedding[0]  # a still picture, say
    features = replace(features, faces=replace(features.faces, embedding=embedding))
    person = Person("p", "Ann", (reference({digest: embedding[2].astype(np.float32)}),))
    assert in_use(features, person).tolist() == [0]
    assert in_use(features, person, [1, 2, 3]).tolist() == [2]
    assert in_use(features, person, [1, 3]).tolist() == [0]


def test_a_reference_from_a_first_look_is_known_in_an_extraction_that_saw_other_pictures():
    look = features_of([(0, ANN, 0), (1, BEN, 1)])
    digest = look.info.models["embedder"]["digest"]
    at_once = np.stack([lookalike(look.faces.embedding[0], 0.95, seed=9), look.faces.embedding[1]])
    extraction = features_of([(0, CLEO, 0), (1, ANN, 1), (2, ANN, 1), (3, BEN, 2)])
    embedding = extraction.faces.embedding.copy()
    embedding[[2, 3]] = at_once
    extraction = replace(extraction, faces=replace(extraction.faces, embedding=embedding))
    person = Person("p", "Ann", (reference({digest: look.faces.embedding[0].astype(np.float32)}),))
    assert in_use(extraction, person).tolist() == [2]


def test_faces_without_an_embedding_and_those_less_alike_show_no_reference():
    features = features_of([(0, ANN, 0), (1, ANN, 0)], likeness=0.85)
    digest = features.info.models["embedder"]["digest"]
    person = Person("p", "Ann", (reference({digest: ANN.astype(np.float32)}),))
    assert in_use(features, person).tolist() == []
    lost = replace(features.faces, embedding=np.full((2, DIMENSION), np.nan, np.float32))
    assert in_use(replace(features, faces=lost), person).tolist() == []
