import numpy as np
import pytest

from core.detection.cue_moments import cue_moments, without_match

TIMES = np.arange(1800) / 3  # 600 s


def value_of(*spans: tuple[float, float, float]) -> np.ndarray:
    value = np.full(len(TIMES), 0.02)
    for start, end, level in spans:
        value[(start <= TIMES) & (end > TIMES)] = level
    return value


def test_places_are_found_where_they_are():
    moments = cue_moments(TIMES, value_of((100, 105, 0.9), (300, 309, 0.5), (400, 400.4, 0.6)), duration=600)
    expected = [(99.0, 105.5), (300.0, 309.0)]
    assert [(m.start, m.end) for m in moments] == [pytest.approx(place, abs=1.5) for place in expected]
    assert [m.score for m in moments] == pytest.approx([0.9, 0.5])
    for m in moments:
        assert m.best.duration == pytest.approx(6.0)
        assert m.start <= m.best.start < m.best.end <= m.end


def test_places_stay_in_the_video_and_few():
    moments = cue_moments(TIMES, value_of((0, 3, 0.9), (597, 600, 0.9)), duration=600)
    assert moments[0].start == 0
    assert moments[-1].best.end <= 600
    always = cue_moments(TIMES, np.full(len(TIMES), 0.9), duration=600)
    assert 1 <= len(always) <= 30
    rng = np.random.default_rng(0)
    assert len(cue_moments(TIMES, rng.uniform(0.5, 1, len(TIMES)), duration=600)) <= 10


def test_nothing_gives_nothing():
    assert cue_moments(TIMES, np.full(len(TIMES), np.nan), duration=600) == []
    assert cue_moments(TIMES[:0], TIMES[:0], duration=600) == []
    assert cue_moments(TIMES, np.ones(len(TIMES)), duration=3) == []


def test_disagreements_are_what_does_not_overlap():
    one = cue_moments(TIMES, value_of((100, 105, 0.9), (300, 305, 0.9)), duration=600)
    other = cue_moments(TIMES, value_of((302, 308, 0.9), (500, 505, 0.9)), duration=600)
    assert without_match(one, other) == one[:1]
    assert without_match(other, one) == other[1:]
