"""Properties of sliding windows, their curve and moments that hold for any series."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.segment import Segment
from core.series import TimeSeries, resample
from core.sliding_window_processor import best_threshold, moments, score_curve, sliding_windows


@st.composite
def any_series(draw: st.DrawFn) -> TimeSeries:
    """At 3 to 10 Hz from any time on, with any sources, the times as a container of 1 ms rounds them or exact."""
    n = draw(st.integers(0, 120))
    sample_rate = draw(st.sampled_from([3.0, 3.7, 5.0, 10.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    timestamps = draw(st.floats(0, 20_000)) + np.arange(n) / sample_rate
    if draw(st.booleans()):
        timestamps = timestamps.round(3)
    values = rng.normal(size=(n, 12))
    source = rng.integers(0, 4, n)
    values[source == 3, :10] = np.nan
    return TimeSeries(values, timestamps, source, sample_rate)


@given(st.floats(0, 20_000), st.integers(0, 400), st.sampled_from([5.0, 6.0, 7.0]))
@settings(deadline=None)
def test_windows_follow_the_integer_formula(origin, n_steps, duration):
    """A span of `duration` and n half seconds holds n + 1 windows; window i starts at ``origin + i / 2``."""
    n = round((duration + n_steps / 2) * 4)
    series = TimeSeries(np.zeros((n, 12)), origin + np.arange(n) / 4, np.zeros(n), 4.0)
    windows = sliding_windows(series, durations=[duration])
    np.testing.assert_array_equal(windows.start, origin + np.arange(n_steps + 1) * 0.5)
    np.testing.assert_array_equal(windows.end, windows.start + duration)


@given(any_series())
@settings(deadline=None, max_examples=50)
def test_every_window_is_the_clip_of_its_segment(series):
    windows = sliding_windows(series)
    for k in range(0, len(windows), 3):
        clip = resample(series, Segment(windows.start[k], windows.end[k]))
        np.testing.assert_array_equal(windows.values[k], clip.values)
        np.testing.assert_array_equal(windows.timestamps[k], clip.sample_timestamps)
        np.testing.assert_array_equal(windows.source[k], clip.source)
        assert windows.failed_ratio[k] == clip.failed_ratio


@given(any_series(), st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_the_curve_stays_within_the_scores_and_moments_apart(series, seed, share):
    windows = sliding_windows(series)
    rng = np.random.default_rng(seed)
    scores = np.where(rng.random(len(windows)) < share, np.nan, rng.random(len(windows)))
    curve = score_curve(windows, scores)
    judged = curve.scores[~np.isnan(curve.scores)]
    if len(judged):
        assert np.nanmin(scores) - 1e-9 <= judged.min()
        assert judged.max() <= np.nanmax(scores) + 1e-9
    found = moments(windows, scores, threshold=0.0)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(found))
    assert bool(found) == (~np.isnan(scores)).any()
    if found:
        assert max(m.score for m in found) == np.nanmax(scores)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_no_other_threshold_expects_more(probabilities):
    p = np.array(probabilities)

    def expected_f1(threshold: float) -> float:
        chosen = p[p >= threshold]
        return float(2 * chosen.sum() / (len(chosen) + p.sum()))

    best = max(expected_f1(t) for t in p)
    assert expected_f1(best_threshold(p)) == pytest.approx(best)
