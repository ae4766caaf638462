"""Segments: half-open bounds, windows, overlap, merging, suppression."""

from __future__ import annotations

import math

import pytest

from core.segment import Detection, LabeledSegment, Segment, clock, length, mostly_shared, n_windows, tiou


def test_a_segment_is_half_open():
    segment = Segment(2.0, 5.0)
    assert segment.duration == 3.0
    assert segment.middle == 3.5
    assert 2.0 in segment
    assert 4.999 in segment
    assert 5.0 not in segment
    assert 1.999 not in segment


@pytest.mark.parametrize(
    ("start", "end"), [(1, 1), (2, 1), (math.nan, 1), (0, math.nan), (-math.inf, 0), (0, math.inf)]
)
def test_a_segment_refuses_bounds_without_a_length(start, end):
    with pytest.raises(ValueError, match=r"finite start < end, got start="):
        Segment(start, end)


def test_truth_and_prediction_check_their_own_value_and_their_bounds():
    assert LabeledSegment(0, 6, 1).label == 1
    assert Detection(0, 6, 0.25).score == 0.25
    with pytest.raises(ValueError, match=r"label is 0 .* got 2"):
        LabeledSegment(0, 6, 2)
    for score in (-0.01, 1.01, math.nan):
        with pytest.raises(ValueError, match="score lies in"):
            Detection(0, 6, score)
    with pytest.raises(ValueError, match="start < end"):
        Detection(6, 6, 0.5)


def test_truth_and_prediction_are_two_types():
    assert LabeledSegment(0, 6, 1) != Detection(0, 6, 1)
    assert Segment(0, 6) != Detection(0, 6, 1)


@pytest.mark.parametrize(
    ("span", "expected"), [(0.0, 0), (4.999, 0), (5.0, 1), (5.499, 1), (5.5, 2), (60.0, 111), (18_000.0, 35_991)]
)
def test_number_of_five_second_windows(span, expected):
    assert n_windows(span, duration=5, step=0.5) == expected


def test_a_window_that_fits_exactly_is_not_lost_to_rounding():
    assert (0.3 - 0.1) / 0.1 < 2
    assert n_windows(0.3, duration=0.1, step=0.1) == 3


@pytest.mark.parametrize(("duration", "step"), [(0, 1), (-1, 1), (5, 0), (5, -0.5)])
def test_windows_refuse_a_length_or_step_that_is_not_positive(duration, step):
    with pytest.raises(ValueError, match="positive"):
        n_windows(60, duration=duration, step=step)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 6), (0, 6), 1.0),
        ((0, 6), (6, 12), 0.0),
        ((0, 6), (8, 12), 0.0),
        ((0, 6), (3, 9), 1 / 3),
        ((0, 10), (4, 6), 0.2),
    ],
)
def test_temporal_overlap(a, b, expected):
    assert tiou(Segment(*a), Segment(*b)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "digits", "shown"),
    [
        (0, 0, "0:00"),
        (59.99, 0, "0:59"),
        (59.96, 1, "0:59.9"),
        (0.3, 1, "0:00.3"),
        (3661.25, 2, "1:01:01.25"),
        (-1, 0, "0:00"),
    ],
)
def test_a_clock_shows_what_a_running_one_does(seconds: float, digits: int, shown: str):
    assert clock(seconds, digits=digits) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0 s"), (0.4, "0 s"), (3.2, "3 s"), (59.4, "59 s"), (59.6, "1:00"), (63.9, "1:03"), (3661, "1:01:01")],
)
def test_what_lasts_less_than_a_minute_is_told_in_seconds(seconds: float, shown: str):
    assert length(seconds) == shown


def test_how_long_something_lasts_is_said_in_the_words_given():
    assert length(3.2, "{n}초") == "3초"


def test_most_is_shared_where_it_is_more_than_half_of_the_shorter_one():
    assert not mostly_shared(Segment(0, 6), Segment(3, 9))
    assert mostly_shared(Segment(0, 6), Segment(2.9, 8.9))
    assert mostly_shared(Segment(0, 30), Segment(20, 26))
    assert mostly_shared(Segment(20, 26), Segment(0, 30))
    assert not mostly_shared(Segment(0, 6), Segment(6, 12))
