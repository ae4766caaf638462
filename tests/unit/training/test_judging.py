"""Judging: disjoint sides, honest figures, baselines, mistakes, learning curve."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.errors import ModelFault
from core.funny_moment_classifier import FunnyMomentClassifier
from core.series import FEATURES
from core.training.baselines import BASELINES
from core.training.judging import (
    LabelledClips,
    Split,
    baseline_predictions,
    check_groups,
    cross_validated,
    held_out,
    learning_curve,
    report,
    splits,
)

HAPPINESS, LOUDNESS = FEATURES.index("happiness"), FEATURES.index("loudness")
LIGHT = FunnyMomentClassifier("logistic", n_folds=2, centre=False)


def labelled(n: int = 80, *, n_videos: int = 4, kind: str = "both", seed: int = 0) -> LabelledClips:
    """Clips that are funny where happiness and loudness are high; a third as many have one of the two only."""
    rng = np.random.default_rng(seed)
    case = np.arange(n) % 4  # 0 dull, 1 happy, 2 loud, 3 both
    y = (case == 3).astype(int)
    X = rng.normal(0, 0.3, (n, 15, 12))
    X[:, :, HAPPINESS] += np.isin(case, [1, 3])[:, None]
    X[:, :, LOUDNESS] += np.isin(case, [2, 3])[:, None]
    if kind == "random":
        y = rng.permutation(y)
    video = np.array([f"v{k}" for k in rng.permutation(np.arange(n) % n_videos)])
    start = np.arange(n) * 20.0
    timestamps = start[:, None] + (np.arange(15) + 0.5) * 0.4
    origin = np.where(np.arange(n) % 5 < 2, "random", "peaks")
    return LabelledClips(X, timestamps, y, video, start, start + 6, origin)


def test_a_video_is_never_on_both_sides():
    clips = labelled()
    parted = splits(clips)
    assert len(parted) == 4
    for split in parted:
        assert not set(clips.video[split.learn]) & set(clips.video[split.judge])
    assert sorted(np.concatenate([s.judge for s in parted])) == list(range(80))


def test_a_video_on_both_sides_is_caught():
    clips = labelled()
    with pytest.raises(ModelFault, match=r"v\d: learned from and judged at once"):
        check_groups([Split(np.arange(40), np.arange(40, 80))], clips.video)


def test_one_video_is_parted_in_time_with_a_gap_and_repeated():
    clips = labelled(n_videos=1)
    parted = splits(clips, n_repeats=2)
    assert len(parted) > 5
    for split in parted:
        apart = np.abs(clips.start[split.learn][:, None] - clips.start[split.judge][None])
        assert apart.min() >= 16  # six seconds of the clip and ten of the gap


def test_labels_that_cannot_be_parted_are_refused():
    clips = labelled(n_videos=1)
    near = LabelledClips(clips.X, clips.timestamps, clips.y, clips.video, clips.start / 100, clips.end, clips.origin)
    with pytest.raises(ModelFault, match="cannot be judged"):
        splits(near)


def test_a_judgement_beats_the_baselines_where_it_should():
    clips = labelled(120)
    parted = splits(clips)
    steps: list[str] = []
    said = cross_validated(clips, parted, LIGHT, on_step=steps.append)
    found = report(clips, said, parted, nested=True)
    assert len(steps) == 4 * 3
    assert found["metrics"]["f1"]["value"] > 0.9
    assert set(found["baselines"]) == set(BASELINES)
    for name, baseline in found["baselines"].items():
        assert baseline["difference"]["f1"]["low"] > 0, name
    assert found["baselines"]["majority"]["metrics"]["accuracy"]["value"] == pytest.approx(0.75)
    assert found["random"]["n"] == 48
    assert (found["n_judged"], found["n_repeats"]) == (120, 1)
    assert sum(b["n"] for b in found["calibration_curve"]) == 120
    json.dumps(found)


def test_random_labels_are_judged_as_such():
    clips = labelled(160, kind="random", seed=1)
    parted = splits(clips)
    found = report(clips, cross_validated(clips, parted, LIGHT), parted, nested=True)
    auc = found["metrics"]["roc_auc"]
    assert auc["low"] < 0.5 < auc["high"]


def test_one_feature_alone_is_a_fair_opponent():
    clips = labelled(120)
    easy = LabelledClips(
        clips.X,
        clips.timestamps,
        np.isin(np.arange(120) % 4, [2, 3]).astype(int),
        clips.video,
        clips.start,
        clips.end,
        clips.origin,
    )
    said = baseline_predictions(easy, splits(easy), "loudness")
    assert (said.predicted == (easy.y[said.index] == 1)).mean() > 0.97


def test_held_out_clips_are_judged_with_the_threshold_of_other_folds():
    clips = labelled(120)
    fitted = FunnyMomentClassifier("logistic", centre=False).fit(clips.X, clips.y, clips.video)
    said, parted = held_out(fitted)
    assert sorted(said.index) == list(range(120))
    np.testing.assert_array_equal(said.probability, fitted.held_out_[said.index, 1])
    for split in parted:
        assert not set(clips.video[split.learn]) & set(clips.video[split.judge])
    assert report(clips, said, parted, nested=False)["metrics"]["f1"]["value"] > 0.9


def test_mistakes_name_their_clips_the_surest_first():
    clips = labelled(120)
    wrong = clips.y.copy()
    wrong[[3, 8]] = 1 - wrong[[3, 8]]
    clips = LabelledClips(clips.X, clips.timestamps, wrong, clips.video, clips.start, clips.end, clips.origin)
    parted = splits(clips)
    found = report(clips, cross_validated(clips, parted, LIGHT), parted, nested=True)["mistakes"]
    assert {m["index"] for m in found[:2]} == {3, 8}
    errors = [abs(m["probability"] - m["label"]) for m in found]
    assert errors == sorted(errors, reverse=True)


def test_more_labels_bring_something_or_nothing_but_never_a_loss():
    found = learning_curve(labelled(120), "logistic")
    assert found["sizes"] == sorted(found["sizes"])
    assert 0 <= found["gain"]["low"] <= found["gain"]["high"] <= 1
    assert 0 <= found["gain"]["value"] <= 1
    assert all(0 <= value <= 1 for value in found["f1"])
