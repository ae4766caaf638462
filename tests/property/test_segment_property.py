"""Properties of overlap and of the number of windows that hold for any input."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from core.segment import Segment, n_windows, tiou

start = st.floats(0, 20_000)
duration = st.floats(0.01, 30)
segments = st.builds(lambda a, d: Segment(a, a + d), start, duration)
near_segments = st.builds(lambda a, d: Segment(a, a + d), st.floats(0, 20), duration)
hundredths = st.integers(1, 2000)


@given(hundredths, hundredths, hundredths)
def test_number_of_windows_is_the_one_of_exact_arithmetic(span, length, step):
    exact = max(0, floor(Fraction(span - length, step)) + 1)
    assert n_windows(span / 100, duration=length / 100, step=step / 100) == exact


@given(near_segments, near_segments)
def test_overlap_is_symmetric_and_a_share(a, b):
    assert tiou(a, b) == tiou(b, a)
    assert 0 <= tiou(a, b) <= 1
    assert (tiou(a, b) > 0) == (max(a.start, b.start) < min(a.end, b.end))


@given(segments)
def test_overlap_with_itself_is_one(a):
    assert tiou(a, a) == 1
