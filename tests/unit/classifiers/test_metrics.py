"""Metrics against scikit-learn and by hand; intervals; found moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as peer

from core.classifiers.event_metrics import event_metrics, matched
from core.classifiers.intervals import calibration_curve, difference, draws, interval, measured, share_interval
from core.classifiers.metrics import METRICS, Judged, best_f1_threshold
from core.segment import Detection, LabeledSegment


def judged(n: int = 80, *, seed: int = 0, n_groups: int = 8, good: float = 1.0) -> Judged:
    """Probabilities with ties, of clips a third of which is funny."""
    rng = np.random.default_rng(seed)
    funny = np.arange(n) % 3 == 0
    p = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + good * (2 * funny - 1)))), 1)
    return Judged(funny, p, p >= 0.5, np.arange(n) % n_groups)


@pytest.mark.parametrize("seed", range(3))
def test_metrics_are_those_of_scikit_learn(seed):
    j = judged(seed=seed)
    weight = np.random.default_rng(seed).integers(0, 4, 80).astype(float)
    want = {
        "accuracy": peer.accuracy_score(j.funny, j.predicted, sample_weight=weight),
        "precision": peer.precision_score(j.funny, j.predicted, sample_weight=weight),
        "recall": peer.recall_score(j.funny, j.predicted, sample_weight=weight),
        "f1": peer.f1_score(j.funny, j.predicted, sample_weight=weight),
        "average_precision": peer.average_precision_score(j.funny, j.probability, sample_weight=weight),
        "roc_auc": peer.roc_auc_score(j.funny, j.probability, sample_weight=weight),
        "brier": peer.brier_score_loss(j.funny, j.probability, sample_weight=weight),
    }
    assert {name: metric(j, weight) for name, metric in METRICS.items()} == pytest.approx(want)


def test_metrics_without_meaning_are_nan():
    j = judged()
    nothing = Judged(np.zeros(80, bool), j.probability, j.predicted, j.groups)
    values = {name: metric(nothing, np.ones(80)) for name, metric in METRICS.items()}
    assert {name for name, value in values.items() if math.isnan(value)} == {"recall", "average_precision", "roc_auc"}


def test_values_lie_in_their_intervals():
    for name, found in measured(judged(), n_draws=200).items():
        assert found["low"] <= found["value"] <= found["high"], name
        assert found["high"] - found["low"] < 0.8


def test_nothing_called_wrongly_is_no_proof_of_never():
    funny = np.arange(12) % 2 == 0
    for n_times in (1, 3):  # judged again, the same clips prove no more
        again = np.tile(funny, n_times)
        found = measured(Judged(again, again.astype(float), again, np.arange(len(again)) % 4, n_times), n_draws=50)
        assert found["precision"] == {"value": 1.0, "low": pytest.approx(0.6097, abs=1e-4), "high": 1.0}
        assert found["accuracy"]["low"] == pytest.approx(0.7575, abs=1e-4)
        assert found["f1"]["low"] == pytest.approx(2 * 0.6097 / 1.6097, abs=1e-3)
        assert math.isnan(found["roc_auc"]["low"])
    never = measured(Judged(funny, funny * 0.1, ~funny & funny, np.arange(12)), n_draws=50)
    assert math.isnan(never["f1"]["low"])


def test_the_interval_of_a_share_is_wilsons():
    assert share_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert share_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_whole_groups_are_drawn():
    groups = np.array([0, 0, 0, 1, 1, 2])
    for counts in draws(groups, n_draws=20):
        assert len(set(counts[:3])) == 1
        assert counts[3] == counts[4]
    assert (draws(np.zeros(6), n_draws=20).sum(axis=1) == 6).all()  # of one group single clips are drawn


def test_clips_that_come_in_groups_tell_less_than_as_many_alone():
    rng = np.random.default_rng(0)
    of_group = np.repeat(np.arange(10), 20)
    right = rng.random(10)[of_group] < 0.5
    funny = np.arange(200) % 2 == 0
    said = np.where(right, funny, ~funny)
    widths = []
    for groups in (of_group, np.arange(200)):
        found = measured(Judged(funny, said.astype(float), said, groups), n_draws=300)["accuracy"]
        widths.append(found["high"] - found["low"])
    assert widths[0] > 2 * widths[1]


def test_a_clear_difference_has_an_interval_above_zero_and_none_has_one_around_it():
    good, bad = judged(200, good=2.0), judged(200, seed=1, good=0.0)
    found = difference(good, bad, "f1", n_draws=300)
    assert 0 < found["low"] <= found["value"] <= found["high"]
    same = difference(good, good, "f1", n_draws=100)
    assert (same["low"], same["value"], same["high"]) == (0, 0, 0)


def test_only_the_same_clips_can_be_compared():
    with pytest.raises(ValueError, match="same clips"):
        difference(
            judged(),
            Judged(~judged().funny, *[getattr(judged(), k) for k in ("probability", "predicted", "groups")]),
            "f1",
        )


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="one length"):
        Judged(np.zeros(3, bool), np.zeros(2), np.zeros(3, bool), np.zeros(3))


def test_an_interval_of_nothing_is_nan():
    assert all(math.isnan(v) for v in interval(np.array([np.nan, np.nan])))
    assert interval(np.array([1.0, np.nan, 1.0])) == (1.0, 1.0)


def test_a_calibration_curve_holds_every_clip_once():
    j = judged()
    bins = calibration_curve(j)
    assert sum(b["n"] for b in bins) == 80
    assert sum(b["n"] * b["funny"] for b in bins) == pytest.approx(j.funny.sum())
    assert all(b["low"] <= b["funny"] <= b["high"] for b in bins)
    assert [b["probability"] for b in bins] == sorted(b["probability"] for b in bins)


def test_the_best_threshold_has_the_best_f1_of_all():
    j = judged(seed=4)
    best = best_f1_threshold(j.probability, j.funny)
    scores = {t: peer.f1_score(j.funny, j.probability >= t, zero_division=0) for t in [*np.arange(0, 1.01, 0.05), best]}
    assert scores[best] == pytest.approx(max(scores.values()))
    assert best_f1_threshold(np.array([0.1, 0.4, 0.8]), np.array([False, False, True])) == pytest.approx(0.6)
    assert best_f1_threshold(np.array([0.1, 0.4]), np.array([False, False])) == 0.5


# Moments

TRUTH = [LabeledSegment(10, 16, 1), LabeledSegment(30, 36, 1), LabeledSegment(50, 56, 0)]


def test_found_moments_are_matched_once_the_surest_first():
    found = [Detection(11, 17, 0.6), Detection(10, 16, 0.9), Detection(50, 56, 0.8), Detection(34, 40, 0.7)]
    assert matched(TRUTH, found, min_tiou=0.3).tolist() == [False, True, False, False]  # the last one has 0.2
    assert matched(TRUTH, found, min_tiou=0.15).tolist() == [False, True, False, True]
    assert matched([], found, min_tiou=0.3).tolist() == [False] * 4


def test_event_metrics_are_known():
    found = [Detection(10, 16, 0.9), Detection(60, 66, 0.8), Detection(31, 38, 0.7)]
    out = event_metrics(TRUTH, found, duration=1800)
    assert set(out) == {"0.3", "0.5"}
    assert out["0.5"] == pytest.approx(
        {
            "precision": 2 / 3,
            "recall": 1,
            "f1": 0.8,
            "average_precision": (1 + 2 / 3) / 2,
            "false_alarms_per_hour": 2,
        }
    )


def test_nothing_found_and_nothing_to_find():
    nothing = event_metrics(TRUTH, [], duration=60)["0.5"]
    assert (nothing["recall"], nothing["f1"], nothing["average_precision"], nothing["false_alarms_per_hour"]) == (
        0,
        0,
        0,
        0,
    )
    assert math.isnan(nothing["precision"])
    assert math.isnan(event_metrics([], [], duration=60)["0.5"]["recall"])
    with pytest.raises(ValueError, match="duration must be positive"):
        event_metrics(TRUTH, [], duration=0)
