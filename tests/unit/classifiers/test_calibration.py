"""Calibration and shares of classes."""

from __future__ import annotations

import numpy as np

from core.classifiers.calibration import TINY, Calibration, limited


def test_probabilities_of_known_scores_are_found_again():
    rng = np.random.default_rng(0)
    y = (rng.random(8000) < 0.25).astype(int)
    z = rng.normal(0, 1, 8000) + 2 * y  # log-odds at equal shares: 2 z - 2
    scores = np.stack([-z, z], axis=1) * 7
    made = Calibration.fitted(scores, y, np.ones(8000), np.array([0.75, 0.25]))
    p = made(scores)[:, 1]
    want = 1 / (1 + np.exp(-(2 * z - 2 + np.log(1 / 3))))
    assert np.abs(p - want).max() < 0.04


def test_scores_that_say_nothing_give_the_shares():
    rng = np.random.default_rng(0)
    y = (np.arange(900) % 3 == 0).astype(int)
    made = Calibration.fitted(rng.normal(size=(900, 2)), y, np.ones(900), np.array([2 / 3, 1 / 3]))
    p = made(rng.normal(size=(100, 2)))
    np.testing.assert_allclose(p.mean(axis=0), [2 / 3, 1 / 3], atol=0.02)
    assert p.std(axis=0).max() < 0.1


def test_perfect_scores_of_few_clips_are_not_certain():
    y = np.arange(20) % 2
    scores = np.stack([1 - y, y], axis=1) * 1.0
    p = Calibration.fitted(scores, y, np.ones(20), np.array([0.5, 0.5]))(scores)
    assert 0.9 < p[y == 1, 1].min() < 0.99


def test_no_probability_is_nothing():
    p = limited(np.array([[1.0, 0.0, 0.0]]))
    assert p.min() >= TINY / 2
    np.testing.assert_allclose(p.sum(axis=1), 1)
