"""Time on the plane of valence and arousal, of a series whose places are known."""

import numpy as np
import pytest

from core.analysis.plane import N_CELLS, plane_cells, plane_path
from core.segment import Segment
from core.series import FEATURES, Source, TimeSeries


@pytest.fixture
def moving() -> TimeSeries:
    """2 s in the lowest corner, 4 s in the highest, then a face that is not seen."""
    values = np.zeros((8, 12))
    values[:, FEATURES.index("valence")] = values[:, FEATURES.index("arousal")] = [-1, -1, 1, 1, 1, 1, 0, 0]
    source = [Source.DETECTED] * 6 + [Source.INTERPOLATED, Source.MISSING]
    return TimeSeries(values, np.arange(8.0), np.array(source, np.uint8), 1.0)


def test_cells_hold_the_seconds_and_the_first_time(moving: TimeSeries) -> None:
    cells = plane_cells(moving)
    assert np.allclose(cells.seconds, [2, 4])
    assert cells.first.tolist() == [0, 2]
    assert cells.valence.tolist() == pytest.approx([-1, 1 - 2 / N_CELLS])
    assert plane_cells(moving, Segment(2, 4)).seconds.tolist() == pytest.approx([2])


def test_a_path_follows_time_and_passes_over_what_was_not_seen(moving: TimeSeries) -> None:
    path = plane_path(moving)
    assert path.timestamps.tolist() == [0, 1, 2, 3, 4, 5]
    assert path.arousal.tolist() == [-1, -1, 1, 1, 1, 1]
    assert len(plane_path(moving, Segment(6, 8)).timestamps) == 0
