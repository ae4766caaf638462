"""Features of clips: known values of simple curves, padding and missing values, random convolutions."""

from __future__ import annotations

import numpy as np
import pytest

from core.classifiers.clip_features import Convolutions, interval_features, intervals, steps_of, stretched, summarise
from core.classifiers.inputs import Inputs


def as_inputs(X: np.ndarray) -> Inputs:
    """As they are, without scaling."""
    seen = ~np.isnan(X)
    n, rows, _ = X.shape
    times = np.broadcast_to(np.arange(rows, dtype=np.float32), (n, rows))
    return Inputs(np.where(seen, X, 0).astype(np.float32), seen, times, np.ones((n, rows), np.float32))


def test_a_summary_of_a_ramp_is_known():
    X = np.repeat(np.arange(15.0)[None, :, None], 2, axis=2)  # (1, 15, 2)
    found = summarise(as_inputs(X)).reshape(9, 3)[:, 0]
    np.testing.assert_allclose(found, [7, np.arange(15).std(), 0, 14, 2, 7, 12, 1, 1], rtol=1e-5)


def test_a_summary_passes_over_what_is_missing_and_keeps_to_the_clips_own_length():
    X = np.full((1, 15, 2), np.nan)
    X[0, 3:9, 0] = [1, 2, 3, 4, 5, 6]
    found = summarise(as_inputs(X)).reshape(9, 3)
    np.testing.assert_allclose(found[:, 0], [3.5, np.arange(6).std(), 1, 6, 1.5, 3.5, 5.5, 1, 0.4], rtol=0.06)
    assert (found[:, 1] == 0).all()


def test_a_padded_clip_stretches_to_the_same_curve():
    X = np.full((2, 20, 1), np.nan)
    X[0, :, 0] = np.linspace(0, 1, 20)
    X[1, :11, 0] = np.linspace(0, 1, 11)
    values, seen = stretched(as_inputs(X), 10)
    assert seen.all()
    np.testing.assert_allclose(values[0], values[1], atol=0.03)
    whole, _ = stretched(as_inputs(X[:1]), 20)
    np.testing.assert_allclose(whole[0, :, 0], X[0, :, 0], rtol=1e-6)


def test_steps_next_to_a_missing_row_do_not_count():
    X = np.array([0, 1, np.nan, 5, 7.0])[None, :, None]
    steps, both = steps_of(as_inputs(X).values, as_inputs(X).seen)
    assert both[0, :, 0].tolist() == [True, False, False, True]
    assert steps[0, :, 0].tolist() == [1, 0, 0, 2]


@pytest.mark.parametrize("n", [9, 10, 15, 32])
def test_intervals_lie_inside_and_are_at_least_three_long(n):
    found = intervals(n)
    assert found[0] == (0, n)
    assert all(0 <= a < b <= n and b - a >= 3 for a, b in found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("rows", [9, 10, 15, 40, 100])
def test_interval_features_are_finite_also_where_nothing_is_seen(rows):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, rows, 3))
    X[0] = np.nan
    X[1, :, 1] = np.nan
    X[2, rows // 2 :] = np.nan
    features = interval_features(as_inputs(X))
    assert features.shape[0] == 6
    assert np.isfinite(features).all()


def test_the_spectrum_tells_slow_from_fast():
    t = np.arange(64)
    X = np.stack([np.sin(2 * np.pi * t * f / 64) for f in (2, 20)])[..., None]
    one, other = interval_features(as_inputs(X))
    assert np.abs(one - other).max() > 0.5


@pytest.mark.parametrize("rows", [9, 15, 60])
def test_convolutions_are_shares_and_the_same_for_the_same_seed(rows):
    X = np.random.default_rng(0).normal(size=(20, rows, 3))
    X[0, rows // 2 :] = np.nan
    made, again = (Convolutions.fitted(as_inputs(X), np.random.default_rng(1)) for _ in range(2))
    features = made(as_inputs(X))
    assert features.min() >= 0
    assert features.max() <= 1
    np.testing.assert_array_equal(features, again(as_inputs(X)))
    np.testing.assert_array_equal(features, Convolutions(made.arrays)(as_inputs(X)))
    assert made(as_inputs(X[:0])).shape == (0, features.shape[1])


def test_convolutions_do_not_see_padding():
    rng = np.random.default_rng(0)
    long = np.full((8, 30, 2), np.nan)
    long[:, :12] = rng.normal(size=(8, 12, 2))
    made = Convolutions.fitted(as_inputs(long), np.random.default_rng(0))
    shifted = np.full_like(long, np.nan)
    shifted[:, 10:22] = long[:, :12]
    # A feature counts values over a limit that is one of them: rounding may move single ones.
    moved = np.abs(made(as_inputs(long)) - made(as_inputs(shifted))) > 1e-6
    assert moved.mean() < 0.005


def test_some_convolutions_see_a_level_and_some_only_changes():
    X = np.random.default_rng(0).normal(size=(30, 15, 2))
    made = Convolutions.fitted(as_inputs(X), np.random.default_rng(0))
    changed = np.abs(made(as_inputs(X + 3)) - made(as_inputs(X))).max(axis=0)
    assert 0.1 < (changed > 1e-6).mean() < 0.9
