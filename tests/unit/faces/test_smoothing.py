"""Smoothing on series whose answers are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.faces.smoothing import smooth, smoothed
from core.series import N_FACE, Source, TimeSeries
from tests.tables import series_of

D, M = Source.DETECTED, Source.MISSING


def column(values: list[float]) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def thirds(n: int) -> np.ndarray:
    return np.arange(n) / 3


def test_what_is_constant_stays():
    values = np.tile(np.float32([0.2, 0.8, -0.4]), (20, 1))
    np.testing.assert_allclose(smoothed(values, thirds(20), 1.0), values, rtol=1e-6)


def test_true_times_count_not_rows():
    t = np.array([0.0, 0.1, 0.2, 0.65, 1.6])
    found = smoothed(column([1, 2, 3, 10, 20]), t, 1.0)
    np.testing.assert_array_equal(found[:, 0], [2, 2, 3, 10, 20])


def test_the_median_is_the_row_nearest_to_all_others_of_its_window(monkeypatch):
    monkeypatch.setattr("core.faces.smoothing.BLOCK", 7)
    rng = np.random.default_rng(3)
    values = rng.random((40, 3)).astype(np.float32)
    t = np.cumsum(rng.uniform(0.1, 0.9, 40))
    found = smoothed(values, t, 2.0)
    for k in range(40):
        window = np.flatnonzero(np.abs(t - t[k]) <= 1.0)
        sums = [np.abs(values[j] - values[window]).sum() for j in window]
        best = np.abs(found[k] - values[window]).sum()
        assert best == pytest.approx(min(sums), abs=1e-5)


def test_the_median_drops_one_odd_row_and_keeps_an_edge():
    calm, laugh, odd = [0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.0, 0.0, 1.0]
    values = np.float32([calm, calm, odd, calm, calm, laugh, laugh, laugh])
    expected = np.float32([calm, calm, calm, calm, calm, laugh, laugh, laugh])
    np.testing.assert_array_equal(smoothed(values, thirds(8), 1.0), expected)


def test_missing_rows_stay_missing_and_say_nothing():
    values = column([1, 1, np.nan, 1, 1, np.nan])
    found = smoothed(values, thirds(6), 1.5)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    np.testing.assert_allclose(found[~np.isnan(values)], 1)


def test_a_row_with_one_missing_value_is_missing():
    values = np.float32([[1, 2], [np.nan, 2], [3, 4]])
    found = smoothed(values, thirds(3), 1.0)
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[[0, 2]], values[[0, 2]])


def test_nothing_crosses_a_gap_longer_than_allowed():
    t = np.array([0, 0.5, 1.0, 2.4, 2.9])
    values = column([1, 1, 1, 7, 7])
    np.testing.assert_allclose(smoothed(values, t, 6.0), values)
    values[:3] = [[1], [2], [3]]
    crossed = smoothed(values, t, 6.0, max_gap=1.5)
    assert not np.allclose(crossed, values)


def test_a_gap_is_between_rows_that_are_seen():
    t = thirds(8)
    values = column([1, np.nan, np.nan, 7, np.nan, np.nan, np.nan, 20])
    found = smoothed(values, t, 4.0)
    np.testing.assert_array_equal(found[[0, 3, 7], 0], [1, 7, 20])
    values[[1, 2], 0] = 1
    assert smoothed(values, t, 4.0)[3, 0] == 1  # 1 s apart; the last one 1.33 s


def test_nothing_crosses_a_scene_cut():
    values = column([1, 1, 1, 7, 7, 7])
    cuts = np.arange(6) == 3
    np.testing.assert_allclose(smoothed(values, thirds(6), 2.0, cut_before=cuts), values)


def test_a_cut_in_a_missing_row_counts():
    values = column([1, 1, np.nan, 7, 7])
    cuts = np.arange(5) == 2
    found = smoothed(values, thirds(5), 2.0, cut_before=cuts)
    np.testing.assert_allclose(found[[0, 1, 3, 4], 0], [1, 1, 7, 7])


@pytest.mark.parametrize("values", [np.empty((0, 3), np.float32), np.full((4, 3), np.nan, np.float32)])
def test_nothing_seen_is_nothing(values):
    np.testing.assert_array_equal(smoothed(values, thirds(len(values)), 1.0), values)


@pytest.mark.parametrize(("duration", "named"), [(0.0, "got 0"), (-1.0, "got -1"), (np.nan, "got nan")])
def test_what_makes_no_sense_is_refused(duration, named):
    with pytest.raises(ValueError, match=named):
        smoothed(column([1, 2]), thirds(2), duration)


def test_a_window_narrower_than_two_sample_periods_changes_nothing():
    values = np.random.default_rng(2).random((20, 8)).astype(np.float32)
    np.testing.assert_allclose(smoothed(values, thirds(20), 0.6), values, rtol=1e-6)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="do not fit"):
        smoothed(column([1, 2]), thirds(3), 1.0)


def seen(sources: list[Source]) -> TimeSeries:
    series = series_of(sources)
    values = np.random.default_rng(0).random(series.values.shape).astype(np.float32)
    return replace(series, values=values)


def test_only_face_features_of_observed_rows_change():
    series = seen([D] * 5 + [M] * 2 + [D] * 5)
    found = smooth(series, 1.0)
    kept = ~series.observed
    np.testing.assert_array_equal(found.values[:, N_FACE:], series.values[:, N_FACE:])
    np.testing.assert_array_equal(found.values[kept], series.values[kept])
    np.testing.assert_array_equal(found.source, series.source)
    assert not np.isclose(found.values[series.observed, :N_FACE], series.values[series.observed, :N_FACE]).all()


def test_no_smoothing_is_the_series_itself():
    series = seen([D] * 4)
    assert smooth(series, 0.0) is series


def test_a_centred_window_looks_both_ways_alike():
    values = np.random.default_rng(1).random((40, 8)).astype(np.float32)
    t = thirds(40)
    forth = smoothed(values, t, 1.0)
    back = smoothed(values[::-1], t, 1.0)[::-1]
    np.testing.assert_allclose(forth, back, rtol=1e-6)
