"""Folds: groups stay whole, classes are spread, blocks of time with a gap."""

from __future__ import annotations

import numpy as np

from core.classifiers.folds import BLOCK, N_BLOCKS, blocks, folds, groups_of, learned_from


def test_classes_are_spread_evenly():
    y = np.array([0] * 40 + [1] * 10)
    fold = folds(y, n_folds=5)
    for k in range(5):
        assert np.bincount(y[fold == k]).tolist() == [8, 2]


def test_there_are_no_more_folds_than_groups_or_clips_of_a_class():
    assert len(np.unique(folds(np.array([0] * 20 + [1] * 3)))) == 3
    assert len(np.unique(folds(np.arange(20) % 2, np.arange(20) // 10))) == 2


def test_no_folds_can_be_made_of_one_group_one_class_or_one_clip_of_a_class():
    assert folds(np.arange(10) % 2, np.zeros(10)) is None
    assert folds(np.zeros(10, int)) is None
    assert folds(np.array([0] * 9 + [1])) is None


def test_no_folds_are_made_where_one_would_leave_one_class_only():
    y = np.array([1] * 5 + [0] * 20)
    assert folds(y, np.array([0] * 5 + [1] * 10 + [2] * 10)) is None


def test_the_same_seed_parts_alike_and_another_one_otherwise():
    y, groups = np.arange(60) % 2, np.arange(60) // 3
    np.testing.assert_array_equal(folds(y, groups, seed=1), folds(y, groups, seed=1))
    assert (folds(y, groups, seed=1) != folds(y, groups, seed=2)).any()


def test_blocks_are_whole_stretches_of_one_video():
    start = np.arange(0, 3600, 30.0)
    names = blocks(np.array(["v"] * 120), start)
    assert len(np.unique(names)) <= N_BLOCKS + 1
    for name in np.unique(names):
        here = np.flatnonzero(names == name)
        assert (np.diff(here) == 1).all()
    assert len(np.unique(blocks(np.array(["v", "w"]), np.array([1.0, 1.0])))) == 2
    assert len(np.unique(blocks(np.array(["v", "v"]), np.array([0.0, BLOCK / 2])))) == 1


def test_few_videos_are_parted_in_time():
    start = np.arange(0, 1200, 10.0)
    two, four = np.repeat(["a", "b"], 60), np.repeat(["a", "b", "c", "d"], 30)
    assert len(np.unique(groups_of(two, start))) > 4
    assert sorted(np.unique(groups_of(four, start))) == ["a", "b", "c", "d"]


def test_nothing_near_a_judged_clip_is_learned_from():
    start = np.array([0.0, 12.0, 20.0, 0.0])
    video = np.array(["v", "v", "v", "w"])
    judged = np.array([True, False, False, False])
    assert learned_from(judged, video, start, start + 6, gap=10).tolist() == [False, False, True, True]
