"""The classifier of funny moments: clips (n, rows, d) -> probabilities, after scikit-learn's conventions."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.augmentation import Augment
from core.classifiers.calibration import Calibration
from core.classifiers.choice import CHOICES, LAUGH, Choice, Learner, Training, members_of
from core.classifiers.folds import folds
from core.classifiers.inputs import ClipFault, Floats, Scaler, Together, check_clips, check_labels
from core.classifiers.metrics import best_f1_threshold
from core.cues.cue import column_names
from core.errors import ModelFault
from core.series import FEATURES
from core.storage import files as storage

CARD_FORMAT, CARD_VERSION = "punchline-model", 2
OnStep = Callable[[str], None]


class FunnyMomentClassifier:
    """Tells clips of two or more classes apart.

    Parameters
    ----------
    model
        ``auto`` chooses by cross-validation. By name: ``laugh``, logistic regression on what the features `together`
        say; ``logistic`` regression on summary statistics, ``forest`` and ridge regression (``intervals``) on interval
        features, ridge regression on random convolutions (``rocket``), the mean of these last three (``ensemble``), or
        a network (``conv1d``, ``lstm``, ``tlstm``, ``transformer``).
    n_folds
        Folds for the choice and the calibration.
    n_seeds, n_epochs
        Networks to average, and the most epochs of each.
    centre
        Whether to subtract the mean of every feature; not needed where 0 means usual (`core.series.centred`).
    class_weight
        ``balanced`` weights classes inversely to their share while learning; None takes them as they come.
    device
        For networks: auto, cpu or cuda.
    together
        Features that count when all are above usual (`core.classifiers.inputs.with_together`).
    few_videos
        Whether the clips are of one video or two, so that held-out clips are no strangers to the others.
    random_state
        The same gives the same model; None draws one.

    Attributes
    ----------
    classes_, class_prior_
        (n_classes,) the labels, and their shares in training, for which the probabilities hold.
    model_
        The name of the model that was fitted; `choice_` says how it compared with the others.
    threshold_
        Of two classes: the probability of the second with the best F1 on held-out clips.
    fold_, held_out_
        (n,) the fold of each training clip, and (n, n_classes) its probabilities while it was held out; None where
        there were too few clips for folds.

    Notes
    -----
    Input is (n, rows, d) with any d and at least 9 rows, the same number in every clip, NaN where missing. Rows of NaN
    before or after a clip are padding: a clip keeps its own length. Probabilities are calibrated on held-out folds.
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        model: str = "auto",
        *,
        n_folds: int = 5,
        n_seeds: int = 3,
        n_epochs: int = 40,
        centre: bool = True,
        class_weight: str | None = "balanced",
        device: str = "auto",
        together: Together = (),
        few_videos: bool = False,
        random_state: int | None = 0,
    ) -> None:
        self.model = model
        self.n_folds = n_folds
        self.n_seeds = n_seeds
        self.n_epochs = n_epochs
        self.centre = centre
        self.class_weight = class_weight
        self.device = device
        self.together = together
        self.few_videos = few_videos
        self.random_state = random_state

    # scikit-learn's protocol, by hand: importing scikit-learn takes seconds

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(FunnyMomentClassifier).parameters}

    def set_params(self, **params: Any) -> FunnyMomentClassifier:
        """Set parameters by name. Raises ValueError for one that does not exist."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"no parameter {name!r}; expected one of {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        usual = FunnyMomentClassifier().get_params()
        changed = ", ".join(f"{n}={v!r}" for n, v in self.get_params().items() if v != usual[n])
        return f"FunnyMomentClassifier({changed})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        takes, target = InputTags(two_d_array=False, three_d_array=True, allow_nan=True), TargetTags(required=True)
        return Tags("classifier", target, classifier_tags=ClassifierTags(), input_tags=takes)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "learner_")

    # Learning

    def fit(
        self,
        X: Floats,
        y: NDArray[Any],
        groups: NDArray[Any] | None = None,
        sample_weight: Floats | None = None,
        timestamps: Floats | None = None,
        *,
        augment: Augment | None = None,
        on_curve: Any = None,
        on_step: OnStep | None = None,
    ) -> FunnyMomentClassifier:
        """Learn from clips.

        Parameters
        ----------
        X, y
            (n, rows, d) with NaN where missing, and labels (n,).
        groups
            (n,) what must stay on one side of a fold: a clip's video.
        sample_weight
            (n,) not negative.
        timestamps
            (n, rows) seconds, not decreasing; rows are equally far apart where they are not given.
        augment
            Draws other clips around the same labels, for networks: see `core.classifiers.augmentation`.
        on_curve
            Called after every epoch of a network with (seed number, epoch, loss, validation loss or None).
        on_step
            Called with a word on what begins; may raise to stop.

        Raises
        ------
        ModelFault
            If there is nothing to learn, X is no stack of clips, or the model is unknown.
        """
        self._check_parameters()
        X, timestamps = check_clips(X, timestamps)
        self.classes_, index, weight, groups = check_labels(len(X), y, groups, sample_weight)
        n_classes = len(self.classes_)
        total = np.bincount(index, weight, n_classes)
        self.class_prior_ = total / total.sum()
        balanced = weight / self.class_prior_[index] if self.class_weight else weight
        self.n_features_in_, self.n_rows_in_ = X.shape[2], X.shape[1]
        self.uses_timestamps_ = timestamps is not None
        seed = self.random_state if self.random_state is not None else int(np.random.default_rng().integers(2**31))
        how = {name: getattr(self, name) for name in ("centre", "n_epochs", "device", "together", "few_videos")}
        how |= {"seed": seed, "augment": augment}
        training = Training(X, timestamps, index, balanced / balanced.mean(), n_classes, groups, **how)
        on_step = on_step or (lambda word: None)
        fold = folds(index, groups, n_folds=self.n_folds, seed=seed)
        fold = folds(index, n_folds=self.n_folds, seed=seed) if fold is None else fold
        prior = self.class_prior_ if self.class_weight else np.full(n_classes, 1 / n_classes)
        choice = Choice(training, fold, weight, prior, on_step=on_step)
        self.model_, self.calibrations_ = choice.best(self.model)
        self.choice_: Mapping[str, Any] = choice.report
        self.fold_, self.held_out_, self.held_out_truth_ = fold, choice.held_out.get(self.model_), index
        judged = self.held_out_ if n_classes == 2 else None
        self.threshold_ = 0.5 if judged is None else best_f1_threshold(judged[:, 1], index == 1)
        on_step(f"fitting {self.model_}")
        self.learner_: Learner = training.learner(self.model_, n_seeds=self.n_seeds, on_curve=on_curve)
        self.curves_ = self.learner_.curves
        return self

    def _check_parameters(self) -> None:
        if self.model not in CHOICES:
            raise ModelFault("model {model!r}, expected one of {choices}", model=self.model, choices=", ".join(CHOICES))
        if self.model == LAUGH and not self.together:
            raise ModelFault("model 'laugh' needs the features that count together; give `together`")
        if self.class_weight not in ("balanced", None):
            raise ModelFault("class_weight {given!r}, expected 'balanced' or None", given=self.class_weight)

    # Judging clips

    def predict_proba(self, X: Floats, timestamps: Floats | None = None) -> Floats:
        """Probabilities (n, n_classes) for the shares of the classes in training (`class_prior_`).

        Raises
        ------
        ModelFault
            For another number of features or rows than in training.
        """
        if not self.__sklearn_is_fitted__():
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("This FunnyMomentClassifier instance is not fitted yet; call fit first")
        X, timestamps = check_clips(X, timestamps)
        n_features, n_rows = self.n_features_in_, self.n_rows_in_
        if X.shape[2] != n_features:
            sentence = "X has {n} features, but FunnyMomentClassifier is expecting {trained} features as input"
            raise ClipFault(sentence, n=X.shape[2], trained=n_features)
        if X.shape[1] != n_rows:
            raise ClipFault("clips have {n} rows, the model was trained on {trained}", n=X.shape[1], trained=n_rows)
        return self.learner_.probabilities(X, timestamps if self.uses_timestamps_ else None, self.calibrations_)

    def predict(self, X: Floats, timestamps: Floats | None = None) -> NDArray[Any]:
        """The likeliest class (n,)."""
        index: NDArray[Any] = self.predict_proba(X, timestamps).argmax(axis=1)
        out: NDArray[Any] = self.classes_[index]
        return out

    def score(
        self, X: Floats, y: NDArray[Any], sample_weight: Floats | None = None, timestamps: Floats | None = None
    ) -> float:
        """Share of clips whose class is right."""
        return float(np.average(self.predict(X, timestamps) == np.asarray(y), weights=sample_weight))

    # Files

    def save(self, folder: Path, card: Mapping[str, Any]) -> None:
        """Write weights (safetensors) and card (JSON) into a folder. Raises StorageFault.

        What the card says is kept beside what the model needs; ``features`` names them, `FEATURES` where it does not.
        """
        from safetensors.numpy import save

        n = self.n_features_in_
        names = list(FEATURES) if n == len(FEATURES) else [f"feature {k}" for k in range(n)]
        scaler = self.learner_.scaler
        weights = save({name: np.ascontiguousarray(array) for name, array in self.learner_.arrays.items()})
        head = {
            **card,
            "format": CARD_FORMAT,
            "format_version": CARD_VERSION,
            "model": self.model_,
            "features": list(card.get("features", names)),
            "n_rows": self.n_rows_in_,
            "classes": self.classes_.tolist(),
            "class_prior": self.class_prior_.tolist(),
            "parameters": self.get_params(),
            "threshold": self.threshold_,
            "uses_timestamps": self.uses_timestamps_,
            "normalisation": {"centre": scaler.centre.tolist(), "scale": scaler.scale.tolist(), "step": scaler.step},
            "calibration": {k: {"scale": c.scale, "shift": c.shift.tolist()} for k, c in self.calibrations_.items()},
            "choice": self.choice_,
            "program_version": storage.program_version(),
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
        }
        storage.write_bytes(folder / "weights.safetensors", weights)
        storage.write_json(folder / "card.json", head)

    @classmethod
    def load(
        cls, folder: Path, *, features: Sequence[str] | None = FEATURES, device: str = "auto"
    ) -> tuple[FunnyMomentClassifier, dict[str, Any]]:
        """A saved model and its card.

        Parameters
        ----------
        features
            The names the model must have been trained on, in order, before those of its cues; None takes any.

        Raises
        ------
        ModelFault
            If it is missing, damaged, of another version, or made for other features; names them.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
            if not isinstance(card, dict):
                raise ValueError("its card is no JSON object")
            if (kind := (card.get("format"), card.get("format_version"))) != (CARD_FORMAT, CARD_VERSION):
                raise ModelFault(
                    "{folder}: {format!r} version {version!r}, expected {expected!r} version {expected_version}; "
                    "train it again",
                    folder=folder,
                    format=kind[0],
                    version=kind[1],
                    expected=CARD_FORMAT,
                    expected_version=CARD_VERSION,
                )
            cues = column_names(tuple(card.get("cues", ())))
            if features is not None and tuple(card["features"]) != (*features, *cues):
                raise ModelFault(
                    "{folder}: made for the features {features}; train it again",
                    folder=folder,
                    features=", ".join(card["features"]),
                )
            together = tuple((int(k), float(u), bool(*s)) for k, u, *s in card["parameters"].get("together", ()))
            classifier = cls(**{**card["parameters"], "device": device, "together": together})
            weights = (folder / "weights.safetensors").read_bytes()
            if card.get("weights_sha256") not in (None, hashlib.sha256(weights).hexdigest()):
                raise ValueError("its weights are not those that its card names")
            classifier._restore(card, load(weights))
        except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, SafetensorError) as error:
            raise ModelFault(
                "{folder}: no readable model ({cause}); train one with `punchline train`", folder=folder, cause=error
            ) from error
        return classifier, card

    def _restore(self, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self.classes_ = np.array(card["classes"])
        self.class_prior_ = np.array(card["class_prior"], np.float64)
        self.model_, self.choice_ = str(card["model"]), card["choice"]
        self.n_features_in_, self.n_rows_in_ = len(card["features"]), int(card["n_rows"])
        self.threshold_ = float(card["threshold"])
        self.uses_timestamps_ = bool(card["uses_timestamps"])
        norm = card["normalisation"]
        centre, scale = (np.array(norm[name], np.float64) for name in ("centre", "scale"))
        scaler = Scaler(centre, scale, float(norm["step"]), self.together)
        n, width = len(self.classes_), self.n_features_in_ + bool(self.together)
        if centre.shape != (width,) or scale.shape != (width,):
            raise ValueError("its normalisation is of other features")
        self.calibrations_ = {
            name: Calibration(float(c["scale"]), np.array(c["shift"], np.float64))
            for name, c in card["calibration"].items()
        }
        if self.class_prior_.shape != (n,) or any(c.shift.shape != (n,) for c in self.calibrations_.values()):
            raise ValueError(f"its calibration is not of {n} classes")
        if set(self.calibrations_) != {self.model_, *members_of(self.model_)}:
            raise ValueError(f"it has no calibration of {self.model_}")
        shape = width, n, self.n_rows_in_
        self.learner_ = Learner.restored(self.model_, scaler, arrays, shape=shape, device=self.device)
        self.curves_ = self.learner_.curves
