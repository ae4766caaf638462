"""What holds for the analysis of any series."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.emotions import emotion_shares, feature_peaks, row_seconds, strongest, summarise_range
from core.analysis.transitions import emotion_runs, patterns, transition_matrix
from core.segment import Segment
from core.series import EMOTIONS, FEATURES, N_FACE, TimeSeries


@st.composite
def any_series(draw: st.DrawFn) -> TimeSeries:
    """Any face and sound, with jitter, jumps of time, missing faces and missing sound; at times smooth."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, rate = draw(st.integers(0, 80)), draw(st.floats(2, 10))
    step = rng.uniform(0.5, 1.5, n) / rate
    step[rng.random(n) < 0.05] += 5
    values = rng.normal(size=(n, len(FEATURES)))
    p = rng.dirichlet(np.full(8, 0.3), n)
    values[:, :8] = np.repeat(p, draw(st.integers(1, 6)), axis=0)[:n]
    source = rng.choice(4, n, p=[0.6, 0.1, 0.1, 0.2])
    values[source == 3, :N_FACE] = np.nan
    values[rng.random(n) < 0.1, N_FACE:] = np.nan
    return TimeSeries(values, draw(st.floats(0, 20_000)) + np.cumsum(step), source.astype(np.uint8), rate)


@given(any_series(), st.sampled_from(["strongest", "probability"]))
@settings(deadline=None)
def test_shares_sum_to_one_and_their_times_to_all_of_it(series, by):
    found = emotion_shares(series, by=by)
    assert abs(found.seen + found.interpolated + found.missing - row_seconds(series).sum()) < 1e-6
    assert min(found.seen, found.interpolated, found.missing) >= -1e-9
    shares = np.array(list(found.shares.values()))
    if found.seen > 0:
        assert abs(shares.sum() - 1) < 1e-6
        assert (shares >= 0).all()
    else:
        assert np.isnan(shares).all()


@given(any_series(), st.floats(0, 1))
@settings(deadline=None)
def test_the_times_of_two_halves_are_those_of_the_whole(series, share):
    if len(series) == 0:
        return
    first, last = series.timestamps[0] - 1, series.timestamps[-1] + 1
    middle = first + max(share, 0.01) * (last - first)
    whole = emotion_shares(series)
    parts = [emotion_shares(series, chosen=Segment(a, b)) for a, b in ((first, middle), (middle, last + 1))]
    for name in ("seen", "interpolated", "missing"):
        assert abs(sum(getattr(p, name) for p in parts) - getattr(whole, name)) < 1e-6
    for emotion in EMOTIONS if whole.seen else ():
        total = sum(p.shares[emotion] * p.seen for p in parts if p.seen)
        assert abs(total - whole.shares[emotion] * whole.seen) < 1e-6


@given(any_series(), st.floats(0, 3), st.floats(0, 3))
@settings(deadline=None)
def test_runs_are_in_order_long_enough_and_what_the_rows_say(series, min_dwell, max_gap):
    runs = emotion_runs(series, min_dwell=min_dwell, max_gap=max_gap)
    best = strongest(series)
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(runs))
    for before, after in pairwise(runs):
        if after.follows:
            assert before.emotion != after.emotion
    for run in runs:
        assert run.duration >= min_dwell - 1e-6
        inside = (series.timestamps >= run.start) & (series.timestamps < run.end)
        assert (best[inside] == EMOTIONS.index(run.emotion)).any()
    matrix = transition_matrix(runs)
    assert (matrix.diagonal() == 0).all()
    assert matrix.sum() == sum(run.follows for run in runs)
    assert sum(len(p.occurrences) for p in patterns(runs, length=2)) == matrix.sum()


@given(any_series())
@settings(deadline=None)
def test_a_mean_lies_between_the_extremes_and_missing_values_count_for_nothing(series):
    values = series.values.copy()
    values[~series.observed, :N_FACE] = 1e6
    changed = TimeSeries(values, series.timestamps, series.source, series.sample_rate)
    for name, summary in summarise_range(series).features.items():
        other = summarise_range(changed).features[name]
        assert other == summary
        if summary.mean is not None:
            assert summary.least - 1e-6 <= summary.mean <= summary.greatest + 1e-6
            assert 0 < summary.seen_share <= 1 + 1e-9


@given(any_series(), st.sampled_from(FEATURES), st.floats(0.1, 10), st.integers(1, 5))
@settings(deadline=None)
def test_peaks_are_apart_and_the_first_is_the_highest_value(series, feature, apart, n):
    found = feature_peaks(series, feature, n=n, apart=apart)
    assert len(found) <= n
    assert all(abs(a.time - b.time) >= apart for k, a in enumerate(found) for b in found[:k])
    assert all(a.value >= b.value for a, b in pairwise(found))
    column = series.values[:, FEATURES.index(feature)]
    known = column[~np.isnan(column)]
    assert bool(found) == bool(len(known) and known.max() > np.median(known))
    if found:
        assert found[0].value == known.max()
