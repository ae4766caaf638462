"""Augmentation: what may change and what may not."""

from __future__ import annotations

import numpy as np
import pytest

from core.classifiers.augmentation import DURATIONS, MAX_SHIFT, Drawable, Redrawn, disturbed, mixing
from core.segment import LabeledSegment
from core.series import FEATURES, PITCH, TimeSeries
from tests.clips import inputs


def ramp(n: int = 120) -> TimeSeries:
    """At 3 Hz, every feature is the time."""
    t = np.arange(n) / 3
    return TimeSeries(np.repeat(t[:, None], len(FEATURES), axis=1), t, np.zeros(n, np.uint8), 3.0)


def test_noise_and_lost_rows_leave_missing_and_padding_as_they_were():
    X = np.random.default_rng(0).normal(size=(20, 15, 3))
    X[:, 12:] = np.nan
    X[:, 4, 1] = np.nan
    clips = inputs(X)
    other = disturbed(clips, np.random.default_rng(0))
    assert (other.seen <= clips.seen).all()
    assert (other.values[~other.seen] == 0).all()
    assert 0.02 < 1 - other.seen.sum() / clips.seen.sum() < 0.25
    assert np.abs((other.values - clips.values)[other.seen]).max() < 1
    assert (other.values[other.seen] != clips.values[other.seen]).any()


def test_mixtures_keep_at_least_half_of_each_clip():
    other, share = mixing(50, np.random.default_rng(0))
    assert sorted(other.tolist()) == list(range(50))
    assert share.min() >= 0.5
    assert share.max() <= 1


def redrawn(*segments: LabeledSegment, usual: float = 0.0) -> Redrawn:
    series = ramp()
    base = np.full(len(FEATURES), usual)
    base[PITCH] = 0
    return Redrawn([Drawable(segment, series, "nearest", base) for segment in segments])


def test_a_redrawn_clip_lies_around_its_label_and_is_centred():
    drawn = redrawn(*[LabeledSegment(10, 16, 1)] * 200, usual=2.0)
    X, timestamps = drawn(np.random.default_rng(0), np.arange(200))
    assert X.shape == (200, 15, 12)
    np.testing.assert_allclose(X[..., 0] + 2, timestamps, atol=1e-5)
    first, last = timestamps[:, 0], timestamps[:, -1]
    assert first.min() >= 10 - MAX_SHIFT - 0.4
    assert first.max() <= 10 + MAX_SHIFT + 0.5
    length = (last - first) * 15 / 14
    assert length.min() >= DURATIONS[0] - 0.4
    assert length.max() <= DURATIONS[1] + 0.4
    assert np.ptp(first) > 1
    assert np.ptp(length) > 1
    assert (np.diff(timestamps, axis=1) >= 0).all()


@pytest.mark.parametrize("segment", [LabeledSegment(0, 5, 0), LabeledSegment(34.5, 40, 1)])
def test_a_clip_at_the_edge_stays_inside_the_series(segment):
    X, timestamps = redrawn(*[segment] * 50)(np.random.default_rng(0), np.arange(50))
    assert np.isfinite(X).all()
    assert timestamps.min() >= 0
    assert timestamps.max() <= 40


def test_the_same_numbers_give_the_same_clips_and_each_index_its_own():
    drawn = redrawn(LabeledSegment(5, 11, 0), LabeledSegment(25, 31, 1))
    one, _ = drawn(np.random.default_rng(3), np.array([1, 0, 1]))
    again, _ = drawn(np.random.default_rng(3), np.array([1, 0, 1]))
    np.testing.assert_array_equal(one, again)
    assert (one[0] > 20).all()
    assert (one[1] < 15).all()
