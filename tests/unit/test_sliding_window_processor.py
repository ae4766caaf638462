"""Sliding windows, their scores and the curve, on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core import sliding_window_processor
from core.series import N_FACE
from core.sliding_window_processor import (
    Scores,
    Windows,
    lay_windows,
    log_odds_of,
    probability,
    runs,
    score_windows,
    sliding_windows,
    window_rows,
)
from tests.tables import D, F, M, R, series_of

# Windows


def test_windows_of_five_six_and_seven_seconds_half_a_second_apart():
    windows = sliding_windows(series_of([D] * 30))  # 10 s
    durations, counts = np.unique(windows.end - windows.start, return_counts=True)
    assert durations.tolist() == [5, 6, 7]
    assert counts.tolist() == [11, 9, 7]
    assert windows.start[:11].tolist() == (np.arange(11) * 0.5).tolist()
    assert windows.n_steps == 20


def test_rows_of_windows_are_fifteen_of_twelve_features():
    series = series_of([D] * 30)
    rows = window_rows(series, sliding_windows(series))
    assert rows.values.shape == (27, 15, 12)
    assert rows.values.dtype == np.float32
    assert rows.timestamps.shape == rows.source.shape == (27, 15)
    part = window_rows(series, sliding_windows(series), slice(5, 9))
    np.testing.assert_array_equal(part.values, rows.values[5:9])


def test_a_window_of_five_seconds_at_three_hertz_takes_every_sample_once():
    series = series_of([D] * 60)
    rows = window_rows(series, sliding_windows(series, durations=[5.0], step=1.0))
    np.testing.assert_allclose(np.diff(rows.sample_timestamps, axis=1), 1 / 3)


def test_a_time_axis_that_begins_late_is_kept():
    windows = sliding_windows(series_of([D] * 30, timestamps=100.1 + np.arange(30) / 3))
    assert windows.origin == windows.start.min() == 100.1
    assert windows.time(4) == pytest.approx(102.1)


@pytest.mark.parametrize(("n", "count"), [(0, 0), (1, 0), (14, 0), (15, 1), (17, 2), (18, 3 + 1), (21, 5 + 3 + 1)])
def test_a_series_shorter_than_a_duration_has_no_window_of_it(n, count):
    series = series_of([D] * n)
    windows = sliding_windows(series)
    assert len(windows) == count
    if n:
        assert window_rows(series, windows).values.shape == (count, 15, 12)
    curve = Scores(windows, np.zeros(count)).curve
    assert len(curve.timestamps) == len(curve.scores) == windows.n_steps


def test_windows_are_found_by_their_middle():
    windows = lay_windows(3.3, 20.0)
    for middle, row in enumerate(windows.by_centre.tolist()):
        assert sorted(k for k in row if k >= 0) == np.flatnonzero(windows.centre == middle).tolist()
    np.testing.assert_allclose(windows.time(0) + windows.centre * 0.5, (windows.start + windows.end) / 2)


def test_durations_and_steps_of_any_length_are_laid():
    windows = lay_windows(0.0, 10.0, durations=[2.5, 3.0], step=0.25)
    assert (windows.last - windows.first).tolist() == [10] * 31 + [12] * 29
    assert len(np.unique(windows.by_centre[windows.by_centre >= 0])) == len(windows)


# Scores


def first_row(values: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
    """Says of a window at what time its first row was taken: `series_of` holds ramps of time in its last columns."""
    np.testing.assert_allclose(values[..., -1] - 11, timestamps, atol=1e-4)
    return values[:, 0, -1] - 11


def test_every_window_gets_its_own_score(monkeypatch):
    monkeypatch.setattr(sliding_window_processor, "CHUNK", 7)  # many parts, the last one not full
    series = series_of([D] * 60)
    windows = sliding_windows(series)
    told: list[tuple[float, float]] = []
    scores = score_windows(
        series, windows, first_row, max_failed_ratio=0.3, on_progress=lambda done, total: told.append((done, total))
    )
    np.testing.assert_allclose(scores.log_odds, window_rows(series, windows).sample_timestamps[:, 0], atol=1e-4)
    assert told[0] == (7, len(windows))
    assert told[-1] == (len(windows), len(windows))


def test_a_window_is_not_judged_from_the_limit_on():
    source = [F, M] * 2 + [R] + [D] * 10  # 4 of 15 rows
    series = series_of(source)
    windows = sliding_windows(series)
    seen: list[int] = []

    def count(values: np.ndarray, timestamps: np.ndarray) -> np.ndarray:
        seen.append(len(values))
        assert np.isnan(values[:, 1, :N_FACE]).all()
        assert not np.isnan(values[:, 1, N_FACE:]).any()
        return np.ones(len(values))

    assert score_windows(series, windows, count, max_failed_ratio=0.3).log_odds.tolist() == [1.0]
    assert np.isnan(score_windows(series, windows, count, max_failed_ratio=4 / 15).log_odds).all()
    assert seen == [1]


def test_a_probability_and_its_log_odds():
    np.testing.assert_allclose(
        probability(np.array([0.0, log_odds_of(0.2), -1e9, np.nan])), [0.5, 0.2, 0, np.nan], atol=1e-12
    )
    assert np.isfinite([log_odds_of(0.0), log_odds_of(1.0)]).all()


# The curve


@pytest.mark.parametrize("origin", [0.0, 0.1, 777.7])
def test_the_curve_of_a_constant_score_is_constant(origin):
    windows = lay_windows(origin, 100.0)
    curve = Scores(windows, np.full(len(windows), log_odds_of(0.3))).curve
    np.testing.assert_allclose(curve.scores, 0.3, atol=1e-9)
    np.testing.assert_allclose(np.diff(curve.timestamps), 0.5)
    assert curve.timestamps[0] == pytest.approx(origin + 0.25)
    assert curve.timestamps[-1] == pytest.approx(origin + 99.75)


def test_the_curve_is_the_mean_of_the_judged_windows_that_hold_a_time():
    windows = lay_windows(3.3, 30.0)
    scores = np.random.default_rng(0).random(len(windows))
    scores[::3] = np.nan
    curve = Scores(windows, np.log(scores / (1 - scores))).curve
    for at, score in zip(curve.timestamps, curve.scores, strict=True):
        holds = (windows.start <= at) & (at < windows.end) & ~np.isnan(scores)
        assert score == pytest.approx(scores[holds].mean() if holds.any() else np.nan, nan_ok=True)


def test_where_no_window_is_judged_the_curve_is_nan():
    windows = lay_windows(0.0, 100.0)
    scores = np.where((windows.start < 60) & (windows.end > 40), np.nan, 0.0)
    curve = Scores(windows, scores).curve
    inside = (curve.timestamps > 40) & (curve.timestamps < 60)
    assert np.isnan(curve.scores[inside]).all()
    np.testing.assert_allclose(curve.scores[~inside], 0.5)
    assert np.isnan(Scores(windows, np.full(len(windows), np.nan)).curve.scores).all()
    assert len(Scores(Windows(np.empty(0), np.empty(0)), np.empty(0)).curve.scores) == 0


@pytest.mark.parametrize(
    ("mask", "found"),
    [([], []), ([0, 0], []), ([1], [[0, 1]]), ([1, 1, 0, 1], [[0, 2], [3, 4]]), ([0, 1, 0, 0, 1, 1], [[1, 2], [4, 6]])],
)
def test_runs_are_the_stretches_of_true_values(mask, found):
    assert runs(np.array(mask, bool)).tolist() == found
