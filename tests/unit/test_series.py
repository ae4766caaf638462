"""The time series: its checks, gap filling, dynamic frame skip, baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import SeriesTooShort
from core.segment import Segment
from core.series import FEATURES, N_FACE, PITCH, Source, TimeSeries, baseline, fill_gaps, resample
from tests.tables import D, F, M, R, series_of


def test_the_twelve_features_stand_in_the_order_of_the_files():
    assert (
        *("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
        *("valence", "arousal", "loudness", "pitch"),
    ) == FEATURES
    assert (N_FACE, PITCH) == (10, 11)
    assert Source.DETECTED < Source.RELAXED < Source.INTERPOLATED < Source.MISSING


# TimeSeries


def test_a_series_casts_and_freezes_its_arrays():
    series = TimeSeries(np.zeros((2, 12)), [0, 1], [0, 3], 3.0)
    assert (series.values.dtype, series.timestamps.dtype, series.source.dtype) == (np.float32, np.float64, np.uint8)
    assert len(series) == 2
    assert series.sample_period == pytest.approx(1 / 3)
    assert series.observed.tolist() == [True, False]
    for array in (series.values, series.timestamps, series.source):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"values": np.zeros((3, 11))}, r"values must have shape \(3, 12\), got \(3, 11\)"),
        ({"values": np.zeros((2, 12))}, r"values must have shape \(3, 12\), got \(2, 12\)"),
        ({"source": np.zeros(2)}, r"source must have shape \(3,\), got \(2,\)"),
        ({"source": np.array([0, 1, 4])}, "source"),
        ({"timestamps": np.zeros((3, 1))}, "timestamps must have shape"),
        ({"timestamps": [0, 1, 1]}, "strictly increasing"),
        ({"timestamps": [0, 2, 1]}, "strictly increasing"),
        ({"timestamps": [0, 1, np.nan]}, "finite"),
        ({"timestamps": [0, 1, np.inf]}, "finite"),
        ({"sample_rate": 0.0}, "sample_rate must be positive, got 0"),
        ({"sample_rate": np.nan}, "sample_rate must be positive"),
    ],
)
def test_a_series_refuses_arrays_that_do_not_fit(change, message):
    good = {"values": np.zeros((3, 12)), "timestamps": [0, 1, 2], "source": [0, 0, 0], "sample_rate": 1.0}
    with pytest.raises(ValueError, match=message):
        TimeSeries(**{**good, **change})


def test_a_series_without_rows_is_a_series():
    empty = series_of([])
    assert len(fill_gaps(empty)) == 0
    assert baseline(empty)[PITCH] == 0
    assert np.isnan(baseline(empty)[:PITCH]).all()


# fill_gaps


def gap_of(width: float, sample_rate: float = 4.0) -> TimeSeries:
    """Two observed rows `width` seconds apart with one missing row a third of the way between them."""
    return series_of([D, M, D], sample_rate=sample_rate, timestamps=[0.0, width / 3, width])


@pytest.mark.parametrize("fill", ["linear", "nearest"])
@pytest.mark.parametrize(
    ("width", "filled"), [(0.5, True), (1.0, True), (1.1249, True), (1.125, False), (1.1251, False), (9.0, False)]
)
def test_a_gap_is_filled_below_the_limit_plus_half_a_sample_period(fill, width, filled):
    row = fill_gaps(gap_of(width), fill=fill, max_gap=1.0)  # 1.0 + 0.25 / 2
    assert row.source.tolist() == [D, F if filled else M, D]
    assert np.isnan(row.values[1, :N_FACE]).any() != filled


def test_half_a_sample_period_lets_one_second_of_rows_through():
    """At 3 Hz neighbours one second apart, two rows missing between them, are filled; three missing rows are not."""
    assert fill_gaps(series_of([D, M, M, D])).source.tolist() == [D, F, F, D]
    assert fill_gaps(series_of([D, M, M, M, D])).source.tolist() == [D, M, M, M, D]


@pytest.mark.parametrize("fill", ["linear", "nearest"])
def test_the_edges_are_not_filled(fill):
    row = fill_gaps(series_of([M, D, M, D, M]), fill=fill)
    assert row.source.tolist() == [M, D, F, D, M]
    assert np.isnan(row.values[[0, -1], :N_FACE]).all()


def test_linear_fill_of_a_ramp_is_the_ramp():
    full = series_of([D] * 7)
    row = fill_gaps(series_of([D, M, M, R, M, M, D]))
    np.testing.assert_allclose(row.values, full.values, rtol=1e-6)
    assert row.source.tolist() == [D, F, F, R, F, F, D]


def test_linear_fill_keeps_probabilities_a_distribution():
    rng = np.random.default_rng(0)
    series = series_of([D, M, M, D, D, M, D])
    values = series.values.copy()
    values[:, :8] = rng.dirichlet(np.ones(8), len(series))
    row = fill_gaps(replace(series, values=values))
    np.testing.assert_allclose(row.values[:, :8].sum(axis=1), 1, rtol=1e-6)
    assert (row.values[:, :8] >= 0).all()


def test_nearest_fill_copies_the_closest_observed_row():
    row = fill_gaps(series_of([D, M, M, D]), fill="nearest")
    np.testing.assert_array_equal(row.values[1, :N_FACE], row.values[0, :N_FACE])
    np.testing.assert_array_equal(row.values[2, :N_FACE], row.values[3, :N_FACE])
    assert row.source.tolist() == [D, F, F, D]


def test_nearest_fill_takes_the_earlier_of_two_at_every_time():
    series = series_of([D, M] * 3000 + [D])  # a lone missing row lies just half-way, whatever its time rounds to
    row = fill_gaps(series, fill="nearest")
    np.testing.assert_array_equal(row.values[1::2, :N_FACE], row.values[:-1:2, :N_FACE])


def test_no_fill_leaves_nan():
    row = fill_gaps(series_of([D, M, D]), fill="none")
    assert row.source.tolist() == [D, M, D]
    assert np.isnan(row.values[1, :N_FACE]).all()


@pytest.mark.parametrize("fill", ["linear", "nearest", "none"])
def test_sound_is_left_as_it_is(fill):
    series = series_of([M, D, M, D, M, M, M, M])
    values = series.values.copy()
    values[2, N_FACE:] = np.nan
    row = fill_gaps(replace(series, values=values), fill=fill)
    np.testing.assert_array_equal(row.values[:, N_FACE:], values[:, N_FACE:])


@pytest.mark.parametrize("fill", ["linear", "nearest", "none"])
def test_what_unobserved_rows_hold_is_ignored(fill):
    series = series_of([D, M, D, F, D, M, M, M, M, D])
    values = series.values.copy()
    values[~series.observed, :N_FACE] = 777.0
    filled = fill_gaps(replace(series, values=values), fill=fill)
    clean = fill_gaps(series, fill=fill)
    np.testing.assert_array_equal(filled.values, clean.values)
    np.testing.assert_array_equal(filled.source, clean.source)
    assert not (filled.values == 777).any()


def test_filling_again_with_another_policy_starts_from_the_observed_rows():
    series = series_of([D, M, M, D, M, D])
    for fill in ("linear", "nearest", "none"):
        again = fill_gaps(fill_gaps(series, fill="nearest"), fill=fill)
        np.testing.assert_array_equal(again.values, fill_gaps(series, fill=fill).values)


# resample


@pytest.mark.parametrize("duration", [5.0, 5.7, 6.0, 7.0])
def test_a_ramp_resamples_to_a_ramp(duration):
    series = series_of([D] * 60)
    clip = resample(series, Segment(3.1, 3.1 + duration), sampling="linear")
    targets = 3.1 + (np.arange(15) + 0.5) * duration / 15
    np.testing.assert_allclose(clip.timestamps, targets)
    np.testing.assert_array_equal(clip.sample_timestamps, clip.timestamps)
    np.testing.assert_allclose(clip.values[:, 4], targets + 4, rtol=1e-6)
    assert (np.delete(clip.values, PITCH, axis=1) - targets[:, None] - np.arange(11)).std() < 1e-5


def test_nearest_takes_real_rows_with_their_times():
    series = series_of([D] * 60, sample_rate=8.0)
    clip = resample(series, Segment(0.4, 5.9))
    index = np.searchsorted(series.timestamps, clip.sample_timestamps)
    np.testing.assert_array_equal(series.timestamps[index], clip.sample_timestamps)
    np.testing.assert_array_equal(series.values[index], clip.values)
    assert np.abs(clip.sample_timestamps - clip.timestamps).max() <= 1 / 16 + 1e-9


@pytest.mark.parametrize("digits", [3, 15])
@pytest.mark.parametrize("first", [0, 1, 7, 100, 5000, 53_000])
def test_a_five_second_clip_at_three_hertz_has_fifteen_real_samples(first, digits):
    """Its targets lie half-way between samples; taking now the earlier, now the later would double some of them."""
    series = series_of([D] * 54_000, timestamps=np.round(np.arange(54_000) / 3, digits))
    start = series.timestamps[first]
    clip = resample(series, Segment(start, start + 5.0))
    np.testing.assert_array_equal(clip.sample_timestamps, series.timestamps[first : first + 15])


def test_pitch_is_never_interpolated():
    series = series_of([D] * 40)
    values = series.values.copy()
    values[:, PITCH] = np.where(np.arange(40) % 2, 24.0, 0.0)
    series = replace(series, values=values)
    segment = Segment(1.07, 7.07)
    linear, nearest = resample(series, segment, sampling="linear"), resample(series, segment)
    assert set(linear.values[:, PITCH].tolist()) == {0.0, 24.0}
    np.testing.assert_array_equal(linear.values[:, PITCH], nearest.values[:, PITCH])


def test_linear_takes_the_worse_source_of_two():
    series = series_of([D, R, F, M, D], sample_rate=1.0)
    clip = resample(series, Segment(0, 4), n_rows=4, sampling="linear")
    assert clip.timestamps.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert clip.source.tolist() == [R, F, M, M]
    assert clip.failed_ratio == 0.75


def test_linear_on_a_sample_takes_that_sample_alone():
    series = series_of([M, D, M], sample_rate=1.0)
    clip = resample(series, Segment(0.5, 1.5), n_rows=1, sampling="linear")
    assert clip.source.tolist() == [D]
    np.testing.assert_array_equal(clip.values[0], series.values[1])


def test_linear_is_nan_where_either_sample_is():
    series = series_of([D, D, M, D, D], sample_rate=1.0)
    clip = resample(series, Segment(0, 4), n_rows=4, sampling="linear")
    assert np.isnan(clip.values[:, :N_FACE]).any(axis=1).tolist() == [False, True, True, False]
    assert not np.isnan(clip.values[:, N_FACE:]).any()


def test_failed_rows_are_interpolated_or_missing_ones():
    series = series_of([D, R, F, M], sample_rate=1.0)
    clip = resample(series, Segment(-0.5, 3.5), n_rows=4)
    assert clip.source.tolist() == [D, R, F, M]
    assert clip.failed_ratio == 0.5


@pytest.mark.parametrize("sampling", ["nearest", "linear"])
def test_a_clip_outside_the_series_is_refused_with_both_spans(sampling):
    series = series_of([D] * 31)  # 0-10 s
    for segment in (Segment(-2, 4), Segment(6, 12.2), Segment(40, 46)):
        with pytest.raises(SeriesTooShort, match=r"covers 0\.00-10\.00 s, the clip needs"):
            resample(series, segment, sampling=sampling)
    with pytest.raises(SeriesTooShort, match="no rows"):
        resample(series_of([]), Segment(0, 5), sampling=sampling)


@pytest.mark.parametrize("sampling", ["nearest", "linear"])
def test_a_clip_at_the_edge_of_a_video_is_taken(sampling):
    series = series_of([D] * 30)  # samples 0-9.67 s of a 10 s video
    for segment in (Segment(0, 5), Segment(0, 7), Segment(5, 10), Segment(3, 10)):
        assert not np.isnan(resample(series, segment, sampling=sampling).values).any()


def test_a_series_of_one_row_answers_where_it_lies():
    series = series_of([D], sample_rate=1.0)
    for sampling in ("nearest", "linear"):
        clip = resample(series, Segment(-0.4, 0.4), n_rows=3, sampling=sampling)
        np.testing.assert_array_equal(clip.values, series.values[[0, 0, 0]])


# baseline


def test_the_baseline_is_the_median_over_observed_rows_only():
    series = series_of([D, R, D, F, M], sample_rate=1.0)
    values = series.values.copy()
    values[3:] = 1000.0
    found = baseline(replace(series, values=values))
    np.testing.assert_array_equal(found[:PITCH], 1 + np.arange(PITCH))
    assert found[PITCH] == 0
    assert found.dtype == np.float32


def test_the_baseline_passes_over_missing_values_of_a_feature():
    series = series_of([D] * 4, sample_rate=1.0)
    values = series.values.copy()
    values[:, FEATURES.index("loudness")] = np.nan
    values[0, 0] = np.nan
    found = baseline(replace(series, values=values))
    assert found[0] == 2.0
    assert found[1] == 2.5
    assert np.isnan(found[FEATURES.index("loudness")])


def test_the_time_without_a_face_is_told_in_stretches():
    series = TimeSeries(np.zeros((6, 12)), np.arange(6) / 2, [M, D, D, M, M, F], 2.0)
    assert series.unseen() == [Segment(-0.25, 0.25), Segment(1.25, 2.25)]
