"""What is taken of a video: seconds in clips, and what is free between them."""

from __future__ import annotations

import numpy as np

from core.labels.coverage import Coverage
from core.segment import Segment

TAKEN = Coverage([Segment(10.0, 16.0), Segment(12.0, 18.0), Segment(30.0, 36.0)])


def test_seconds_that_are_taken_twice_count_once():
    starts, ends = np.array([0.0, 9.0, 11.0, 17.0, 0.0]), np.array([10.0, 15.0, 17.0, 31.0, 100.0])
    assert TAKEN.seconds(starts, ends).tolist() == [0.0, 5.0, 6.0, 2.0, 14.0]
    assert float(Coverage([]).seconds(0.0, 5.0)) == 0.0


def test_free_are_the_stretches_between_that_are_long_enough():
    assert TAKEN.free(40.0, shortest=5.0) == [Segment(0.0, 10.0), Segment(18.0, 30.0)]
    assert TAKEN.free(41.0, shortest=5.0)[-1] == Segment(36.0, 41.0)
    assert TAKEN.free(34.0, shortest=5.0)[-1] == Segment(18.0, 30.0)
    assert Coverage([]).free(7.0, shortest=5.0) == [Segment(0.0, 7.0)]
