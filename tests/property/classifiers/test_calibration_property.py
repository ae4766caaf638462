"""Laws of other shares: there and back, equal shares change nothing, order stays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.classifiers.calibration import with_prior

SHARE = st.floats(0.01, 0.99)
PROBABILITIES = st.lists(st.floats(1e-4, 1 - 1e-4), min_size=1, max_size=20).map(np.array)


@given(PROBABILITIES, SHARE, SHARE)
def test_there_and_back_is_the_same(p, one, other):
    np.testing.assert_allclose(with_prior(with_prior(p, one, other), other, one), p, rtol=1e-6, atol=1e-9)


@given(PROBABILITIES, SHARE)
def test_the_same_share_changes_nothing(p, share):
    np.testing.assert_allclose(with_prior(p, share, share), p, rtol=1e-9)


@given(PROBABILITIES, SHARE, SHARE)
def test_the_log_odds_of_all_move_by_the_same(p, one, other):
    moved = with_prior(p, one, other)
    step = np.log(moved / (1 - moved)) - np.log(p / (1 - p))
    np.testing.assert_allclose(step, np.log(other / (1 - other)) - np.log(one / (1 - one)), rtol=1e-5, atol=1e-6)


@given(PROBABILITIES, SHARE, SHARE)
def test_two_columns_say_the_same_as_one(p, one, other):
    both = with_prior(np.stack([1 - p, p], axis=1), one, other)
    np.testing.assert_allclose(both[:, 1], with_prior(p, one, other), rtol=1e-9)
    np.testing.assert_allclose(both.sum(axis=1), 1)
