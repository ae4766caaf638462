"""Reduced series keep what the eye looks for: every peak, the ends, and long gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.reduction import reduced, reduced_around


def test_a_short_series_stays_as_it_is() -> None:
    t, v = np.arange(10.0), np.arange(10.0)
    times, values = reduced(t, v, 10)
    assert np.array_equal(times, t)
    assert np.array_equal(values, v)


def test_a_single_peak_in_five_hours_stays_at_its_time() -> None:
    t = np.arange(54_000) / 3
    v = np.sin(t / 60) * 0.1
    v[31_234] = 1.0
    v[40_001] = -1.0
    times, values = reduced(t, v, 2000)
    assert times[values == 1.0] == [t[31_234]]
    assert times[values == -1.0] == [t[40_001]]
    assert len(times) <= 2000


def test_a_long_gap_stays_a_gap_and_a_short_one_is_not_seen() -> None:
    t = np.arange(10_000.0)
    v = np.cos(t)
    v[4000:5000] = np.nan
    v[7001] = np.nan
    times, values = reduced(t, v, 200)
    missing = times[np.isnan(values)]
    assert len(missing) > 0
    assert ((missing >= 4000) & (missing < 5000)).all()
    assert not (~np.isnan(values) & (times >= 4000) & (times < 5000)).any()


def test_all_missing_stays_missing() -> None:
    _, values = reduced(np.arange(1000.0), np.full(1000, np.nan), 50)
    assert np.isnan(values).all()


def test_the_view_gets_samples_of_its_own() -> None:
    t = np.arange(54_000) / 3
    v = np.sin(t)
    times, values = reduced_around(t, v, (6000.0, 6100.0), 2000)
    inside = (times >= 6000) & (times < 6100)
    whole = (t >= 6000) & (t < 6100)
    assert np.array_equal(values[inside], v[whole])
    assert np.array_equal(times[~inside], reduced(t, v)[0][~((reduced(t, v)[0] >= 6000) & (reduced(t, v)[0] < 6100))])


@pytest.mark.parametrize(("shape", "n"), [((5,), 3), ((5, 2), 10)])
def test_what_cannot_be_reduced_is_refused(shape: tuple[int, ...], n: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        reduced(np.zeros(shape), np.zeros(shape), n)


def test_times_and_values_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4,\)"):
        reduced(np.zeros(4), np.zeros(5))


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=400),
    st.integers(4, 60),
)
def test_laws_of_reduction(listed: list[float], n: int) -> None:
    v = np.array(listed, np.float64)
    t = np.cumsum(np.full(len(v), 0.5))
    times, values = reduced(t, v, n)
    assert len(times) <= max(n, 0)
    assert (np.diff(times) > 0).all()
    assert np.array_equal(values, v[np.searchsorted(t, times)], equal_nan=True)
    if len(v):
        assert (times[0], times[-1]) == (t[0], t[-1])
    if (~np.isnan(v)).any():
        assert (np.nanmin(values), np.nanmax(values)) == (np.nanmin(v), np.nanmax(v))


@given(st.integers(0, 300), st.floats(-10, 200), st.floats(0, 100), st.integers(4, 40))
def test_laws_of_a_view(size: int, start: float, width: float, n: int) -> None:
    t = np.arange(size) * 0.5
    v = np.sin(t)
    times, values = reduced_around(t, v, (start, start + width), n)
    assert len(times) <= 2 * n
    assert (np.diff(times) > 0).all()
    assert np.array_equal(values, v[np.searchsorted(t, times)])
