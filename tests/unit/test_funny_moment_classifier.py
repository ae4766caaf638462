"""The classifier: what it learns and can see, what it refuses, scikit-learn's conventions, files."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.classifiers.choice import NETWORK_NAMES, SIMPLE_NAMES
from core.classifiers.metrics import Judged, roc_auc
from core.errors import DeviceUnavailable, ModelFault
from core.funny_moment_classifier import FunnyMomentClassifier
from core.series import FEATURES
from tests import clips
from tests.clips import rise

LIGHT = ("logistic", "intervals", "rocket")


@pytest.fixture(scope="module")
def fitted() -> FunnyMomentClassifier:
    return FunnyMomentClassifier("logistic").fit(*rise(80))


# Learning


@pytest.mark.parametrize("name", [*LIGHT, "forest"])
@pytest.mark.parametrize(("d", "rows", "missing"), [(12, 15, 0.0), (3, 9, 0.25), (1, 40, 0.1)])
def test_clips_that_differ_are_told_apart(name, d, rows, missing):
    made = FunnyMomentClassifier(name, n_folds=2).fit(*rise(60, d=d, rows=rows, missing=missing))
    X, y = rise(100, d=d, rows=rows, missing=missing, seed=1)
    assert made.score(X, y) >= 0.93
    p = made.predict_proba(X)
    assert p.shape == (100, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(made.predict(X), made.classes_[p.argmax(axis=1)])


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_networks_tell_clips_apart(name):
    made = FunnyMomentClassifier(name, n_folds=2, n_seeds=1, n_epochs=12).fit(*rise(60, d=2, missing=0.1))
    X, y = rise(60, d=2, missing=0.1, seed=1)
    assert made.score(X, y) >= 0.85
    assert len(made.curves_) == 1


def test_auto_takes_a_model_that_sees_what_the_simplest_cannot():
    made = FunnyMomentClassifier(n_folds=3).fit(*clips.together(50))
    assert made.model_ in ("forest", "rocket", "ensemble")
    assert made.score(*clips.together(100, seed=1)) > 0.9
    assert set(made.choice_) == {*SIMPLE_NAMES, "ensemble"}
    assert min(row["worse_by"] for row in made.choice_.values()) == 0


def test_several_classes_of_clips_of_several_lengths():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    X = rng.normal(0, 0.5, (60, 20, 2))
    X[:, :, 0] += y[:, None]
    for k, length in enumerate(rng.integers(9, 21, 60)):
        X[k, length:] = np.nan
    names = np.array(["a", "b", "c"])[y]
    made = FunnyMomentClassifier("ensemble", n_folds=3).fit(X, names)
    assert made.classes_.tolist() == ["a", "b", "c"]
    assert made.predict_proba(X).shape == (60, 3)
    assert made.score(X, names) > 0.9


# What a model can see. A network may learn all of it, given clips enough: see the slow tests.


SEEN = {"logistic": False, "intervals": False, "forest": True, "rocket": True}  # two features together


@pytest.mark.parametrize("feature", [0, 7, 11])
@pytest.mark.parametrize("name", SEEN)
def test_one_feature_alone_is_seen_and_only_there(name, feature):
    made = FunnyMomentClassifier(name, n_folds=2).fit(*clips.one_feature(160, feature))
    other, truth = clips.one_feature(200, feature, seed=1)
    assert made.score(other, truth) > 0.85
    elsewhere, _ = clips.one_feature(200, (feature + 3) % 12, seed=1)
    assert made.score(elsewhere, truth) < 0.65
    other[:, :, feature] = np.random.default_rng(2).permutation(other[:, :, feature])
    assert made.score(other, truth) < 0.62


@pytest.mark.parametrize("name", SEEN)
def test_two_features_that_only_say_something_together(name):
    made = FunnyMomentClassifier(name, n_folds=2).fit(*clips.together(100))
    score = made.score(*clips.together(200, seed=1))
    assert score > 0.9 if SEEN[name] else score < 0.65


@pytest.mark.parametrize("name", SEEN)
def test_order_alone_is_seen(name):
    made = FunnyMomentClassifier(name, n_folds=2).fit(*clips.order(160))
    assert made.score(*clips.order(200, seed=1)) > 0.8


def test_order_is_not_seen_where_rows_are_shuffled():
    X, y = clips.order(160)
    rng = np.random.default_rng(0)
    shuffled = np.stack([x[rng.permutation(15)] for x in X])
    other, truth = clips.order(200, seed=1)
    other = np.stack([x[rng.permutation(15)] for x in other])
    assert FunnyMomentClassifier("rocket", n_folds=2).fit(shuffled, y).score(other, truth) < 0.65


@pytest.mark.parametrize("name", SEEN)
def test_timing_alone_is_seen_with_timestamps_and_not_without(name):
    X, y, timestamps = clips.timing(100)
    other, truth, later = clips.timing(200, seed=1)
    made = FunnyMomentClassifier(name, n_folds=2).fit(X, y, timestamps=timestamps)
    assert made.score(other, truth, timestamps=later) > 0.9
    blind = FunnyMomentClassifier(name, n_folds=2).fit(X, y)
    assert blind.score(other, truth) < 0.62
    np.testing.assert_array_equal(blind.predict_proba(other, later), blind.predict_proba(other))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_networks_see_order_timing_one_feature_and_what_only_says_something_together(name):
    for make in (clips.order, clips.together, partial(clips.one_feature, feature=7)):
        made = FunnyMomentClassifier(name, n_folds=2, n_seeds=1).fit(*make(240))
        assert made.score(*make(200, seed=1)) > 0.85, make
    X, y, timestamps = clips.timing(240)
    made = FunnyMomentClassifier(name, n_folds=2, n_seeds=1).fit(X, y, timestamps=timestamps)
    other, truth, later = clips.timing(200, seed=1)
    assert made.score(other, truth, timestamps=later) > 0.85


@pytest.mark.parametrize("name", [*LIGHT, "forest"])
def test_random_labels_are_not_learned(name):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 15, 3)), np.arange(120) % 2
    groups = np.arange(120) // 6
    made = FunnyMomentClassifier(name, n_folds=4).fit(X, y, groups)
    judged = Judged(y == 1, made.held_out_[:, 1], made.held_out_[:, 1] > 0.5, groups)
    assert abs(roc_auc(judged, np.ones(120)) - 0.5) < 0.17  # two standard errors and a half
    fold = made.fold_
    assert all(len(np.unique(fold[groups == g])) == 1 for g in np.unique(groups))


# Probabilities


def test_probabilities_hold_for_the_labelled_mix():
    rng = np.random.default_rng(0)

    def mixed(n: int) -> tuple[np.ndarray, np.ndarray]:
        y = (rng.random(n) < 0.2).astype(int)
        X = rng.normal(0, 1, (n, 15, 2))
        X[:, :, 0] += (rng.normal(0, 1, n) + 1.5 * y)[:, None]
        return X, y

    made = FunnyMomentClassifier("logistic").fit(*mixed(300))
    np.testing.assert_allclose(made.class_prior_, [0.8, 0.2], atol=0.06)
    X, y = mixed(2000)
    p = made.predict_proba(X)[:, 1]
    assert p.mean() == pytest.approx(y.mean(), abs=0.05)
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 1)):
        here = (p >= low) & (p < high)
        assert p[here].mean() == pytest.approx(y[here].mean(), abs=0.12)


def test_a_weight_of_nothing_is_as_if_a_clip_were_not_there_for_the_shares():
    X, y = rise(60, d=2)
    weight = np.where(np.arange(60) < 20, 0.0, 1.0)
    weight[y == 0] *= 3
    made = FunnyMomentClassifier("logistic").fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(made.class_prior_, [0.75, 0.25])


def test_clips_without_any_value_have_a_probability_and_no_clips_none(fitted):
    p = fitted.predict_proba(np.full((2, 15, 12), np.nan))
    assert np.isfinite(p).all()
    assert fitted.predict_proba(np.empty((0, 15, 12))).shape == (0, 2)


@pytest.mark.parametrize("name", ["auto", "conv1d"])
def test_the_same_clips_and_seed_give_the_same_model(name):
    X, y = rise(40, d=2)
    settings = {"n_folds": 2, "n_seeds": 1, "n_epochs": 2}
    made, again = (FunnyMomentClassifier(name, **settings).fit(X, y) for _ in range(2))
    assert made.model_ == again.model_
    for key, array in made.learner_.arrays.items():
        np.testing.assert_array_equal(array, again.learner_.arrays[key])
    np.testing.assert_array_equal(made.predict_proba(X), again.predict_proba(X))
    other = FunnyMomentClassifier("rocket", n_folds=2, random_state=1).fit(X, y)
    assert (other.predict_proba(X) != made.predict_proba(X)).any()


# What is refused


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([1] * 30, r"one class only \(\[1\]\)"),
        ([0.5] * 15 + [1.25] * 15, "Unknown label type"),
        ([np.nan] * 30, "Unknown label type"),
        ([0, 1] * 14, "got 30 clips and \\(28,\\) labels"),
        ([[0, 1]] * 30, "got 30 clips and \\(30, 2\\) labels"),
    ],
)
def test_labels_that_nothing_can_be_learned_from_are_refused(labels, words):
    with pytest.raises(ModelFault, match=words):
        FunnyMomentClassifier().fit(np.zeros((30, 15, 12)), np.array(labels))


@pytest.mark.parametrize("shape", [(30, 12), (30, 8, 12), (30, 15, 12, 1), (30,)])
def test_what_is_no_stack_of_clips_is_refused(fitted, shape):
    for call in (lambda X: FunnyMomentClassifier().fit(X, np.arange(30) % 2), fitted.predict_proba):
        with pytest.raises(ModelFault, match=r"expected \(n, rows, features\) with at least 9 rows"):
            call(np.zeros(shape))


def test_clips_of_nothing_but_nan_are_refused():
    with pytest.raises(ModelFault, match="only NaN"):
        FunnyMomentClassifier().fit(np.full((30, 15, 2), np.nan), np.arange(30) % 2)


def test_another_number_of_features_or_rows_is_refused(fitted):
    with pytest.raises(ModelFault, match=r"X has 13 features, but .* is expecting 12"):
        fitted.predict_proba(np.zeros((2, 15, 13)))
    with pytest.raises(ModelFault, match="clips have 16 rows, the model was trained on 15"):
        fitted.predict_proba(np.zeros((2, 16, 12)))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": "svm"}, "model 'svm', expected one of auto, laugh, logistic"),
        ({"class_weight": "x"}, "class_weight 'x'"),
    ],
)
def test_unknown_parameters_are_refused(parameters, words):
    with pytest.raises(ModelFault, match=words):
        FunnyMomentClassifier(**parameters).fit(*rise(30))


@pytest.mark.parametrize(
    "more",
    [
        {"groups": np.zeros(29)},
        {"sample_weight": np.zeros(29)},
        {"sample_weight": np.zeros(30)},
        {"sample_weight": -np.ones(30)},
        {"timestamps": np.zeros((30, 14))},
    ],
)
def test_what_goes_along_must_fit(more):
    with pytest.raises(ModelFault):
        FunnyMomentClassifier("logistic").fit(*rise(30), **more)


def test_an_unknown_device_is_refused():
    with pytest.raises(DeviceUnavailable):
        FunnyMomentClassifier("conv1d", device="tpu").fit(*rise(30))


# scikit-learn's conventions


def test_parameters_are_kept_and_cloned():
    from sklearn.base import clone, is_classifier

    made = FunnyMomentClassifier("rocket", n_seeds=2)
    assert is_classifier(made)
    assert clone(made).get_params() == made.get_params()
    assert made.set_params(model="forest").model == "forest"
    assert repr(made) == "FunnyMomentClassifier(model='forest', n_seeds=2)"
    with pytest.raises(ValueError, match="no parameter 'depth'"):
        made.set_params(depth=3)


def test_it_can_be_cross_validated_and_pickled_like_any_other(fitted):
    from sklearn.model_selection import GridSearchCV, cross_val_score

    X, y = rise(60, d=2)
    assert cross_val_score(FunnyMomentClassifier("logistic"), X, y, cv=3).mean() > 0.9
    assert GridSearchCV(FunnyMomentClassifier(), {"model": ["logistic"]}, cv=2).fit(X, y).best_score_ > 0.9
    again = pickle.loads(pickle.dumps(fitted))
    X, _ = rise(5)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


# Checks that cannot hold, and why.
NOT_APPLICABLE = {
    "check_estimators_pickle": "the adapter is made inside the test; the classifier itself is pickled above",
    "check_sample_weight_equivalence_on_dense_data": "a clip that is repeated may be in two folds of the calibration",
    "check_supervised_y_2d": "wants a warning of scikit-learn's own type",
}


def test_the_checks_of_scikit_learn_pass_on_clips_of_nine_equal_rows():
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.estimator_checks import check_estimator
    from sklearn.utils.validation import check_is_fitted, validate_data

    class Flat(ClassifierMixin, BaseEstimator):
        """Rows (n, d) as clips (n, 9, d)."""

        def __init__(self, random_state: int = 0) -> None:
            self.random_state = random_state

        def fit(self, X, y, sample_weight=None):
            X = validate_data(self, X)[:, None].repeat(9, axis=1)
            self.inner_ = FunnyMomentClassifier("logistic", random_state=self.random_state)
            self.inner_.fit(X, y, sample_weight=sample_weight)
            self.classes_ = self.inner_.classes_
            return self

        def predict(self, X):
            check_is_fitted(self)
            return self.inner_.predict(validate_data(self, X, reset=False)[:, None].repeat(9, axis=1))

        def predict_proba(self, X):
            check_is_fitted(self)
            return self.inner_.predict_proba(validate_data(self, X, reset=False)[:, None].repeat(9, axis=1))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(Flat(), on_fail=None)
    failed = {row["check_name"] for row in found if row["status"] == "failed"}
    assert failed <= set(NOT_APPLICABLE), failed
    assert sum(row["status"] == "passed" for row in found) > 40


def test_a_classifier_that_is_not_fitted_says_so():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="call fit first"):
        FunnyMomentClassifier().predict(rise(2)[0])


def test_importing_it_loads_neither_torch_nor_scikit_learn():
    code = "import sys, core.funny_moment_classifier; print([m for m in ('torch', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Files


@pytest.fixture
def folder(fitted: FunnyMomentClassifier, tmp_path: Path) -> Path:
    fitted.save(tmp_path / "m", {"person": "지은", "n_clips": 80})
    return tmp_path / "m"


def test_a_saved_model_is_the_same_model(fitted, folder):
    made, card = FunnyMomentClassifier.load(folder)
    X, _ = rise(50, missing=0.2, seed=3)
    np.testing.assert_array_equal(made.predict_proba(X), fitted.predict_proba(X))
    assert (made.threshold_, made.get_params()) == (fitted.threshold_, fitted.get_params())
    assert (card["person"], card["n_clips"], tuple(card["features"])) == ("지은", 80, FEATURES)
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "weights.safetensors"]


@pytest.mark.parametrize("name", ["forest", "ensemble", "tlstm"])
def test_models_of_every_kind_can_be_saved(name, tmp_path):
    X, y, timestamps = clips.timing(30)
    made = FunnyMomentClassifier(name, n_folds=2, n_seeds=2, n_epochs=2)
    made.fit(X, np.array(["dull", "funny"])[y], timestamps=timestamps)
    made.save(tmp_path / "m", {"features": ["a", "b"]})
    again, _ = FunnyMomentClassifier.load(tmp_path / "m", features=["a", "b"])
    np.testing.assert_array_equal(again.predict_proba(X, timestamps), made.predict_proba(X, timestamps))
    assert again.predict(X, timestamps).dtype.kind == "U"
    with pytest.raises(ModelFault, match="made for the features a, b"):
        FunnyMomentClassifier.load(tmp_path / "m")
    FunnyMomentClassifier.load(tmp_path / "m", features=None)


def damage_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-50])


def flip_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def pickle_weights(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(pickle.dumps(pytest.fail))


def narrow_weights(folder: Path) -> None:
    """Weights of a model for three features."""
    made = FunnyMomentClassifier("logistic").fit(*rise(40, d=3))
    made.save(folder.with_name("narrow"), {})
    (folder.with_name("narrow") / "weights.safetensors").replace(folder / "weights.safetensors")


DAMAGE = {
    "weights cut short": damage_weights,
    "one bit of the weights flipped": flip_weights,
    "weights pickled": pickle_weights,
    "weights of other features": narrow_weights,
    "weights gone": lambda folder: (folder / "weights.safetensors").unlink(),
    "card gone": lambda folder: (folder / "card.json").unlink(),
    "card cut short": lambda folder: (folder / "card.json").write_text('{"format": "punch'),
    "card no text": lambda folder: (folder / "card.json").write_bytes(b"\xff\x00"),
    "card a list": lambda folder: (folder / "card.json").write_text("[]"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_model_is_refused_by_name(folder, kind):
    DAMAGE[kind](folder)
    with pytest.raises(ModelFault, match=r"m: no readable model \(.*train one with"):
        FunnyMomentClassifier.load(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format_version": 1}, "'punchline-model' version 1, expected 'punchline-model' version 2; train it again"),
        ({"format": "other"}, "'other' version 2, expected"),
        ({"features": ["joy", "pitch"]}, "made for the features joy, pitch; train it again"),
        ({"features": [*FEATURES[1:], FEATURES[0]]}, "made for the features contempt"),
        ({"features": None}, "no readable model"),
        ({"classes": [0, 1, 2]}, "no readable model"),
        ({"model": "svm"}, "no readable model"),
        ({"model": "forest"}, "no readable model"),
        ({"calibration": {}}, "no readable model"),
        ({"normalisation": {"centre": [0], "scale": [1], "step": 1}}, "no readable model"),
        ({"parameters": {"depth": 3}}, "no readable model"),
    ],
)
def test_a_model_of_another_kind_is_refused_by_name(folder, change, words):
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelFault, match=words):
        FunnyMomentClassifier.load(folder)


def laughs(n: int, *, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Clips of a smile, a loud sound, both (1) or neither, and a third feature that hardly changes in some people."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 4
    X = rng.normal(0, 0.1, (n, 15, 3))
    X[..., 0] += 0.8 * (kind % 2)[:, None]
    X[..., 1] += 0.8 * (kind // 2)[:, None]
    X[..., 2] = noise * (rng.normal(size=(n, 15)) + 2 * (kind == 3)[:, None])
    return X, (kind == 3).astype(int)


TOGETHER = ((0, 1.0, False), (1, 1.0, False))


def test_a_laugh_is_a_smile_with_its_sound_whoever_laughs(tmp_path: Path):
    made = FunnyMomentClassifier(together=TOGETHER, centre=False).fit(*laughs(40, noise=1e-3))
    assert made.model_ == "laugh"
    X, y = laughs(80, noise=0.3, seed=1)
    assert made.score(X, y) > 0.95
    made.save(tmp_path, {})
    again, card = FunnyMomentClassifier.load(tmp_path, features=None)
    np.testing.assert_array_equal(again.predict_proba(X), made.predict_proba(X))
    assert len(card["features"]) == 3
    card["parameters"]["together"] = [[0, 1.0], [1, 1.0]]  # as cards of older models have it
    (tmp_path / "card.json").write_text(json.dumps(card))
    again, _ = FunnyMomentClassifier.load(tmp_path, features=None)
    np.testing.assert_array_equal(again.predict_proba(X), made.predict_proba(X))
    with pytest.raises(ModelFault, match="together"):
        FunnyMomentClassifier("laugh").fit(X, y)


@pytest.mark.parametrize("name", LIGHT)
def test_what_hardly_changes_in_one_person_does_not_decide_about_another(name):
    made = FunnyMomentClassifier(name, together=TOGETHER, centre=False).fit(*laughs(40, noise=1e-3))
    X, y = laughs(80, noise=0.0, seed=1)
    X[..., 2] = np.random.default_rng(2).normal(0, 0.1, X.shape[:2])
    assert made.score(X, y) > 0.9
