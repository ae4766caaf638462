"""Accepted moments stay."""

from __future__ import annotations

import numpy as np
import pytest

from core.detection.accepted import with_accepted
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
