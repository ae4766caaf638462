"""Properties of sliding windows and their curve that hold for any series."""

from __future__ import annotations

from math import floor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.segment import Segment
from core.series import TimeSeries, resample
from core.sliding_window_processor import Scores, lay_windows, score_windows, sliding_windows, window_rows


@st.composite
def any_series(draw: st.DrawFn) -> TimeSeries:
    """At 3 to 10 Hz from any time on, with any sources, the times as a container of 1 ms rounds them or exact."""
    n = draw(st.integers(1, 120))
    sample_rate = draw(st.sampled_from([3.0, 3.7, 5.0, 10.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    timestamps = draw(st.floats(0, 20_000)) + np.arange(n) / sample_rate
    if draw(st.booleans()):
        timestamps = timestamps.round(3)
    values = rng.normal(size=(n, 12))
    source = rng.integers(0, 4, n)
    values[source == 3, :10] = np.nan
    return TimeSeries(values, timestamps, source, sample_rate)


def test_ten_thousand_random_windows_are_those_of_the_formula():
    rng = np.random.default_rng(7)
    for _ in range(10_000):
        origin, span = rng.uniform(0, 20_000), rng.uniform(0, 60)
        duration, step = (
            rng.choice([1.0, 5.0, 6.0, 7.0, rng.uniform(0.5, 10)]),
            rng.choice([0.5, 0.1, rng.uniform(0.1, 3)]),
        )
        if rng.random() < 0.3:  # spans that a window fits exactly, but for rounding
            span = duration + int(rng.integers(0, 100)) * step
        n = max(0, floor((span - duration) / step + 1e-9) + 1)
        windows = lay_windows(origin, span, durations=[duration], step=step)
        start = [origin + i * step for i in range(n)]
        assert windows.start.tolist() == start
        assert windows.end.tolist() == [s + duration for s in start]


@given(st.floats(0, 20_000), st.integers(0, 400), st.sampled_from([5.0, 6.0, 7.0]))
@settings(deadline=None)
def test_no_window_is_lost_to_rounding(origin, n_steps, duration):
    """A span of `duration` and n half seconds holds n + 1 windows; window i starts at ``origin + i / 2``."""
    n = round((duration + n_steps / 2) * 4)
    series = TimeSeries(np.zeros((n, 12)), origin + np.arange(n) / 4, np.zeros(n), 4.0)
    windows = sliding_windows(series, durations=[duration])
    np.testing.assert_array_equal(windows.start, origin + np.arange(n_steps + 1) * 0.5)
    np.testing.assert_array_equal(windows.end, windows.start + duration)
    assert windows.first.tolist() == list(range(n_steps + 1))


@given(any_series(), st.sampled_from(["nearest", "linear"]))
@settings(deadline=None, max_examples=50)
def test_every_window_is_the_clip_of_its_segment(series, sampling):
    windows = sliding_windows(series)
    rows = window_rows(series, windows, sampling=sampling)
    for k in range(0, len(windows), 3):
        clip = resample(series, Segment(windows.start[k], windows.end[k]), sampling=sampling)
        np.testing.assert_array_equal(rows.values[k], clip.values)
        np.testing.assert_array_equal(rows.sample_timestamps[k], clip.sample_timestamps)
        np.testing.assert_array_equal(rows.source[k], clip.source)


@given(any_series(), st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_the_windows_that_are_judged_are_the_clips_that_may_be_trained_on(series, limit):
    windows = sliding_windows(series)
    scores = score_windows(series, windows, lambda values, timestamps: np.zeros(len(values)), max_failed_ratio=limit)
    for k in range(0, len(windows), 3):
        clip = resample(series, Segment(windows.start[k], windows.end[k]))
        assert scores.judged[k] != (clip.failed_ratio >= limit)


@given(any_series(), st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_the_curve_stays_within_the_scores(series, seed, share):
    windows = sliding_windows(series)
    rng = np.random.default_rng(seed)
    scores = np.where(rng.random(len(windows)) < share, np.nan, rng.uniform(1e-6, 1 - 1e-6, len(windows)))
    curve = Scores(windows, np.log(scores / (1 - scores))).curve
    judged = curve.scores[~np.isnan(curve.scores)]
    assert (len(judged) > 0) == (~np.isnan(scores)).any()
    if len(judged):
        assert np.nanmin(scores) - 1e-9 <= judged.min()
        assert judged.max() <= np.nanmax(scores) + 1e-9


@given(st.lists(st.floats(-9, 9), min_size=11, max_size=11), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_another_share_moves_the_odds_and_back(log_odds, one, other):
    scores = Scores(lay_windows(0.0, 10.0, durations=(5.0,)), np.array(log_odds))
    moved = scores.moved(one, other)
    np.testing.assert_allclose(moved.moved(other, one).log_odds, scores.log_odds, atol=1e-9)
    np.testing.assert_array_equal(scores.moved(one, one).log_odds, scores.log_odds)
    assert (np.diff(moved.probability[np.argsort(scores.log_odds)]) >= 0).all()
    p, q = scores.probability, moved.probability
    np.testing.assert_allclose(q / (1 - q), p / (1 - p) * (other / (1 - other)) / (one / (1 - one)), rtol=1e-6)
