"""Simple models: ridge against its definition, trees against scikit-learn, damaged arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import Ridge

from core.classifiers import simple as simple_models
from core.classifiers.clip_features import interval_features
from core.classifiers.simple import NAMES, PENALTIES, SimpleModel
from tests.clips import inputs, rise


def test_ridge_leaves_out_one_at_a_time_as_its_definition_does():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(25, 4)).astype(np.float32), np.arange(25) % 2
    z[y == 1, 0] += 1
    found = simple_models._ridge(z, y, np.ones(25), 2)
    target = np.where(y == 1, 1.0, -1.0)
    errors = []
    for penalty in PENALTIES:
        wrong = []
        for k in range(25):
            rest = np.arange(25) != k
            made = Ridge(penalty * 4).fit(z[rest], target[rest])
            wrong.append((made.predict(z[~rest])[0] - target[k]) ** 2)
        errors.append(np.mean(wrong))
    best = Ridge(PENALTIES[int(np.argmin(errors))] * 4).fit(z, target)
    np.testing.assert_allclose(found["coef"][:, 1], best.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["intercept"][1], best.intercept_, rtol=1e-3, atol=1e-4)


def test_a_clip_of_twice_the_weight_counts_as_two():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(12, 3)).astype(np.float32), np.arange(12) % 3
    twice = np.concatenate([np.arange(12), [0, 1]])
    weight = np.where(np.arange(12) < 2, 2.0, 1.0)
    one = simple_models._logistic(z, y, weight, 3)
    other = simple_models._logistic(z[twice], y[twice], np.ones(14), 3)
    np.testing.assert_allclose(one["coef"], other["coef"], atol=1e-3)


def test_trees_say_what_scikit_learn_says():
    X, y = rise(40, d=3)
    clips = inputs(X)
    made = SimpleModel.fitted("forest", clips, y, np.ones(40), n_classes=2, seed=3)
    features = interval_features(clips).astype(np.float32)
    peer = ExtraTreesClassifier(simple_models.N_TREES, max_features="sqrt", random_state=3).fit(features, y)
    other = inputs(rise(40, d=3, seed=1)[0])
    want = peer.predict_proba(interval_features(other).astype(np.float32))
    n = simple_models.N_TREES
    np.testing.assert_allclose(np.exp(made.scores(other)), (want * n + 0.5) / (n + 1), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_its_arrays(name):
    X, y = rise(30, d=3)
    X[y == 1, :, 2] += 3  # `laugh` looks at the last column alone
    made = SimpleModel.fitted(name, inputs(X), y, np.ones(30), n_classes=2, seed=0)
    again = SimpleModel(name, 2, made.arrays)
    again.check(3, 15)
    np.testing.assert_array_equal(made.scores(inputs(X)), again.scores(inputs(X)))
    assert (made.scores(inputs(X)).argmax(axis=1) == y).mean() > 0.9
    if name != "laugh":
        with pytest.raises((ValueError, KeyError)):
            again.check(4, 15)


@pytest.mark.parametrize("name", NAMES)
def test_a_class_that_is_not_there_can_be_said_but_is_not(name):
    X, y = rise(30, d=2)
    made = SimpleModel.fitted(name, inputs(X), y * 2, np.ones(30), n_classes=3, seed=0)
    scores = made.scores(inputs(X))
    assert scores.shape == (30, 3)
    assert (scores.argmax(axis=1) != 1).all()


@pytest.mark.parametrize(
    "damage",
    [
        lambda a: a.update(children=np.zeros_like(a["children"])),
        lambda a: a.update(children=a["children"] + 10**6),
        lambda a: a.update(feature=a["feature"] + 10**6),
        lambda a: a.update(votes=a["votes"][:, :1]),
        lambda a: a.update(votes=a["votes"] * np.nan),
        lambda a: a.pop("threshold"),
    ],
)
def test_damaged_trees_are_refused_and_never_walked_for_ever(damage):
    X, y = rise(30, d=2)
    made = SimpleModel.fitted("forest", inputs(X), y, np.ones(30), n_classes=2, seed=0)
    damage(made.arrays)
    with pytest.raises((ValueError, KeyError)):
        made.check(2, 15)
