"""Laws of the clip dataset that hold for any series and any clip of 5 to 7 s."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clip_dataset_builder import build_clips
from core.labels.event import LabelEvent
from core.labels.rules import ClipOptions
from core.people.series_file import PersonSeries
from core.series import N_FACE, PITCH, TIE, Source, TimeSeries, baseline


@st.composite
def series_and_label(draw: st.DrawFn, *, least: float, greatest: float) -> tuple[TimeSeries, LabelEvent]:
    """A series whose columns are ramps of time, of any rate and jitter, and a clip inside it."""
    rate = draw(st.floats(least, greatest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = rng.uniform(draw(st.floats(0.3, 1.0)), 1.0, int(30 * rate)) / rate
    t = draw(st.floats(0, 18_000)) + np.cumsum(step)
    source = rng.choice(4, len(t), p=[0.5, 0.1, 0.2, 0.2])
    values = np.where(source[:, None] == Source.MISSING, np.nan, (t - t[0])[:, None] + np.arange(12))
    values[:, N_FACE:] = (t - t[0])[:, None]
    duration = draw(st.floats(5, 7))
    start = t[0] + draw(st.floats(0, 1)) * (t[-1] - t[0] - duration)
    series = TimeSeries(values, t, source.astype(np.uint8), rate)
    return series, LabelEvent("v", "p", start, start + duration, 1, "random")


def built(series: TimeSeries, event: LabelEvent):
    made = PersonSeries(series, np.ones(len(series), np.float32), baseline(series), {})
    return build_clips([event], lambda v, p: made)


@settings(deadline=None)
@given(series_and_label(least=3.0, greatest=12.0))
def test_any_clip_is_fifteen_real_rows_in_order_close_to_their_targets(case):
    series, event = case
    clips = built(series, event)
    assert clips.features.shape == (1, 15, 12)
    assert ClipOptions().sampling_of(series) == clips.sampling[0] == "nearest"
    times = clips.timestamps[0]
    assert (np.diff(times) >= 0).all()
    targets = event.start + (np.arange(15) + 0.5) * (event.end - event.start) / 15
    after = np.clip(np.searchsorted(series.timestamps, targets), 1, len(series) - 1)
    gap = series.timestamps[after] - series.timestamps[after - 1]
    assert (np.abs(times - targets) <= gap / 2 + TIE).all()
    index = np.searchsorted(series.timestamps, times)
    np.testing.assert_array_equal(clips.features[0], series.values[index])
    np.testing.assert_array_equal(clips.source[0], series.source[index])
    missing = clips.source[0] == Source.MISSING
    assert np.isnan(clips.features[0, missing, :N_FACE]).all()
    assert not np.isnan(clips.features[0, ~missing]).any()
    assert clips.failed_ratio[0] == np.isin(clips.source[0], [Source.INTERPOLATED, Source.MISSING]).mean()
    inside = (series.timestamps >= event.start) & (series.timestamps < event.end)
    assert clips.frame_count[0] == inside.sum()


@settings(deadline=None)
@given(series_and_label(least=1.0, greatest=2.99))
def test_below_three_hertz_a_ramp_stays_a_ramp_and_missing_stays_missing(case):
    series, event = case
    clips = built(series, event)
    assert clips.sampling[0] == "linear"
    targets = event.start + (np.arange(15) + 0.5) * (event.end - event.start) / 15
    np.testing.assert_array_equal(clips.timestamps[0], targets)
    ramp = (targets - series.timestamps[0])[:, None] + np.arange(N_FACE)
    seen = clips.source[0] != Source.MISSING
    np.testing.assert_allclose(clips.features[0, seen, :N_FACE], ramp[seen], atol=1e-4)
    assert np.isnan(clips.features[0, ~seen, :N_FACE]).all()
    np.testing.assert_allclose(clips.features[0, :, PITCH - 1], ramp[:, 0], atol=1e-4)
    assert np.isin(clips.features[0, :, PITCH], series.values[:, PITCH]).all()  # taken, never interpolated
