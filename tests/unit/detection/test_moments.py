"""The moments in a score curve whose truth is planted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.detection.candidates import best_threshold, candidates, peaks
from core.detection.moments import Moment, Rules, best_moments, hysteresis, moments, threshold_steps
from core.segment import Segment, tiou
from core.sliding_window_processor import Curve, Scores, Windows, lay_windows

NOTHING = Rules(1.0, 0.5)
HALF = Rules(0.5, 0.25)


def filled(windows: Windows, *bursts: Segment) -> np.ndarray:
    """The share (n,) of each window that lies in the bursts."""
    seconds = [np.minimum(windows.end, b.end) - np.maximum(windows.start, b.start) for b in bursts]
    return np.clip(seconds, 0, None).sum(axis=0) / (windows.end - windows.start)


def likely(windows: Windows, *bursts: Segment) -> np.ndarray:
    """Log-odds as a sharp classifier gives them that was trained on whole bursts and on none."""
    return 24 * (filled(windows, *bursts) - 0.6)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


# Hysteresis


@pytest.mark.parametrize(
    ("scores", "max_gap", "found"),
    [
        ([], 0, []),
        ([0.4, 0.4], 0, []),
        ([0.1, 0.3, 0.6, 0.3, 0.1], 0, [[1, 4]]),
        ([0.6], 0, [[0, 1]]),
        ([0.6, 0.3, 0.1, 0.3, 0.3], 0, [[0, 2]]),
        ([0.6, 0.1, 0.7], 0, [[0, 1], [2, 3]]),
        ([0.6, 0.1, 0.3], 1, [[0, 3]]),
        ([0.6, np.nan, 0.7], 0, [[0, 1], [2, 3]]),
        ([0.6, np.nan, 0.7, 0.1, 0.1, 0.5], 1, [[0, 3], [5, 6]]),
        ([np.nan, 0.5, 0.25, np.nan], 5, [[1, 3]]),
    ],
)
def test_a_stretch_reaches_the_onset_and_lasts_down_to_the_offset(scores, max_gap, found):
    got = hysteresis(np.array(scores, float), onset=0.5, offset=0.25, max_gap=max_gap)
    assert got.reshape(-1, 2).tolist() == found


# Peaks


def peaks_of(*scores: float, apart: int = 1) -> list[int]:
    return peaks(Curve(np.arange(len(scores)) / 2, np.array(scores)), apart=apart).tolist()


def test_peaks_are_local_maxima_the_best_first():
    assert peaks_of(0.1, 0.5, 0.2, 0.9, 0.3) == [3, 1]
    assert peaks_of(0.1, 0.5, 0.2, 0.9, 0.3, apart=3) == [3]
    assert peaks_of(0.9, 0.8, 0.7, 0.6, apart=2) == [0]  # a slope holds no second peak
    assert peaks_of(0.2, 0.7, 0.7, 0.7, 0.1) == [2]
    assert peaks_of(0.4, np.nan, 0.6) == [2, 0]
    assert peaks_of(np.nan) == []
    assert peaks_of() == []


# Moments


@pytest.mark.parametrize("gap", [6.0, 7.5, 20.0])
@pytest.mark.parametrize("sharpness", [8.0, 24.0])
def test_moments_six_seconds_apart_do_not_melt_into_one(gap, sharpness):
    bursts, at = [], 10.3
    for duration in (5.0, 6.4, 7.0, 5.5, 6.0):
        bursts.append(Segment(at, at + duration))
        at += duration + gap
    windows = lay_windows(0.0, at + 10)
    z = sharpness * (filled(windows, *bursts) - 0.6)
    made = candidates(Scores(windows, z))
    for threshold in (best_threshold(made.probability, made.level), 0.5, 0.3):
        found = moments(Scores(windows, z), Rules(threshold, threshold / 2))
        assert len(found) == len(bursts)
        assert min(tiou(a, b) for a, b in zip(found, bursts, strict=True)) >= 0.7


@pytest.mark.parametrize("length", [12.0, 20.0, 40.0])
def test_a_long_fit_of_laughter_is_one_moment(length):
    burst = Segment(31.2, 31.2 + length)
    windows = lay_windows(0.0, 100.0)
    (found,) = moments(Scores(windows, likely(windows, burst)), HALF)
    assert tiou(found, burst) >= 0.7
    assert found.start <= found.best.start < found.best.end <= found.end


def test_a_pause_in_a_long_laughter_parts_it():
    bursts = Segment(20.0, 34.0), Segment(42.0, 60.0)
    windows = lay_windows(0.0, 100.0)
    found = moments(Scores(windows, likely(windows, *bursts)), HALF)
    assert len(found) == 2
    assert min(tiou(a, b) for a, b in zip(found, bursts, strict=True)) >= 0.7


@pytest.mark.parametrize("level", [0.01, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("origin", [0.0, 0.1, 17_000.7])
def test_a_constant_score_is_one_moment_or_none(level, origin):
    windows = lay_windows(origin, 100.0)
    z = np.full(len(windows), log_odds(np.array(level)))
    found = moments(Scores(windows, z), HALF)
    assert len(found) == (level >= 0.499)
    for moment in found:
        assert moment.start == pytest.approx(origin)
        assert moment.end == pytest.approx(origin + 100)
        assert moment.score == pytest.approx(level)


@pytest.mark.parametrize("onset", [0.02, 0.1, 0.3, 0.6])
def test_a_lesser_laugh_beside_a_great_one_is_found_at_every_threshold(onset):
    windows = lay_windows(0.0, 120.0)
    great, lesser = Segment(40.0, 46.0), Segment(52.0, 58.0)
    hill = np.interp((windows.start + windows.end) / 2, [34, 43, 49, 55, 61], [-6, 6, 0.6, 1.5, -6])
    found = moments(Scores(windows, hill), Rules(onset, onset / 2))
    for laugh in (great, lesser):
        assert any(moment.start < (laugh.start + laugh.end) / 2 < moment.end for moment in found)


def test_a_slope_beside_a_moment_is_none():
    """Its neighbour reaches the onset only because it lies beside a strong one."""
    windows = lay_windows(0.0, 60.0)
    z = np.maximum(likely(windows, Segment(20.0, 26.0)), 3 * filled(windows, Segment(31.0, 37.0)) - 4.5)
    (found,) = moments(Scores(windows, z), Rules(0.3, 0.02))
    assert tiou(found, Segment(20.0, 26.0)) > 0.8


def test_of_equally_good_windows_the_one_in_their_midst_is_taken():
    windows = lay_windows(0.0, 60.0)
    z = np.where(filled(windows, Segment(20.0, 26.0)) >= 0.6, 9.0, -9.0)
    (found,) = moments(Scores(windows, z), HALF)
    assert (found.start, found.end) == (20.0, 26.0)


def test_short_moments_are_dropped_and_short_gaps_filled():
    bursts = Segment(10.0, 16.0), Segment(24.0, 30.0), Segment(60.0, 66.0)
    windows = lay_windows(0.0, 100.0)
    z = likely(windows, *bursts)
    assert len(moments(Scores(windows, z), HALF)) == 3
    joined = moments(Scores(windows, z), Rules(0.5, 0.25, min_duration_off=10.0))
    assert len(joined) == 2
    assert tiou(joined[0], Segment(10.0, 30.0)) > 0.85
    (one,) = moments(Scores(windows, z), Rules(0.5, 0.25, min_duration_on=12.0, min_duration_off=10.0))
    assert one == joined[0]
    assert moments(Scores(windows, z), Rules(0.5, 0.25, min_duration_on=30.0, min_duration_off=10.0)) == []


def test_windows_that_are_not_judged_are_no_moments():
    windows = lay_windows(0.0, 100.0)
    assert moments(Scores(windows, np.full(len(windows), np.nan)), HALF) == []
    assert moments(Scores(lay_windows(0.0, 3.0), np.empty(0)), HALF) == []
    z = np.where(windows.start < 50, np.nan, 3.0)
    (found,) = moments(Scores(windows, z), HALF)
    assert found.start == 50.0


def test_a_long_unseen_stretch_parts_a_laughter_and_a_short_one_does_not():
    windows = lay_windows(0.0, 100.0)

    def found(gap: float) -> list[Moment]:
        unseen = Segment(50.0, 50.0 + gap)
        touched = (windows.start < unseen.end) & (windows.end > unseen.start)
        return moments(Scores(windows, np.where(touched, np.nan, 4.0)), Rules(0.5, 0.25, min_duration_off=1.0))

    before, after = found(1.0)
    assert before.end <= 50.0
    assert after.start >= 51.0
    (one,) = found(0.5)
    assert (one.start, one.end) == (0.0, 100.0)


def test_the_best_window_beside_an_unseen_stretch_is_taken_though_its_middle_lies_outside():
    """Only the windows that begin the series are judged, and the curve passes the onset at its first step only."""
    windows = lay_windows(0.0, 30.0)
    z = np.full(len(windows), np.nan)
    z[(windows.start == 0.0) & (windows.end == 5.0)] = 3.0
    (found,) = moments(Scores(windows, z), HALF)
    assert (found.start, found.end) == (0.0, 5.0)


def test_no_moment_reaches_a_threshold_of_one():
    windows = lay_windows(0.0, 60.0)
    assert moments(Scores(windows, likely(windows, Segment(20.0, 26.0))), NOTHING) == []


def test_every_score_is_possible_and_moments_stay_apart_at_any_threshold():
    windows = lay_windows(0.0, 600.0)
    z = np.random.default_rng(0).normal(0, 2, len(windows))
    for threshold in (0.0, 0.2, 0.5):
        found = moments(Scores(windows, z), Rules(threshold, threshold / 2))
        assert len(found) > 5
        assert all(a.end <= b.start + 1e-6 for a, b in pairwise(found))
        assert all(threshold <= m.score <= 1 for m in found)


# Without a threshold


def test_the_best_moments_are_there_whatever_they_score():
    bursts = [Segment(80.0, 86.0), Segment(12.0, 17.0), Segment(40.0, 47.0)]
    windows = lay_windows(0.0, 100.0)
    z = likely(windows, *bursts) - 12
    found = best_moments(Scores(windows, z), 3)
    assert [(m.start, m.end) for m in found] == [(12.0, 17.0), (40.0, 45.0), (80.0, 85.0)]
    assert len(best_moments(Scores(windows, z), 1)) == 1
    assert best_moments(Scores(lay_windows(0.0, 2.0), np.empty(0)), 5) == []
    assert best_moments(Scores(windows, np.full(len(windows), np.nan)), 5) == []


def test_every_step_of_the_threshold_changes_the_moments():
    rng = np.random.default_rng(3)
    windows = lay_windows(0.0, 1800.0)
    bursts = [Segment(t, t + 6) for t in range(20, 1780, 40)]
    z = likely(windows, *bursts) + np.repeat(rng.normal(0, 2, len(windows) // 40 + 1), 40)[: len(windows)]
    scores = Scores(windows, z)
    steps = threshold_steps(scores)
    assert steps == sorted(steps)
    found = [len(moments(scores, Rules(step, step / 2))) for step in steps]
    assert found[-1] == 0
    assert found[-2] >= 1
    assert sum(a != b for a, b in pairwise(found)) > 0.6 * len(steps)
    assert len(threshold_steps(scores, most=10)) <= 11
    assert threshold_steps(Scores(lay_windows(0.0, 2.0), np.empty(0))) == [0.502]


def test_candidates_are_one_a_burst_and_their_probabilities_count_them():
    bursts = [Segment(20.0, 26.0), Segment(38.0, 44.0), Segment(70.0, 76.0)]
    windows = lay_windows(0.0, 100.0)
    made = candidates(Scores(windows, likely(windows, *bursts)))
    assert len(made) >= 3
    assert (np.diff(made.level) <= 0).all()
    assert sorted(windows.start[made.window[:3]].tolist()) == [20.0, 38.0, 70.0]
    assert made.probability.sum() == pytest.approx(3, abs=0.2)
    assert len(candidates(Scores(windows, np.full(len(windows), np.nan)))) == 0


# The threshold


def expected_f1(p: np.ndarray, chosen: np.ndarray) -> float:
    return float(2 * p[chosen].sum() / (chosen.sum() + p.sum()))


@pytest.mark.parametrize("seed", range(20))
def test_the_threshold_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    p = rng.random(rng.integers(1, 40)) ** rng.integers(1, 6)
    if seed % 2:
        p = np.round(p, 1) + 0.01  # with equal ones
    found = best_threshold(p)
    assert found in p
    assert expected_f1(p, p >= found) == pytest.approx(max(expected_f1(p, p >= t) for t in p))
    level = rng.random(len(p)).round(1)
    found = best_threshold(p, level)
    assert expected_f1(p, level >= found) == pytest.approx(max(expected_f1(p, level >= t) for t in level))


def test_the_threshold_of_nothing_lets_nothing_through():
    assert best_threshold(np.empty(0)) == 1.0
    assert best_threshold(np.array([0.2])) == 0.2
    assert best_threshold(np.zeros(3)) >= 0.0
