"""Sliding windows, their score curve and the moments in it, on series whose answer is planted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.segment import Segment, tiou
from core.series import FEATURES, N_FACE, TimeSeries
from core.sliding_window_processor import Windows, best_threshold, moments, score_curve, sliding_windows
from tests.tables import D, F, M, R, series_of

HAPPINESS = FEATURES.index("happiness")


def burst_series(*bursts: Segment, n: int = 300, origin: float = 0.0) -> TimeSeries:
    """Happiness 1 inside the bursts, 0 elsewhere."""
    t = origin + np.arange(n) / 3
    values = np.zeros((n, 12))
    for burst in bursts:
        values[(t >= burst.start) & (t < burst.end), HAPPINESS] = 1
    return TimeSeries(values, t, np.zeros(n), 3.0)


def perfect(windows: Windows, *bursts: Segment) -> np.ndarray:
    """Temporal IoU with the closest burst: what the best scorer would say."""
    spans = [Segment(a, b) for a, b in zip(windows.start, windows.end, strict=True)]
    return np.array([max(tiou(span, burst) for burst in bursts) for span in spans])


# Windows


def test_windows_of_five_six_and_seven_seconds_half_a_second_apart():
    windows = sliding_windows(series_of([D] * 30))  # 10 s
    assert windows.values.shape == (11 + 9 + 7, 15, 12)
    assert windows.values.dtype == np.float32
    durations, counts = np.unique(windows.end - windows.start, return_counts=True)
    assert durations.tolist() == [5, 6, 7]
    assert counts.tolist() == [11, 9, 7]
    assert windows.start[:11].tolist() == (np.arange(11) * 0.5).tolist()
    assert windows.timestamps.shape == windows.source.shape == (27, 15)


def test_a_window_of_five_seconds_at_three_hertz_takes_every_sample_once():
    windows = sliding_windows(series_of([D] * 60), durations=[5.0], step=1.0)
    for row in windows.timestamps:
        np.testing.assert_allclose(np.diff(row), 1 / 3)


def test_a_time_axis_that_begins_late_is_kept():
    windows = sliding_windows(series_of([D] * 30, timestamps=100.1 + np.arange(30) / 3))
    assert windows.start.min() == 100.1
    assert windows.timestamps.min() == 100.1


def test_failed_ratio_counts_interpolated_and_missing_rows():
    windows = sliding_windows(series_of([D, R, F, M, D] * 3), durations=[5.0])
    assert windows.failed_ratio.tolist() == [6 / 15]
    missing = windows.source[0] == M
    assert np.isnan(windows.values[0, missing, :N_FACE]).all()
    assert not np.isnan(windows.values[0, missing, N_FACE:]).any()


@pytest.mark.parametrize(("n", "count"), [(0, 0), (1, 0), (14, 0), (15, 1), (17, 2), (18, 3 + 1), (21, 5 + 3 + 1)])
def test_a_series_shorter_than_a_duration_has_no_window_of_it(n, count):
    windows = sliding_windows(series_of([D] * n))
    assert len(windows) == count
    assert windows.values.shape == (count, 15, 12)
    assert windows.failed_ratio.shape == (count,)
    curve = score_curve(windows, np.zeros(count))
    assert len(curve.timestamps) == len(curve.scores)
    assert len(moments(windows, np.zeros(count), max_per_hour=12.0)) == min(count, 1)


# The curve


@pytest.mark.parametrize("origin", [0.0, 0.1, 777.7])
def test_the_curve_of_a_constant_score_is_constant(origin):
    windows = sliding_windows(burst_series(origin=origin))
    curve = score_curve(windows, np.full(len(windows), 0.3))
    np.testing.assert_allclose(curve.scores, 0.3, atol=1e-9)
    np.testing.assert_allclose(np.diff(curve.timestamps), 0.5)
    assert curve.timestamps[0] == pytest.approx(origin + 0.25)
    assert curve.timestamps[-1] == pytest.approx(origin + 99.75)


def test_the_curve_is_the_mean_of_the_judged_windows_that_hold_a_time():
    windows = sliding_windows(burst_series(n=90, origin=3.3))
    scores = np.random.default_rng(0).random(len(windows))
    scores[::3] = np.nan
    curve = score_curve(windows, scores)
    for at, score in zip(curve.timestamps, curve.scores, strict=True):
        holds = (windows.start <= at) & (at < windows.end) & ~np.isnan(scores)
        assert score == pytest.approx(scores[holds].mean() if holds.any() else np.nan, nan_ok=True)


def test_where_no_window_is_judged_the_curve_is_nan():
    windows = sliding_windows(burst_series())
    scores = np.where((windows.start < 60) & (windows.end > 40), np.nan, 0.5)
    curve = score_curve(windows, scores)
    inside = (curve.timestamps > 40) & (curve.timestamps < 60)
    assert np.isnan(curve.scores[inside]).all()
    np.testing.assert_allclose(curve.scores[~inside], 0.5)
    assert np.isnan(score_curve(windows, np.full(len(windows), np.nan)).scores).all()


# Moments


@pytest.mark.parametrize("start", [0.0, 33.21, 50.0, 93.9])
@pytest.mark.parametrize("origin", [0.0, 0.1])
def test_a_planted_burst_is_found(start, origin):
    burst = Segment(start + origin, start + origin + 6.0)
    series = burst_series(burst, origin=origin)
    windows = sliding_windows(series)
    (found,) = moments(windows, perfect(windows, burst), threshold=0.5)
    assert tiou(found, burst) >= 0.8
    shown = windows.values[..., HAPPINESS].sum(axis=1) / 15 * (windows.end - windows.start)  # seconds of it in a window
    judged = shown - np.abs(windows.end - windows.start - shown)  # inside less outside, from the rows alone
    (found,) = moments(windows, np.clip(judged / 7, 0, 1), threshold=0.5)
    assert tiou(found, burst) >= 0.8


def test_bursts_come_in_order_of_time_each_once():
    bursts = [Segment(80.0, 86.0), Segment(12.0, 17.0), Segment(40.0, 47.0)]
    windows = sliding_windows(burst_series(*bursts))
    found = moments(windows, perfect(windows, *bursts), threshold=0.8)
    assert [(m.start, m.end, m.score) for m in found] == [(12.0, 17.0, 1.0), (40.0, 47.0, 1.0), (80.0, 86.0, 1.0)]


@pytest.mark.parametrize("origin", [0.0, 0.1, 1 / 3, 17_000.7])
def test_a_constant_score_gives_moments_that_touch_and_do_not_overlap(origin):
    windows = sliding_windows(burst_series(origin=origin))
    found = moments(windows, np.full(len(windows), 0.4), threshold=0.0)
    assert len(found) == 20  # 100 s in clips of 5 s
    assert all(b.start == pytest.approx(a.end, abs=1e-6) for a, b in pairwise(found))


def test_windows_that_are_not_judged_are_no_moments():
    windows = sliding_windows(burst_series())
    assert moments(windows, np.full(len(windows), np.nan), threshold=0.0) == []
    assert moments(windows, np.full(len(windows), np.nan)) == []
    scores = np.where(windows.start < 50, np.nan, 0.5)
    assert min(m.start for m in moments(windows, scores, threshold=0.0)) == 50.0


def test_a_moment_at_the_threshold_counts():
    windows = sliding_windows(burst_series())
    scores = np.full(len(windows), 0.4)
    assert len(moments(windows, scores, threshold=0.4)) == 20
    assert moments(windows, scores, threshold=0.4001) == []


@pytest.mark.parametrize(("max_per_hour", "count"), [(None, 20), (1e9, 20), (36.0 * 5, 5), (0.1, 1)])
def test_only_the_best_moments_of_an_hour_are_kept(max_per_hour, count):
    windows = sliding_windows(burst_series())  # 100 s
    scores = np.linspace(0.9, 0.1, len(windows))
    everything = moments(windows, scores, threshold=0.0)
    found = moments(windows, scores, threshold=0.0, max_per_hour=max_per_hour)
    best = sorted(everything, key=lambda m: -m.score)[: count if max_per_hour else len(everything)]
    assert sorted(found, key=lambda m: -m.score) == best


def test_without_a_threshold_the_best_of_the_found_ones_is_taken():
    bursts = [Segment(12.0, 18.0), Segment(40.0, 46.0)]
    windows = sliding_windows(burst_series(*bursts))
    scores = np.where(perfect(windows, *bursts) > 0.99, 0.95, 0.02)
    assert [(m.start, m.score) for m in moments(windows, scores)] == [(12.0, 0.95), (40.0, 0.95)]


def test_moments_of_five_hours_do_not_take_minutes():
    windows = sliding_windows(burst_series(n=5 * 3600 * 3))
    found = moments(windows, np.random.default_rng(0).random(len(windows)), threshold=0.0)
    assert len(found) > 2000
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(found))


# best_threshold


def expected_f1(p: np.ndarray, threshold: float) -> float:
    chosen = p[p >= threshold]
    return float(2 * chosen.sum() / (len(chosen) + p.sum()))


@pytest.mark.parametrize("seed", range(20))
def test_the_threshold_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    p = rng.random(rng.integers(1, 40)) ** rng.integers(1, 6)
    if seed % 2:
        p = np.round(p, 1) + 0.01  # with equal ones
    found = best_threshold(p)
    assert found in p
    assert expected_f1(p, found) == pytest.approx(max(expected_f1(p, t) for t in p))


def test_the_threshold_of_nothing_lets_nothing_through():
    assert best_threshold(np.empty(0)) == 1.0
    assert best_threshold(np.array([0.2])) == 0.2
    assert best_threshold(np.zeros(3)) >= 0.0
