"""What holds for the moments of any scores."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.detection.candidates import best_threshold, candidates
from core.detection.moments import Rules, best_moments, hysteresis, moments
from core.segment import Segment, tiou
from core.sliding_window_processor import Scores, Windows, lay_windows, probability, runs


def overlaps(windows: Windows, burst: Segment) -> np.ndarray:
    """Temporal IoU (n,) of each window with a burst."""
    common = np.clip(np.minimum(windows.end, burst.end) - np.maximum(windows.start, burst.start), 0, None)
    return common / (windows.end - windows.start + burst.duration - common)


PERFECT = {
    "says the temporal IoU": lambda iou: np.log(np.clip(iou, 1e-6, 1 - 1e-6) / np.clip(1 - iou, 1e-6, 1)),
    "says yes from a half on": lambda iou: np.where(iou >= 0.5, 16.0, -16.0),
    "is steep": lambda iou: 20 * (iou - 0.5),
}


@given(st.floats(0, 20_000), st.floats(0, 50), st.floats(5, 7), st.sampled_from(sorted(PERFECT)), st.booleans())
@settings(deadline=None, max_examples=150)
def test_a_planted_burst_is_found_where_it_is(origin, offset, duration, classifier, automatic):
    if classifier == "says yes from a half on":  # its windows lie around a burst, so there must be room for them
        offset = min(max(offset, 4.0), 49.0)
    burst = Segment(origin + offset, origin + offset + duration)
    windows = lay_windows(origin, 60.0)
    z = PERFECT[classifier](overlaps(windows, burst))
    made = candidates(Scores(windows, z))
    threshold = best_threshold(made.probability, made.level) if automatic else 0.4
    (found,) = moments(Scores(windows, z), Rules(threshold, threshold / 2))
    assert tiou(found, burst) >= 0.8


@st.composite
def any_scores(draw: st.DrawFn) -> tuple[Windows, np.ndarray]:
    """Up to five minutes of scores, rough or smooth, with unseen stretches of any length."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    windows = lay_windows(draw(st.floats(0, 20_000)), draw(st.floats(0, 300)))
    time = rng.normal(draw(st.floats(-4, 4)), draw(st.floats(0, 6)), windows.n_steps + 1)
    width = draw(st.sampled_from([1, 3, 9]))
    time = np.convolve(time, np.ones(width) / width**0.5, "same")[: windows.n_steps + 1]
    z = time[windows.centre] + rng.normal(0, draw(st.sampled_from([0.0, 0.5])), len(windows))
    unseen = rng.random(windows.n_steps) < draw(st.sampled_from([0.0, 0.02, 0.2]))
    touched = np.concatenate([[0], np.cumsum(unseen)])
    return windows, np.where(touched[windows.last] > touched[windows.first], np.nan, z)


@given(any_scores(), st.floats(0.001, 1), st.floats(0.1, 1), st.floats(0, 20), st.floats(0, 10))
@settings(deadline=None, max_examples=200)
def test_moments_are_what_the_rules_say(case, onset, share, min_duration_on, min_duration_off):
    windows, z = case
    curve = Scores(windows, z).curve
    rules = Rules(onset, onset * share, min_duration_on, min_duration_off)
    found = moments(Scores(windows, z), rules)
    assert bool(found) <= bool((np.nan_to_num(curve.scores) >= onset).any())
    for moment in found:
        inside = (windows.start >= moment.start - 1e-6) & (windows.end <= moment.end + 1e-6)
        best = np.flatnonzero((windows.start == moment.best.start) & (windows.end == moment.best.end))
        assert inside[best].all()
        assert len(best) == 1
        assert abs(moment.probability - probability(z)[best[0]]) < 1e-12
        assert moment.score <= 1
        assert moment.duration >= max(5.0, min_duration_on) - 1e-6
        steps = (curve.timestamps > moment.start) & (curve.timestamps < moment.end)
        assert abs(np.nanmax(curve.scores[steps]) - moment.score) < 1e-12
        for a, b in runs(np.isnan(curve.scores) & steps).tolist():
            assert (b - a) * windows.step < max(min_duration_off, 1e-9)
            assert steps[a - 1]
            assert steps[b]
    assert all(b.start - a.end >= min_duration_off - 1e-6 for a, b in pairwise(found))


@given(any_scores(), st.floats(0.01, 0.9))
@settings(deadline=None, max_examples=100)
def test_where_the_curve_reaches_the_onset_there_is_a_moment(case, onset):
    windows, z = case
    curve = Scores(windows, z).curve
    found = moments(Scores(windows, z), Rules(onset, onset / 2))
    stretches = hysteresis(curve.scores, onset=onset, offset=onset / 2)
    assert bool(found) == bool(len(stretches))


@given(any_scores(), st.integers(1, 20))
@settings(deadline=None, max_examples=100)
def test_the_best_moments_do_not_overlap_and_more_of_them_hold_the_fewer(case, n):
    windows, z = case
    found = best_moments(Scores(windows, z), n)
    assert len(found) <= n
    assert bool(found) == (~np.isnan(z)).any()
    assert all(a.end <= b.start + 1e-6 for a, b in pairwise(found))
    assert set(found) <= set(best_moments(Scores(windows, z), n + 1))


@given(any_scores(), st.floats(-5, 5))
@settings(deadline=None, max_examples=50)
def test_a_prior_moves_no_window_past_another(case, shift):
    windows, z = case
    made = candidates(Scores(windows, z))
    assume(len(made))
    assert ((made.probability >= 0) & (made.probability <= 1)).all()
    moved = candidates(Scores(windows, z + shift))
    best = windows.centre[moved.window[0]]
    near = z[windows.centre == best]
    assert z[moved.window[0]] == np.nanmax(near)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_no_other_threshold_expects_more(probabilities):
    p = np.array(probabilities)

    def expected_f1(threshold: float) -> float:
        chosen = p[p >= threshold]
        return float(2 * chosen.sum() / max(len(chosen) + p.sum(), 1e-12))

    best = max(expected_f1(t) for t in p)
    assert abs(expected_f1(best_threshold(p)) - best) < 1e-9
