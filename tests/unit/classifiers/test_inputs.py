"""What models take: scaling on what is seen, padding, gaps, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from core.classifiers.inputs import Scaler, check_clips, with_together
from core.errors import ModelFault


def test_values_are_scaled_over_what_is_seen_and_missing_ones_are_zero():
    X = np.array([[1.0], [3.0], [np.nan]])[None].repeat(2, axis=0).repeat(4, axis=1)  # (2, 12, 1)
    made = Scaler.fitted(X, None)(X)
    np.testing.assert_allclose(np.unique(made.values), [-1, 0, 1], atol=1e-6)
    assert (made.values[~made.seen] == 0).all()
    assert (made.seen == ~np.isnan(X)).all()


def test_without_centring_zero_stays_zero():
    X = np.array([0.0, 4.0] * 5)[None, :, None]
    np.testing.assert_allclose(Scaler.fitted(X, None, centre=False)(X).values[0, :2, 0], [0, 2])


def test_features_that_never_change_or_are_never_seen_do_no_harm():
    X = np.stack([np.full((3, 9), 1e6), np.full((3, 9), np.nan), np.arange(27.0).reshape(3, 9)], axis=2)
    made = Scaler.fitted(X, None)(X)
    assert np.isfinite(made.values).all()
    assert (made.values[:, :, :2] == 0).all()


def test_gaps_are_the_time_since_the_last_observed_row():
    X = np.zeros((1, 10, 2))
    X[0, :, 1] = np.arange(10)
    X[0, 3:5] = np.nan
    X[0, 7, 0] = np.nan  # half of the row is there: it is observed
    timestamps = np.arange(10.0)[None] * 0.5
    made = Scaler.fitted(X, timestamps)(X, timestamps)
    np.testing.assert_allclose(made.gaps[0], [0, 1, 1, 1, 2, 3, 1, 1, 1, 1])
    np.testing.assert_allclose(made.timestamps[0], np.arange(10))


def test_padding_is_what_lies_before_the_first_and_after_the_last_value():
    X = np.zeros((2, 9, 2))
    X[0, 6:] = np.nan
    X[1, :2] = np.nan
    X[1, 4] = np.nan
    made = Scaler.fitted(X, None)(X)
    assert made.present.astype(int).tolist() == [[1] * 6 + [0] * 3, [0] * 2 + [1] * 7]


@pytest.mark.parametrize("shape", [(30, 12), (30, 8, 12), (30, 15, 12, 1), (30,), (30, 15, 0)])
def test_what_is_no_stack_of_clips_is_refused(shape):
    with pytest.raises(ModelFault, match=r"expected \(n, rows, features\) with at least 9 rows"):
        check_clips(np.zeros(shape))


@pytest.mark.parametrize(
    ("X", "timestamps", "words"),
    [
        (np.full((2, 9, 1), np.inf), None, "infinite values"),
        (np.full((2, 9, 1), "a"), None, "expected real numbers"),
        (np.zeros((2, 9, 1), complex), None, "expected real numbers"),
        (np.zeros((2, 9, 1)), np.zeros((2, 8)), r"timestamps have shape \(2, 8\), expected \(2, 9\)"),
        (np.zeros((2, 9, 1)), np.arange(18.0).reshape(2, 9)[:, ::-1], "must not decrease"),
        (np.zeros((2, 9, 1)), np.full((2, 9), np.nan), "must be finite"),
    ],
)
def test_arrays_that_no_model_can_take_are_refused(X, timestamps, words):
    with pytest.raises(ModelFault, match=words):
        check_clips(X, timestamps)
    with pytest.raises(ValueError, match=words):  # as scikit-learn expects it
        check_clips(X, timestamps)


def test_clips_without_any_value_are_refused():
    with pytest.raises(ModelFault, match="only NaN"):
        Scaler.fitted(np.full((3, 9, 2), np.nan), None)


def test_what_hardly_changes_in_some_clips_is_not_blown_up_in_others():
    quiet = np.random.default_rng(0).normal(size=(20, 15, 1)) * 1e-3
    assert np.abs(Scaler.fitted(quiet, None)(quiet + 0.3).values).max() < 4


def test_features_count_together_where_both_are_above_usual():
    X = np.array([[0.5, 5.0], [0.5, 20.0], [0.5, -3.0], [-0.5, 5.0], [np.nan, 5.0]])
    together = with_together(X, ((0, 1.0, False), (1, 10.0, False)))
    np.testing.assert_array_equal(together[:, :2], X)
    np.testing.assert_allclose(together[:, 2], [0.5, 0.5**0.5, 0, 0, np.nan])
    assert with_together(X, ()) is X


def test_a_feature_that_comes_and_goes_counts_by_its_steps():
    smile, steady, bursts = np.ones(6), np.full(6, 10.0), np.array([10.0, 2.0, 10.0, np.nan, 10.0, 10.0])
    X = np.stack([np.stack([smile, sound], axis=1) for sound in (steady, bursts)])
    together = with_together(X, ((0, 1.0, False), (1, 10.0, True)))[..., 2]
    np.testing.assert_allclose(together[0], 0)
    np.testing.assert_allclose(together[1] ** 2, [0.8, 0.8, 0.8, np.nan, 0, 0])
