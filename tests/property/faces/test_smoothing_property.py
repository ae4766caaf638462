"""Laws of the filter over time that hold for any probabilities, times, gaps and cuts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.circumplex import CIRCUMPLEX
from core.faces.smoothing import smoothed

DWELLS = st.floats(0.05, 5)


@st.composite
def faces(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Emotions (n, 10) of eight probabilities and their projection, NaN here and there, times, and scene cuts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, 60))
    t = draw(st.floats(0, 18_000)) + np.cumsum(rng.choice([0.05, 0.33, 0.4, 1.7], n, p=[0.2, 0.4, 0.35, 0.05]))
    probabilities = rng.dirichlet(np.full(8, 0.3), n)
    values = np.concatenate([probabilities, probabilities @ CIRCUMPLEX], axis=1).astype(np.float32)
    values[rng.random(n) < 0.2] = np.nan
    return values, t, rng.random(n) < 0.05


@settings(deadline=None)
@given(faces(), DWELLS)
def test_probabilities_sum_to_one_and_the_projection_follows(case, dwell):
    values, t, cuts = case
    found = smoothed(values, t, dwell, cut_before=cuts)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    known = ~np.isnan(values).any(axis=1)
    np.testing.assert_allclose(found[known, :8].sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found[known, 8:], found[known, :8] @ CIRCUMPLEX, atol=1e-5)
    assert (found[known, :8] >= 0).all()


@settings(deadline=None)
@given(faces(), DWELLS)
def test_runs_are_filtered_each_on_its_own(case, dwell):
    values, t, cuts = case
    found = smoothed(values, t, dwell, cut_before=cuts)
    for part in np.split(np.arange(len(t)), np.flatnonzero(cuts)):
        alone = smoothed(values[part], t[part], dwell)
        np.testing.assert_allclose(found[part], alone, atol=1e-6)


@settings(deadline=None)
@given(faces(), DWELLS, st.floats(-1000, 1000))
def test_a_shift_in_time_changes_nothing(case, dwell, shift):
    values, t, cuts = case
    t = np.round(t * 1024) / 1024  # so that adding a multiple of 1/1024 is exact
    shift = round(shift * 1024) / 1024
    found = smoothed(values, t, dwell, cut_before=cuts)
    shifted = smoothed(values, t + shift, dwell, cut_before=cuts)
    np.testing.assert_allclose(shifted, found, atol=1e-6)
