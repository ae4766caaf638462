"""Accepted moments stay."""

from __future__ import annotations

import numpy as np
import pytest

from core.detection.accepted import not_found, with_accepted
from core.detection.detect import Found
from core.detection.moments import Moment
from core.segment import Segment
from core.sliding_window_processor import Curve


def found(*bounds: tuple[float, float]) -> Found:
    moments = tuple(Moment(a, b, 0.9, Segment(a, b), 0.9) for a, b in bounds)
    times = np.arange(0.0, 60.0)
    scores = np.where(times >= 50, np.nan, times / 100)
    return Found(moments, Curve(times, scores), 0.8, 0.1, (), ())


def test_what_was_accepted_stays_where_the_settings_no_longer_find_it() -> None:
    kept = with_accepted(found((20.0, 30.0)), [Segment(5.0, 10.0), Segment(24.0, 30.0)])
    assert [(m.start, m.end, m.score) for m in kept.moments] == [(5.0, 10.0, pytest.approx(0.1)), (20.0, 30.0, 0.9)]
    assert kept.moments[0].best == Segment(5.0, 10.0)


def test_what_two_have_accepted_at_one_place_is_one_moment() -> None:
    kept = with_accepted(found(), [Segment(6.0, 11.0), Segment(5.0, 10.0)])
    assert [(m.start, m.end) for m in kept.moments] == [(5.0, 10.0)]


def test_an_accepted_place_that_is_not_judged_scores_nothing() -> None:
    (moment,) = with_accepted(found(), [Segment(52.0, 58.0)]).moments
    assert (moment.score, moment.probability) == (0.0, 0.0)
    assert with_accepted(found(), [Segment(70.0, 75.0)]).moments[0].score == 0.0


def test_an_accepted_place_that_a_moment_only_touches_stays() -> None:
    kept = with_accepted(found((20.0, 30.0)), [Segment(15.5, 20.5)])
    assert [(m.start, m.end) for m in kept.moments] == [(15.5, 20.5), (20.0, 30.0)]


@pytest.mark.parametrize(
    ("place", "is_missed"),
    [
        (Segment(17.0, 23.0), True),  # exactly half is shared
        (Segment(17.1, 23.1), False),
        (Segment(22.0, 28.0), False),  # lies in it
        (Segment(26.9, 32.9), False),
        (Segment(27.0, 33.0), True),
        (Segment(40.0, 46.0), True),
    ],
)
def test_a_labelled_place_is_missed_unless_a_moment_shares_most_of_it(place: Segment, is_missed: bool) -> None:
    assert [(m.start, m.end) for m in not_found(found((20.0, 30.0)), [place])] == [(place.start, place.end)] * is_missed


def test_of_two_labels_of_one_laugh_that_was_missed_one_is_told() -> None:
    left = not_found(found(), [Segment(41.0, 46.0), Segment(40.0, 46.0), Segment(2.0, 8.0)])
    assert [m.start for m in left] == [2.0, 40.0]
    assert left[1].score == pytest.approx(0.46)


def test_added_places_are_moments_that_are_marked_until_one_is_found_there() -> None:
    place = Segment(40.0, 46.0)
    kept = with_accepted(found((20.0, 30.0)), [Segment(5.0, 10.0)], [place])
    assert [(m.start, m.labelled) for m in kept.moments] == [(5.0, False), (20.0, False), (40.0, True)]
    assert not_found(kept, [place]) == []
    assert [m.labelled for m in with_accepted(found((39.0, 45.0)), [], [place]).moments] == [False]
