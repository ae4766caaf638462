"""Properties of resampling and gap filling that hold for any series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.segment import Segment
from core.series import N_FACE, PITCH, TIE, Source, TimeSeries, baseline, fill_gaps, resample
from tests.tables import series_of


@st.composite
def irregular(draw: st.DrawFn) -> TimeSeries:
    """A series of 3 Hz or more over at least 8 s, with jitter, any sources, and NaN where no face is."""
    sample_rate = draw(st.floats(3, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = rng.uniform(0.2, 1.0, int(40 * sample_rate)) / sample_rate
    t = draw(st.floats(0, 18_000)) + np.cumsum(step)
    source = rng.choice(4, len(t), p=[0.6, 0.1, 0.1, 0.2])
    series = series_of(source.tolist(), sample_rate=sample_rate, timestamps=t)
    values = series.values.copy()
    values[:, :N_FACE] += rng.normal(size=(len(t), N_FACE))
    values[rng.random(len(t)) < 0.1, N_FACE:] = np.nan
    return replace(series, values=values)


@st.composite
def series_and_clip(draw: st.DrawFn) -> tuple[TimeSeries, Segment]:
    """A series, and a clip of 5-7 s inside it."""
    series = draw(irregular())
    duration = draw(st.floats(5, 7))
    room = series.timestamps[-1] - series.timestamps[0] - duration
    start = series.timestamps[0] + draw(st.floats(0, 1)) * room
    return series, Segment(start, start + duration)


@settings(deadline=None)
@given(series_and_clip())
def test_nearest_gives_fifteen_real_rows_close_in_time(case):
    series, segment = case
    clip = resample(series, segment)
    assert clip.values.shape == (15, 12)
    assert clip.values.dtype == np.float32
    assert clip.timestamps.shape == clip.sample_timestamps.shape == clip.source.shape == (15,)
    assert (np.diff(clip.timestamps) > 0).all()
    assert (np.diff(clip.sample_timestamps) >= 0).all()
    distance = np.abs(series.timestamps[:, None] - clip.timestamps).min(axis=0)
    np.testing.assert_allclose(np.abs(clip.sample_timestamps - clip.timestamps), distance, atol=TIE)
    after = np.clip(np.searchsorted(series.timestamps, clip.timestamps), 1, len(series) - 1)
    gap = series.timestamps[after] - series.timestamps[after - 1]
    assert (np.abs(clip.sample_timestamps - clip.timestamps) <= gap / 2 + TIE).all()
    index = np.searchsorted(series.timestamps, clip.sample_timestamps)
    np.testing.assert_array_equal(clip.values, series.values[index])  # so NaN stays NaN and nothing else becomes it
    np.testing.assert_array_equal(clip.source, series.source[index])


@settings(deadline=None)
@given(series_and_clip())
def test_linear_lies_between_its_two_samples(case):
    series, segment = case
    clip = resample(series, segment, sampling="linear")
    assert clip.values.shape == (15, 12)
    after = np.clip(np.searchsorted(series.timestamps, clip.timestamps), 1, len(series) - 1)
    a, b = series.values[after - 1, :PITCH], series.values[after, :PITCH]
    np.testing.assert_array_equal(np.isnan(clip.values[:, :PITCH]), np.isnan(a) | np.isnan(b))
    fine = ~np.isnan(clip.values[:, :PITCH])
    margin = 1e-5 * (1 + np.abs(clip.values[:, :PITCH]))
    assert (clip.values[:, :PITCH] >= np.minimum(a, b) - margin)[fine].all()
    assert (clip.values[:, :PITCH] <= np.maximum(a, b) + margin)[fine].all()
    np.testing.assert_array_equal(clip.source, np.maximum(series.source[after - 1], series.source[after]))
    np.testing.assert_array_equal(clip.values[:, PITCH], resample(series, segment).values[:, PITCH])


@settings(deadline=None)
@given(st.integers(0, 53_000), st.floats(5, 7), st.floats(0, 1 / 3))
@example(0, 5.0, 0.001)  # as a clip begins whose start is rounded to a millisecond
def test_no_row_of_a_short_clip_is_lost_or_doubled(first, duration, shift):
    """At 3 Hz a 5 s clip takes 15 different rows; a longer one skips some, and none is taken twice."""
    series = series_of([0] * 40, timestamps=(first + np.arange(40)) / 3)
    start = series.timestamps[0] + shift
    clip = resample(series, Segment(start, start + duration))
    assert len(np.unique(clip.sample_timestamps)) == 15


@settings(deadline=None)
@given(irregular(), st.sampled_from(["linear", "nearest", "none"]), st.floats(0, 3))
def test_filling_touches_only_missing_faces(series, fill, max_gap):
    out = fill_gaps(series, fill=fill, max_gap=max_gap)
    seen = series.observed
    np.testing.assert_array_equal(out.values[seen], series.values[seen])
    np.testing.assert_array_equal(out.values[:, N_FACE:], series.values[:, N_FACE:])
    np.testing.assert_array_equal(out.source[seen], series.source[seen])
    assert np.isin(out.source[~seen], [Source.INTERPOLATED, Source.MISSING]).all()
    np.testing.assert_array_equal(np.isnan(out.values[:, :N_FACE]).all(axis=1), out.source == Source.MISSING)
    np.testing.assert_array_equal(np.isnan(out.values[:, :N_FACE]).any(axis=1), out.source == Source.MISSING)


@settings(deadline=None)
@given(irregular(), st.sampled_from(["linear", "nearest"]), st.floats(0, 3))
def test_what_is_filled_is_what_lies_in_a_short_gap(series, fill, max_gap):
    out = fill_gaps(series, fill=fill, max_gap=max_gap)
    t, known = series.timestamps, np.flatnonzero(series.observed)
    limit = max_gap + series.sample_period / 2
    for row in np.flatnonzero(~series.observed):
        before, after = known[known < row], known[known > row]
        short = len(before) > 0 and len(after) > 0 and t[after[0]] - t[before[-1]] < limit
        assert (out.source[row] == Source.INTERPOLATED) == short
        if not short:
            continue
        a, b = series.values[before[-1], :N_FACE], series.values[after[0], :N_FACE]
        if fill == "nearest":
            assert (out.values[row, :N_FACE] == a).all() or (out.values[row, :N_FACE] == b).all()
        else:
            expected = a + (b - a) * ((t[row] - t[before[-1]]) / (t[after[0]] - t[before[-1]]))
            np.testing.assert_allclose(out.values[row, :N_FACE], expected, rtol=1e-3, atol=1e-3)


@settings(deadline=None)
@given(irregular())
def test_the_baseline_does_not_depend_on_unobserved_rows(series):
    values = series.values.copy()
    values[~series.observed] = -999.0
    np.testing.assert_array_equal(baseline(series), baseline(replace(series, values=values)))
    np.testing.assert_array_equal(baseline(series), baseline(fill_gaps(series)))
