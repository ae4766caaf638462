"""Curves under the video: where their values stand."""

from __future__ import annotations

import numpy as np
import pytest

from pages.components.player.lane import Lane, as_drawn
from pages.components.shared import data

TIMES = np.arange(4.0)


def lane(monkeypatch: pytest.MonkeyPatch, *values: float) -> Lane:
    monkeypatch.setattr(data, "_", lambda message: message)
    return data.laughter_lane(np.arange(float(len(values))), np.array(values))


def test_laughter_that_is_doubted_all_along_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    laughter = lane(monkeypatch, np.nan, 0.0003, 0.005, 0.025, 0.065, 0.1025)  # as in the sample
    calm, talk, laugh, peak, highest = (laughter.height(p) for p in (0.0003, 0.005, 0.025, 0.065, 0.1025))
    assert calm < 0.1
    assert talk < 0.25
    assert laugh > 2 * talk
    assert peak > 0.75
    assert highest == 1.0


def test_beside_sure_laughter_the_doubted_is_seen_and_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    laughter = lane(monkeypatch, 0.1, 1.0)
    doubted, half, nearly, sure = (laughter.height(p) for p in (0.1, 0.5, 0.9, 1.0))
    assert 0.3 < doubted < half < nearly < sure == 1.0


@pytest.mark.parametrize("values", [(0.001, 0.02), (0.0,), (np.nan, np.nan), ()])
def test_without_laughter_the_lane_stays_low(monkeypatch: pytest.MonkeyPatch, values: tuple[float, ...]) -> None:
    laughter = lane(monkeypatch, *values)
    assert laughter.limits == (0, 0.1)
    assert laughter.height(0.02) < 0.5


@pytest.mark.parametrize(("highest", "marks"), [(0.99, [0.99, 0.1]), (0.2, [0.2, 0.0])])
def test_the_axis_of_laughter_is_named(monkeypatch: pytest.MonkeyPatch, highest: float, marks: list[float]) -> None:
    drawn = as_drawn(lane(monkeypatch, 0.0, highest), None)
    assert (drawn["marks"], drawn["percent"], drawn["lo"], drawn["hi"]) == (marks, True, 0.0, highest)
    assert drawn["power"] == data.LAUGHTER_POWER
    assert "The top is the highest of this video" in drawn["note"]


def test_other_curves_are_drawn_evenly_between_their_limits() -> None:
    arousal = Lane("arousal", "Arousal", TIMES, np.zeros(4), (-1, 1))
    assert [arousal.height(value) for value in (-2.0, -1.0, 0.0, 0.5, 1.0, 7.0)] == [0, 0, 0.5, 0.75, 1, 1]
    drawn = as_drawn(arousal, None)
    assert (drawn["marks"], drawn["power"], drawn["percent"], drawn["note"]) == ([1.0, -1.0], 1.0, False, "")
