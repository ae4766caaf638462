"""Laughter over time, and the chain that tells it."""

from itertools import product

import numpy as np
import pytest

from core.cues.chain import posterior
from core.cues.steady import steady


def thirds(n: int) -> np.ndarray:
    return np.arange(n) / 3


def test_the_posterior_is_that_of_all_paths() -> None:
    rng = np.random.default_rng(0)
    shares, first, evidence = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.5, 0.3]), rng.random((5, 3)) + 0.01
    stays = np.array([np.nan, 0.7, 0.4, np.nan, 0.9])
    total = np.zeros((5, 3))
    for path in product(range(3), repeat=5):
        chance = 1.0
        for k, here in enumerate(path):
            after = stays[k] * (path[k - 1] == here) + (1 - stays[k]) * shares[here]
            chance *= (first[here] if np.isnan(stays[k]) else after) * evidence[k, here]
        total[np.arange(5), path] += chance
    found = posterior(evidence, stays, shares, first=first)
    np.testing.assert_allclose(found, total / total.sum(axis=1, keepdims=True), rtol=1e-9)


def test_a_single_row_is_outvoted_and_rows_in_a_row_support_each_other() -> None:
    single, several = np.full(15, 0.01), np.full(15, 0.01)
    single[7], several[5:10] = 0.6, 0.6
    assert steady(single, thirds(15))[7] < 0.3
    found = steady(several, thirds(15))
    assert (found[5:10] > 0.6).all()
    assert (found[[0, 1, 13, 14]] < 0.05).all()


@pytest.mark.parametrize("p", [0.0, 0.05, 0.4, 0.97, 1.0])
def test_a_row_alone_stays_as_it_is(p: float) -> None:
    assert steady(np.array([p]), np.zeros(1))[0] == pytest.approx(p, abs=1e-5)
    apart = steady(np.array([p, 0.9]), np.array([0.0, 2.0]))
    assert apart[0] == pytest.approx(p, abs=1e-5)


def test_what_is_missing_stays_missing_and_parts_what_is_around_it() -> None:
    laughter = np.array([0.9, 0.9, np.nan, 0.01, 0.01], np.float32)
    found = steady(laughter, thirds(5))
    assert np.isnan(found).tolist() == [False, False, True, False, False]
    np.testing.assert_allclose(found[:2], steady(laughter[:2], thirds(2)), atol=1e-6)
    assert np.isnan(steady(np.full(3, np.nan), thirds(3))).all()
    assert len(steady(np.empty(0), np.empty(0))) == 0
