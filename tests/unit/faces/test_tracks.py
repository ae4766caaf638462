"""Tracks on planted tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.faces.tracks import SCENE_CUT, cuts_of, tracks
from tests.tables import DIMENSION, Planted, planted_table


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
    """At 3 Hz the limit is 1.5 s and half a sample period: 5 frames yes, 6 frames no."""
    assert People((0, 0, 0.0), (5, 0, 0.0)).tracks(7) == [0, 0]
    assert People((0, 0, 0.0), (6, 0, 0.0)).tracks(7) == [0, 1]
    assert People((0, 0, 0.0), (6, 0, 0.0)).tracks(7, max_gap=2.0) == [0, 0]


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


def test_a_cut_is_where_the_picture_changes_and_the_face_is_elsewhere():
    sightings = [Planted(k, 0.9) for k in (0, 1, 2, 4, 5)]
    table = planted_table(sightings, n_frames=7, person=np.eye(1, DIMENSION, dtype=np.float32)[0])
    x = np.array([0, 30, 10, 10, 200], np.float32)  # of faces 40 pixels wide
    changes = np.full(7, SCENE_CUT, np.float32)  # as in a game that moves
    table = replace(table, box_xyxy=table.box_xyxy + x[:, None] * np.float32([1, 0, 1, 0]), scene_change=changes)
    face = np.array([0, 1, 2, -1, 3, 4, -1])
    assert np.flatnonzero(cuts_of(table, face)).tolist() == [1, 5]
    calm = replace(table, scene_change=np.zeros(7, np.float32))
    assert not cuts_of(calm, face).any()
    assert not cuts_of(table, np.full(7, -1)).any()
