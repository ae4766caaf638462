"""Threshold tuning: the same match as everywhere, counts and seconds that add up, cuts, borderline faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.faces.table import NO_TRACK
from core.multimodal_processor import person_series
from core.people.normalisation import similarities
from core.people.person import Person, Reference, Thresholds
from core.people.tuning import BIN_EDGES, suggest, tune, tuning
from tests.tables import Planted, direction, features_info, planted_table

WANTED = direction(1)


def features_of(*faces: Planted, n_frames: int = 6) -> Features:
    table = planted_table(faces, n_frames=n_frames, person=WANTED)
    return Features(features_info(), table, np.zeros((n_frames, 2), "f4"))


def person(*embeddings: np.ndarray, digest: str = "e1") -> Person:
    picture = np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg"
    return Person("a", "Ann", tuple(Reference(*picture, {digest: x}) for x in embeddings or (WANTED,)))


def tuned(*faces: Planted, thresholds: Thresholds = Thresholds(), n_frames: int = 6, n_borderline: int = 6):
    features = features_of(*faces, n_frames=n_frames)
    prepared = tuning(features, similarities(features, person()))
    return tune(prepared, thresholds, n_borderline=n_borderline)


SCENE = (Planted(0, 0.35), Planted(1, 0.9), Planted(1, 0.1, 1), Planted(2, 0.35), Planted(3, 0.45, 2), Planted(4, 0.2))


def test_similarities_are_the_best_over_the_references():
    features = features_of(Planted(0, 0.3), Planted(1, -0.5))
    likeness = similarities(features, person(WANTED, -WANTED))
    assert likeness.dtype == np.float32
    np.testing.assert_allclose(likeness, [0.3, 0.5], atol=1e-5)


def test_a_face_without_embedding_has_no_similarity_and_a_lost_reference_counts_nothing():
    features = features_of(Planted(0, 0.3), Planted(1, 0.4))
    features.faces.embedding[0] = np.nan
    np.testing.assert_allclose(similarities(features, person(WANTED, WANTED * np.nan)), [np.nan, 0.4], atol=1e-5)


def test_a_person_read_by_another_model_is_refused():
    with pytest.raises(PunchlineError, match="extract the video again"):
        similarities(features_of(Planted(0, 0.3)), person(digest="other"))


def test_what_is_kept_is_what_the_series_of_the_person_observes():
    features = features_of(*SCENE)
    series = person_series(features, person(), fill="none")
    found = tune(tuning(features, similarities(features, person())), Thresholds()).match
    np.testing.assert_array_equal(series.series.source, found.source)
    np.testing.assert_array_equal(series.similarity, found.similarity)


def test_kept_and_rejected_faces_and_seconds():
    found = tuned(*SCENE)
    assert found.match.source.tolist() == [1, 0, 1, 3, 3, 3]
    assert found.kept.tolist() == [0, 1, 3]
    assert found.rejected.tolist() == [4, 5]
    seconds = found.detected_seconds, found.relaxed_seconds, found.rejected_seconds, found.no_face_seconds
    assert seconds == pytest.approx((1 / 3, 2 / 3, 2 / 3, 1 / 3))
    assert found.kept_seconds == pytest.approx(1)


def test_a_slider_move_changes_what_is_kept():
    assert tuned(*SCENE, thresholds=Thresholds(0.45, 0.4)).kept.tolist() == [1, 4]
    assert tuned(*SCENE, thresholds=Thresholds(0.95, 0.95)).kept.tolist() == []
    assert tuned(*SCENE, thresholds=Thresholds(0.1, 0.1)).kept.tolist() == [0, 1, 3, 4, 5]


def test_one_preparation_serves_any_thresholds():
    features = features_of(*SCENE)
    prepared = tuning(features, similarities(features, person()))
    first = tune(prepared, Thresholds())
    tune(prepared, Thresholds(0.9, 0.1))
    np.testing.assert_array_equal(first.match.face, tune(prepared, Thresholds()).match.face)


def test_the_histogram_holds_best_faces_and_others_apart():
    """The faces without a known similarity are in neither; those below -1 are in the first bin."""
    features = features_of(*SCENE)
    likeness = np.float32([0.31, 1.0, 0.11, np.nan, -1.5, 0.21])
    histogram = tuning(features, likeness).histogram
    assert histogram.edges[[0, 50, 65, 100]].tolist() == [-1, 0, 0.3, 1]
    assert np.flatnonzero(histogram.best).tolist() == [0, 60, 65, 99]
    assert np.flatnonzero(histogram.others).tolist() == [55]
    assert histogram.best.sum() == 4


def test_one_similarity_a_face_is_needed():
    with pytest.raises(ValueError, match=r"shape \(6,\), one a face, got \(5,\)"):
        tuning(features_of(*SCENE), np.zeros(5, np.float32))


@pytest.mark.parametrize("n_frames", [0, 4])
def test_a_table_without_faces(n_frames):
    features = features_of(n_frames=n_frames)
    prepared = tuning(features, similarities(features, person()))
    found = tune(prepared, Thresholds())
    assert (len(found.kept), found.kept_seconds, found.rejected_seconds) == (0, 0, 0)
    assert found.no_face_seconds == pytest.approx(n_frames / 3)
    assert prepared.suggestion.reason == "too_few_faces"
    assert prepared.histogram.best.sum() == 0
    assert len(found.strict.above) == len(found.relaxed.below) == 0


# Borderline faces


def test_borderline_faces_are_the_nearest_on_both_sides():
    faces = [Planted(k, s, track=k) for k, s in enumerate((0.1, 0.28, 0.31, 0.48, 0.52, 0.9))]
    found = tuned(*faces, n_borderline=2)
    assert (found.strict.above.tolist(), found.strict.below.tolist()) == ([4, 5], [3, 2])
    assert (found.relaxed.above.tolist(), found.relaxed.below.tolist()) == ([2, 3], [1, 0])


def test_borderline_faces_come_from_different_tracks_first():
    faces = [Planted(k, s, track=t) for k, (s, t) in enumerate(((0.51, 0), (0.52, 0), (0.53, 0), (0.6, 1), (0.7, 2)))]
    assert tuned(*faces, n_borderline=3).strict.above.tolist() == [0, 3, 4]
    assert tuned(*faces, n_borderline=4).strict.above.tolist() == [0, 1, 3, 4]
    apart = [replace(face, track=NO_TRACK) for face in faces]
    assert tuned(*apart, n_borderline=3).strict.above.tolist() == [0, 1, 2]


def test_faces_that_a_threshold_does_not_decide_about_are_no_borderline_faces():
    """The second face of a frame, one too unsure for a strict match, and one too unsure for any."""
    faces = Planted(0, 0.55), Planted(0, 0.8, 1), Planted(1, 0.52, 2, 0.8), Planted(2, 0.51, 3, 0.6)
    found = tuned(*faces)
    assert found.strict.above.tolist() == [1]
    assert found.relaxed.above.tolist() == [2, 1]


def test_a_face_exactly_at_a_threshold_is_above_it():
    features = features_of(Planted(0, 0.5), Planted(1, 0.5))
    likeness = np.float32([0.3, np.nextafter(np.float32(0.3), np.float32(0))])
    found = tune(tuning(features, likeness), Thresholds())
    assert (found.relaxed.above.tolist(), found.relaxed.below.tolist()) == ([0], [1])


# Suggested cuts


def mixture(*parts: tuple[int, float, float]) -> np.ndarray:
    """Faces with these (count, mean, standard deviation) of their similarity."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(mean, spread, n) for n, mean, spread in parts]).astype(np.float32)


@pytest.mark.parametrize(
    ("parts", "between"),
    [
        (((3000, 0.7, 0.08), (3000, -0.2, 0.15)), (0.2, 0.5)),
        (((300, 0.7, 0.08), (9000, 0.0, 0.12)), (0.3, 0.55)),
        (((9000, 0.65, 0.1), (400, 0.05, 0.1)), (0.2, 0.4)),
        (((2000, 0.75, 0.05), (2000, 0.2, 0.05), (2000, -0.6, 0.1)), (0.35, 0.6)),
        (((40, 0.8, 0.05), (40, -0.5, 0.1)), (0.2, 0.65)),
    ],
)
def test_two_people_are_cut_in_the_valley_between_them(parts, between):
    found = suggest(mixture(*parts))
    assert found.reason == "valley"
    assert between[0] <= found.cut <= between[1]
    assert found.modes[0] < found.cut < found.modes[1]
    assert 0.2 <= found.thresholds.relaxed <= found.cut <= found.thresholds.strict <= 0.7


def test_the_cut_of_two_narrow_modes_lies_midway_and_the_thresholds_beside_it():
    found = suggest(np.repeat(np.float32([0.11, 0.81]), 200))
    assert found.modes == (0.11, 0.81)
    assert found.cut == pytest.approx(0.46, abs=0.03)
    assert (found.thresholds.strict, found.thresholds.relaxed) == pytest.approx((found.cut + 0.1, found.cut - 0.1))


def test_thresholds_keep_off_near_modes():
    found = suggest(np.repeat(np.float32([0.39, 0.61]), 2000))
    assert 0.39 < found.thresholds.relaxed < found.cut < found.thresholds.strict < 0.61


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (((3000, 0.7, 0.1),), "one_mode"),
        (((3000, 0.0, 0.2),), "one_mode"),
        (((3000, 0.4, 0.15),), "one_mode"),
        (((3000, 0.5, 0.12), (20, -0.3, 0.05)), "one_mode"),
        (((3000, -0.6, 0.05), (3000, 0.0, 0.05)), "outside"),
        (((14, 0.8, 0.01), (15, 0.0, 0.01)), "too_few_faces"),
        ((), "too_few_faces"),
    ],
)
def test_without_a_valley_there_is_no_cut_but_a_reason(parts, reason):
    found = suggest(mixture(*parts, (0, 0, 1)))
    assert (found.cut, found.thresholds, found.reason) == (None, None, reason)


def test_few_faces_of_one_person_seem_two_by_chance_only_seldom():
    """Forty faces make a ragged histogram; without a test of chance 27 of these 200 would be cut."""
    draws = (np.random.default_rng(k).normal(0.45, 0.2, 40).astype(np.float32) for k in range(200))
    assert sum(suggest(draw).reason == "valley" for draw in draws) <= 4


def test_unknown_similarities_change_no_cut():
    values = mixture((300, 0.7, 0.08), (300, 0.0, 0.1))
    assert suggest(np.concatenate([values, np.full(50, np.nan, np.float32)])) == suggest(values)


def test_unsure_and_second_faces_have_no_say_in_the_cut():
    """Both would make a second mode."""
    main = [Planted(k, 0.8, 0) for k in range(60)]
    assert tuning_of(*main).suggestion.reason == "one_mode"
    unsure = [Planted(60 + k, 0.1, 1, 0.6) for k in range(60)]
    second = [Planted(k, 0.1, 2) for k in range(60)]
    assert tuning_of(*main, *unsure, *second).suggestion.reason == "one_mode"
    other = [Planted(60 + k, 0.1, 1) for k in range(60)]
    assert tuning_of(*main, *other).suggestion.reason == "valley"


def tuning_of(*faces: Planted):
    features = features_of(*faces, n_frames=120)
    return tuning(features, similarities(features, person()))


def test_bins_are_of_two_hundredths():
    assert len(BIN_EDGES) == 101
    np.testing.assert_allclose(np.diff(BIN_EDGES), 0.02)
