"""Laws of metrics: bounds, perfection, what does not depend on the scale of scores, matching."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.classifiers.event_metrics import event_metrics, matched
from core.classifiers.metrics import METRICS, Judged
from core.segment import Detection, LabeledSegment, tiou

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 100), st.integers(0, 3)), min_size=2, max_size=40).filter(
    lambda rows: len({funny for funny, _, _ in rows}) == 2
)
SPAN = st.tuples(st.integers(0, 100), st.integers(1, 8))


def judged(rows, power=1.0):
    p = np.array([p for _, p, _ in rows]) / 100
    return Judged(np.array([f for f, _, _ in rows]), p**power, p >= 0.5, np.array([g for _, _, g in rows]))


@given(ROWS)
def test_every_metric_lies_between_0_and_1(rows):
    j = judged(rows)
    values = np.array([metric(j, np.ones(len(rows))) for metric in METRICS.values()])
    fine = values[~np.isnan(values)]
    assert ((fine >= 0) & (fine <= 1 + 1e-12)).all()


@given(ROWS)
def test_ranking_metrics_know_only_the_order(rows):
    ones = np.ones(len(rows))
    for name in ("roc_auc", "average_precision"):
        np.testing.assert_allclose(METRICS[name](judged(rows), ones), METRICS[name](judged(rows, power=2), ones))


@given(ROWS)
def test_the_truth_itself_is_perfect(rows):
    funny = np.array([f for f, _, _ in rows])
    j = Judged(funny, funny.astype(float), funny, np.zeros(len(rows)))
    got = {name: metric(j, np.ones(len(rows))) for name, metric in METRICS.items()}
    assert all(np.isclose(value, 0 if name == "brier" else 1) for name, value in got.items())


@given(ROWS)
def test_a_clip_of_weight_two_is_two_clips(rows):
    weight = np.arange(len(rows)) % 3
    twice = judged(rows)[np.repeat(np.arange(len(rows)), weight)]
    for metric in METRICS.values():
        np.testing.assert_allclose(metric(judged(rows), weight.astype(float)), metric(twice, np.ones(weight.sum())))


@given(st.lists(SPAN, max_size=8), st.lists(st.tuples(SPAN, st.integers(0, 10)), max_size=8))
def test_no_moment_is_found_twice(truth, found):
    segments = [LabeledSegment(a, a + d, 1) for a, d in truth]
    detections = [Detection(a, a + d, score / 10) for (a, d), score in found]
    right = matched(segments, detections, min_tiou=0.5)
    assert right.sum() <= len(segments)
    for k in np.flatnonzero(right):
        assert max(tiou(detections[k], segment) for segment in segments) >= 0.5
    wide = event_metrics(segments, detections, duration=100)
    assert wide["0.3"]["false_alarms_per_hour"] <= len(detections) * 36 + 1e-9
