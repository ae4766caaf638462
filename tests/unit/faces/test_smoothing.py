"""The filter over time on series whose answers are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.faces.circumplex import CIRCUMPLEX
from core.faces.smoothing import HAPPINESS, smooth, smoothed
from core.series import EMOTIONS, N_FACE, Source, TimeSeries
from tests.tables import series_of

D, M = Source.DETECTED, Source.MISSING


def faces(*said: str, sure: float = 0.7) -> np.ndarray:
    """Rows (n, 10) that say each emotion with a probability, the others alike, and their projection."""
    read = np.full((len(said), 8), (1 - sure) / 7)
    read[np.arange(len(said)), [EMOTIONS.index(name) for name in said]] = sure
    return np.concatenate([read, read @ CIRCUMPLEX], axis=1).astype(np.float32)


def strongest(values: np.ndarray) -> list[str]:
    return [EMOTIONS[k] for k in values[:, :8].argmax(axis=1)]


def thirds(n: int) -> np.ndarray:
    return np.arange(n) / 3


def random_faces(n: int, seed: int = 1) -> np.ndarray:
    read = np.random.default_rng(seed).dirichlet(np.full(8, 0.5), n)
    return np.concatenate([read, read @ CIRCUMPLEX], axis=1).astype(np.float32)


def test_one_odd_row_is_outvoted_and_an_edge_stays():
    said = ["neutral", "neutral", "sadness", "neutral", "neutral", "happiness", "happiness", "happiness"]
    assert strongest(smoothed(faces(*said), thirds(8))) == ["neutral"] * 5 + ["happiness"] * 3


def test_a_sure_picture_is_believed():
    sure, odd = faces("neutral", "neutral", "neutral"), faces("surprise", sure=0.999)
    sure[1] = odd[0]
    assert strongest(smoothed(sure, thirds(3)))[1] == "surprise"


def test_the_longer_an_emotion_lasts_the_more_its_neighbours_count():
    said = faces("anger", "sadness", "anger")
    found = [smoothed(said, thirds(3), dwell)[1, EMOTIONS.index("sadness")] for dwell in (0.3, 1.0, 3.0)]
    assert found == sorted(found, reverse=True)


def test_blocks_give_what_the_whole_gives(monkeypatch):
    values, t = random_faces(700), thirds(700)
    whole = smoothed(values, t)
    monkeypatch.setattr("core.cues.chain.BLOCK", 64)
    np.testing.assert_allclose(smoothed(values, t), whole, atol=1e-6)


def test_probabilities_sum_to_one_and_the_projection_follows():
    found = smoothed(random_faces(50), thirds(50))
    np.testing.assert_allclose(found[:, :8].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found[:, 8:], found[:, :8] @ CIRCUMPLEX, atol=1e-6)


def test_valence_and_arousal_that_were_read_move_with_the_projection_and_stay_in_range():
    values = random_faces(30)
    values[:, 8:] = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (30, 2))
    found = smoothed(values, thirds(30))
    moved = values[:, 8:] + (found[:, :8] - values[:, :8]) @ CIRCUMPLEX
    np.testing.assert_allclose(found[:, 8:], np.clip(moved, -1, 1), atol=1e-6)


def test_happiness_is_mostly_what_was_read():
    values = faces("neutral", "happiness", "neutral")
    happiness = smoothed(values, thirds(3))[1, HAPPINESS]
    assert 0.5 < happiness < values[1, HAPPINESS]


def test_missing_rows_stay_missing_and_say_nothing():
    values = faces(*["anger"] * 6)
    values[[2, 5]] = np.nan
    values[2, 0] = 1.0  # a row with any missing value is missing
    found = smoothed(values, thirds(6))
    assert np.isnan(found[[2, 5]]).all()
    known = [0, 1, 3, 4]
    np.testing.assert_array_equal(found[known], smoothed(values[known], thirds(6)[known]))


def test_nothing_crosses_a_gap_longer_than_allowed():
    values, t = random_faces(5), np.array([0, 0.5, 1.0, 2.4, 2.9])
    apart = np.concatenate([smoothed(values[:3], t[:3]), smoothed(values[3:], t[3:])])
    np.testing.assert_allclose(smoothed(values, t), apart, atol=1e-6)
    assert not np.allclose(smoothed(values, t, max_gap=1.5), apart)


def test_nothing_crosses_a_scene_cut_even_in_a_missing_row():
    values = random_faces(7)
    values[3] = np.nan
    found = smoothed(values, thirds(7), cut_before=np.arange(7) == 3)
    apart = np.concatenate([smoothed(values[:3], thirds(3)), values[3:4], smoothed(values[4:], thirds(3))])
    np.testing.assert_allclose(found, apart, atol=1e-6)


@pytest.mark.parametrize("values", [np.empty((0, 10), np.float32), np.full((4, 10), np.nan, np.float32)])
def test_nothing_seen_is_nothing(values):
    np.testing.assert_array_equal(smoothed(values, thirds(len(values))), values)


def test_what_a_picture_rules_out_leaves_no_nan():
    values = faces("anger", "happiness", "anger", "happiness", sure=1.0)
    assert np.isfinite(smoothed(values, thirds(4))).all()


@pytest.mark.parametrize(("dwell", "named"), [(0.0, "got 0"), (-1.0, "got -1"), (np.nan, "got nan")])
def test_what_makes_no_sense_is_refused(dwell, named):
    with pytest.raises(ValueError, match=named):
        smoothed(random_faces(2), thirds(2), dwell)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="do not fit"):
        smoothed(random_faces(2), thirds(3))


def seen(sources: list[Source]) -> TimeSeries:
    series = series_of(sources)
    values = series.values.copy()
    values[:, :N_FACE] = random_faces(len(values))
    return replace(series, values=values)


def test_only_face_features_of_observed_rows_change():
    series = seen([D] * 5 + [M] * 2 + [D] * 5)
    found = smooth(series)
    kept = ~series.observed
    np.testing.assert_array_equal(found.values[:, N_FACE:], series.values[:, N_FACE:])
    np.testing.assert_array_equal(found.values[kept], series.values[kept])
    np.testing.assert_array_equal(found.source, series.source)
    assert not np.isclose(found.values[series.observed, :N_FACE], series.values[series.observed, :N_FACE]).all()


def test_no_smoothing_is_the_series_itself():
    series = seen([D] * 4)
    assert smooth(series, 0.0) is series
