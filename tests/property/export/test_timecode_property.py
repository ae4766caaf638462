"""Laws of timecodes and of pieces."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.export.timecode import DROPPING, frame_of, nominal, pieces, timecode_of
from core.segment import Detection

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001), Fraction(60)]


@given(st.sampled_from(RATES), st.booleans(), st.data())
def test_a_timecode_is_read_as_the_frame_it_was_made_of(rate: Fraction, wanted: bool, data: st.DataObject) -> None:
    drop = wanted and rate in DROPPING
    frame = data.draw(st.integers(0, int(23.9 * 3600 * rate)))
    assert frame_of(timecode_of(frame, rate, drop=drop), rate) == (frame, drop)


@given(st.sampled_from(sorted(DROPPING)), st.data())
def test_drop_frame_timecode_stays_with_the_clock(rate: Fraction, data: st.DataObject) -> None:
    frame = data.draw(st.integers(0, int(23.9 * 3600 * rate)))
    hours, minutes, rest = timecode_of(frame, rate, drop=True).split(":")
    seconds, frames = (int(part) for part in rest.split(";"))
    shown = int(hours) * 3600 + int(minutes) * 60 + seconds + frames / nominal(rate)
    assert shown == pytest.approx(
        float(frame / rate), abs=0.16
    )  # the numbers left out each minute, and what a day gathers
    assert not (seconds == 0 and frames < nominal(rate) // 15 and int(minutes) % 10)


MOMENTS = st.lists(
    st.builds(
        lambda start, length, score: Detection(start, start + length, score),
        st.floats(0, 90),
        st.floats(0.1, 10),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=12,
)


@given(MOMENTS, st.floats(0, 5), st.floats(0, 5))
def test_pieces_apart_share_no_time_and_cover_every_moment(
    moments: list[Detection], before: float, after: float
) -> None:
    found, _ = pieces(moments, duration=120.0, before=before, after=after, apart=True)
    assert all(a.cut.end <= b.cut.start for a, b in pairwise(found))
    assert all(piece.cut.start <= piece.moment.start < piece.moment.end <= piece.cut.end for piece in found)
    assert all(any(p.moment.start <= m.start and m.end <= p.moment.end for p in found) for m in moments)


@given(MOMENTS, st.floats(0, 5), st.floats(0, 5))
def test_pieces_keep_each_moment_and_its_margins_inside_the_video(
    moments: list[Detection], before: float, after: float
) -> None:
    found, said = (
        pieces(moments, duration=80.0, before=before, after=after) if any(m.start < 80 for m in moments) else ([], [])
    )
    assert len(found) == sum(m.start < 80 for m in moments)
    assert bool(said) == (0 < len(found) < len(moments))
    for piece in found:
        assert 0 <= piece.cut.start <= piece.moment.start
        assert piece.moment.end <= piece.cut.end <= 80
        assert piece.cut.start == pytest.approx(max(0.0, piece.moment.start - before))
