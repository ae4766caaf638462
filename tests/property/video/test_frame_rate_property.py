"""Laws of standard frame rates."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.video.frame_rate import nearest_rate


@given(st.integers(1, 240))
def test_whole_and_ntsc_rates_are_found_again_from_a_float(n: int) -> None:
    assert nearest_rate(Fraction(n)) == n
    assert nearest_rate(Fraction(29.97)) == Fraction(30000, 1001)
    assert nearest_rate(Fraction(59.94)) == Fraction(60000, 1001)
    assert nearest_rate(Fraction(23.976)) == Fraction(24000, 1001)
