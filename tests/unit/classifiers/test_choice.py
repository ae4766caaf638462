"""The choice among models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.classifiers.calibration import Calibration
from core.classifiers.choice import (
    CHOICES,
    ENSEMBLE,
    ENSEMBLE_NAMES,
    SIMPLE_NAMES,
    Choice,
    Learner,
    Training,
    combined,
    members_of,
)
from core.classifiers.folds import folds
from core.classifiers.inputs import Scaler
from tests.clips import rise


def training(n: int = 40) -> Training:
    X, y = rise(n, d=2, rows=9)
    return Training(
        X=X,
        timestamps=None,
        y=y,
        weight=np.ones(n),
        n_classes=2,
        groups=None,
        centre=True,
        n_epochs=2,
        device="cpu",
        seed=0,
        augment=None,
    )


def choice(n: int = 40, steps=None) -> Choice:
    made = training(n)
    return Choice(
        made,
        folds(made.y, n_folds=3),
        made.weight,
        np.array([0.5, 0.5]),
        on_step=(lambda word: None) if steps is None else steps.append,
    )


def certain(n: int, p: np.ndarray) -> np.ndarray:
    y = np.arange(n) % 2
    out = np.stack([1 - p, p], axis=1)
    out[y == 0] = out[y == 0, ::-1]
    return out


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen():
    rng = np.random.default_rng(0)
    best = np.clip(rng.normal(0.8, 0.05, 40), 0.5, 0.99)
    near = np.clip(best + rng.normal(0, 0.1, 40), 0.4, 0.99)
    far = best - 0.3
    made = choice()
    assert (
        made._best({"logistic": certain(40, far), "forest": certain(40, best), "rocket": certain(40, best)}) == "forest"
    )
    assert made._best({"logistic": certain(40, near), "rocket": certain(40, near)}) == "logistic"
    report = choice()
    report._best({"logistic": certain(40, far), "forest": certain(40, best)})
    assert report.report["forest"]["worse_by"] == 0
    assert report.report["logistic"]["worse_by"] > report.report["logistic"]["standard_error"]


def test_few_labels_try_simple_models_only():
    steps: list[str] = []
    choice(40, steps).best("auto")
    assert {step.split()[1].rstrip(",") for step in steps} == set(SIMPLE_NAMES)
    more: list[str] = []
    choice(60, more).best("auto")
    assert {step.split()[1].rstrip(",") for step in more} == {*SIMPLE_NAMES, "conv1d"}


@pytest.mark.parametrize("name", ["logistic", ENSEMBLE])
def test_a_named_model_has_a_calibration_for_each_member(name):
    chosen, calibrations = choice().best(name)
    assert chosen == name
    assert set(calibrations) == {*members_of(name), name}


def test_without_folds_scores_are_taken_as_they_come():
    made = training(9)
    plain = Choice(made, None, made.weight, np.array([0.6, 0.4]), on_step=lambda word: None)
    assert plain.best("auto")[0] == "logistic"
    together = Choice(
        replace(made, together=((0, 1.0, False), (1, 1.0, False))), None, made.weight, plain.prior, plain.on_step
    )
    assert together.best("auto")[0] == "laugh"
    p = plain.best("logistic")[1]["logistic"](np.zeros((1, 2)))
    np.testing.assert_allclose(p, [[0.6, 0.4]])


def test_an_ensemble_is_the_mean_of_log_probabilities():
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(size=(5, 2)) for name in ENSEMBLE_NAMES}
    plain = Calibration(1.0, np.zeros(2))
    p = combined(scores, dict.fromkeys([*ENSEMBLE_NAMES, ENSEMBLE], plain))
    mean = np.mean(list(scores.values()), axis=0)
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), mean[:, 1] - mean[:, 0], rtol=1e-3)


def test_an_unknown_model_cannot_be_restored():
    with pytest.raises(ValueError, match="not known"):
        Learner.restored("auto", Scaler(np.zeros(2), np.ones(2), 1.0), {}, shape=(2, 2, 9), device="cpu")
    assert CHOICES[0] == "auto"


def test_of_few_videos_a_laugh_is_taken_as_soon_as_it_explains_a_third():
    made = choice()
    made.training = replace(made.training, few_videos=True)
    fits, tells, guesses = (certain(40, np.full(40, p)) for p in (0.99, 0.7, 0.55))
    assert made._best({"laugh": tells, "forest": fits}) == "laugh"
    assert made._best({"laugh": guesses, "forest": fits}) == "forest"
    made.training = replace(made.training, few_videos=False)
    assert made._best({"laugh": tells, "forest": fits}) == "forest"
