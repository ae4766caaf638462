"""The classifier: what it learns, what it refuses, and that a saved model is the same model."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelFault
from core.funny_moment_classifier import FunnyMomentClassifier, summarise
from core.series import FEATURES

HAPPINESS = FEATURES.index("happiness")


def clips(n: int, *, d: int = 12, rows: int = 15, missing: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and in every second clip a rise of one feature in its last third."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 0.3, (n, rows, d))
    y = np.arange(n) % 2
    X[y == 1, -(rows // 3) :, HAPPINESS % d] += 1
    X[rng.random((n, rows)) < missing] = np.nan
    return X, y


@pytest.fixture(scope="module")
def fitted() -> FunnyMomentClassifier:
    return FunnyMomentClassifier().fit(*clips(80))


# summarise


def test_a_summary_of_a_ramp_is_known():
    X = np.repeat(np.arange(15.0)[None, :, None], 2, axis=2)  # (1, 15, 2)
    mean, spread, least, greatest, first, middle, last = summarise(X).reshape(7, 2)[:, 0]
    assert (mean, least, greatest, first, middle, last) == (7, 0, 14, 2, 7, 12)
    assert spread == pytest.approx(np.arange(15).std())


def test_a_summary_passes_over_what_is_missing():
    X = np.full((1, 15, 2), np.nan)
    X[0, 3:8, 0] = [1, 2, 3, 4, 5]
    np.testing.assert_allclose(summarise(X)[0, 0::2], [3, 2**0.5, 1, 5, 1.5, 4, 0])
    assert (summarise(X)[0, 1::2] == 0).all()


@pytest.mark.parametrize("rows", [9, 10, 15, 16])
def test_a_summary_has_seven_numbers_a_feature_for_any_number_of_rows(rows):
    assert summarise(np.ones((4, rows, 3))).shape == (4, 21)


# Learning


@pytest.mark.parametrize("missing", [0.0, 0.25])
@pytest.mark.parametrize(("d", "rows"), [(12, 15), (3, 9), (13, 20)])
def test_clips_that_differ_are_told_apart(d, rows, missing):
    made = FunnyMomentClassifier().fit(*clips(80, d=d, rows=rows, missing=missing))
    X, y = clips(200, d=d, rows=rows, missing=missing, seed=1)
    assert (made.predict(X) == y).mean() >= 0.95
    p = made.predict_proba(X)
    assert p.shape == (200, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert ((p[:, 1] >= 0.5) == (made.predict(X) == 1)).all()


def test_a_rare_class_is_learned_too():
    X, y = clips(400)
    rare = np.flatnonzero(y == 1)[:12]
    chosen = np.concatenate([np.flatnonzero(y == 0), rare])
    made = FunnyMomentClassifier().fit(X[chosen], y[chosen])
    X, y = clips(200, seed=1)
    assert (made.predict(X)[y == 1] == 1).mean() >= 0.8


def test_the_same_clips_give_the_same_model(fitted):
    again = FunnyMomentClassifier().fit(*clips(80))
    np.testing.assert_array_equal(again.coef_, fitted.coef_)


def test_clips_without_any_value_have_a_probability(fitted):
    p = fitted.predict_proba(np.full((2, 15, 12), np.nan))
    assert np.isfinite(p).all()


def test_no_clips_have_no_probabilities(fitted):
    assert fitted.predict_proba(np.empty((0, 15, 12))).shape == (0, 2)


def test_classes_keep_their_names():
    X, y = clips(80)
    made = FunnyMomentClassifier().fit(X, np.array(["dull", "funny"])[y])
    assert set(made.predict(X)) == {"dull", "funny"}
    assert made.classes_.tolist() == ["dull", "funny"]


@pytest.mark.parametrize("prior", [0.01, 0.3, 0.5, 0.9])
def test_a_prior_shifts_the_log_odds_by_its_own(fitted, prior):
    X, _ = clips(50, seed=2)
    p = fitted.predict_proba(X, prior=prior)[:, 1]
    want = fitted.decision_function(X) + np.log(prior / (1 - prior))
    np.testing.assert_allclose(np.log(p / (1 - p)), want, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(fitted.predict_proba(X, prior=0.5), fitted.predict_proba(X))


# What is refused


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([], "found|none"),
        ([1] * 30, "30 labelled 1; expected two kinds with at least 10 each"),
        ([0] * 30 + [1] * 9, "30 labelled 0, 9 labelled 1; expected two kinds with at least 10 each"),
        ([0] * 20 + [1] * 20 + [2] * 20, "20 labelled 2; expected two kinds"),
    ],
)
def test_too_few_labels_are_refused_with_words(labels, words):
    with pytest.raises(ModelFault, match=words):
        FunnyMomentClassifier().fit(np.zeros((len(labels), 15, 12)), np.array(labels, int))


@pytest.mark.parametrize("shape", [(30, 12), (30, 8, 12), (30, 15, 12, 1), (30,)])
def test_what_is_no_stack_of_clips_is_refused(fitted, shape):
    for call in (lambda X: FunnyMomentClassifier().fit(X, np.arange(30) % 2), fitted.predict_proba):
        with pytest.raises(ModelFault, match=r"expected \(n, rows, features\) with at least 9 rows"):
            call(np.zeros(shape))


def test_labels_of_another_number_are_refused():
    with pytest.raises(ModelFault, match="got 80 clips and 79 labels"):
        FunnyMomentClassifier().fit(clips(80)[0], clips(80)[1][:-1])


def test_another_number_of_features_is_refused(fitted):
    with pytest.raises(ModelFault, match="clips have 13 features, the model was trained on 12"):
        fitted.predict_proba(np.zeros((2, 15, 13)))


# Files


@pytest.fixture
def folder(fitted: FunnyMomentClassifier, tmp_path: Path) -> Path:
    fitted.save(tmp_path / "m", {"person": "지은", "n_clips": 80})
    return tmp_path / "m"


def test_a_saved_model_is_the_same_model(fitted, folder):
    made, card = FunnyMomentClassifier.load(folder)
    X, _ = clips(50, missing=0.2, seed=3)
    np.testing.assert_array_equal(made.predict_proba(X, prior=0.1), fitted.predict_proba(X, prior=0.1))
    np.testing.assert_array_equal(made.predict(X), fitted.predict(X))
    assert (card["person"], card["n_clips"], tuple(card["features"])) == ("지은", 80, FEATURES)
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "weights.safetensors"]


def damage_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-50])


def pickle_weights(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(pickle.dumps(pytest.fail))


def narrow_weights(folder: Path) -> None:
    """Weights of a model for three features."""
    made = FunnyMomentClassifier().fit(*clips(40, d=3))
    made.save(folder.with_name("narrow"), {})
    (folder.with_name("narrow") / "weights.safetensors").replace(folder / "weights.safetensors")


DAMAGE = {
    "weights cut short": damage_weights,
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
        ({"format_version": 2}, "'punchline-model' version 2, expected 'punchline-model' version 1; train it again"),
        ({"format": "other"}, "'other' version 1, expected"),
        ({"features": ["joy", "pitch"]}, "made for the features joy, pitch; train it again"),
        ({"features": [*FEATURES[1:], FEATURES[0]]}, "made for the features contempt"),
        ({"features": None}, "no readable model"),
        ({"classes": [0, 1, 2]}, "no readable model"),
    ],
)
def test_a_model_of_another_kind_is_refused_by_name(folder, change, words):
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelFault, match=words):
        FunnyMomentClassifier.load(folder)
