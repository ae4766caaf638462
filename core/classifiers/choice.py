"""Which model fits the labels at hand: held-out scores, their calibration, and the choice among models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.augmentation import Augment
from core.classifiers.calibration import Calibration, limited
from core.classifiers.folds import folds
from core.classifiers.inputs import Floats, Inputs, Scaler, Together

LAUGH = "laugh"  # for clips whose features are looked at together
EXPLAINED = 1 / 3  # of the entropy of labels of few videos, from which `laugh` is taken whatever else fits better
SIMPLE_NAMES = ("logistic", "forest", "intervals", "rocket")  # the simplest first
ENSEMBLE = "ensemble"
ENSEMBLE_NAMES = ("forest", "intervals", "rocket")  # a weaker fourth, logistic, makes the mean worse
NETWORK_NAMES = ("conv1d", "lstm", "tlstm", "transformer")
CHOICES = ("auto", LAUGH, *SIMPLE_NAMES, ENSEMBLE, *NETWORK_NAMES)
FEW_LABELS = 60  # with fewer, a network is not tried
AUTO_NETWORK = "conv1d"
MIN_FOR_VALIDATION = 80  # clips; with fewer the number of a network's epochs is fixed
VALIDATION_FOLDS = 6  # one of them is kept back for early stopping


def members_of(name: str) -> tuple[str, ...]:
    """The models that a model consists of."""
    return ENSEMBLE_NAMES if name == ENSEMBLE else (name,)


@dataclass(frozen=True, eq=False)
class Learner:
    """A fitted model with its normalisation.

    Attributes
    ----------
    scaler
        From the training clips.
    members
        `core.classifiers.simple.SimpleModel` or `core.classifiers.network_training.Network` by name.
    curves
        Of networks: for each seed and epoch the loss in training and validation.
    """

    scaler: Scaler
    members: Mapping[str, Any]
    curves: list[list[tuple[float, float | None]]] = field(default_factory=list)

    def scores(self, X: Floats, timestamps: Floats | None) -> dict[str, Floats]:
        """Scores (n, n_classes) of every member."""
        inputs = self.scaler(X, timestamps)
        return {name: np.asarray(member.scores(inputs), np.float64) for name, member in self.members.items()}

    def probabilities(
        self, X: Floats, timestamps: Floats | None, calibrations: Mapping[str, Calibration]
    ) -> NDArray[np.float64]:
        """Calibrated probabilities (n, n_classes)."""
        return combined(self.scores(X, timestamps), calibrations)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was learned, by member and name."""
        return {f"{name}/{k}": a for name, member in self.members.items() for k, a in member.arrays.items()}

    @classmethod
    def restored(
        cls, name: str, scaler: Scaler, arrays: Mapping[str, NDArray[Any]], *, shape: tuple[int, int, int], device: str
    ) -> Learner:
        """From saved arrays; shape is (features, classes, rows). Raises ValueError or KeyError if they do not fit."""
        if name not in CHOICES[1:]:
            raise ValueError(f"it is a {name!r}, which is not known")
        n_features, n_classes, n_rows = shape
        members: dict[str, Any] = {}
        for member in members_of(name):
            own = {k.split("/", 1)[1]: a for k, a in arrays.items() if k.startswith(f"{member}/")}
            if member in NETWORK_NAMES:
                from core.classifiers.network_training import Network

                members[member] = Network(member, shape, own, device=device)
            else:
                from core.classifiers.simple import SimpleModel

                members[member] = SimpleModel(member, n_classes, own)
            members[member].check(n_features, n_rows)
        return cls(scaler, members)


def combined(scores: Mapping[str, Floats], calibrations: Mapping[str, Calibration]) -> NDArray[np.float64]:
    """Probabilities (n, n_classes) of one model, or of several: their mean log-probabilities, calibrated again."""
    if len(scores) == 1:
        ((name, only),) = scores.items()
        return np.asarray(calibrations[name](only))
    return np.asarray(calibrations[ENSEMBLE](mean_log(scores, calibrations)))


def mean_log(scores: Mapping[str, Floats], calibrations: Mapping[str, Calibration]) -> Floats:
    """Mean of the members' log-probabilities (n, n_classes), without their common share of each class."""
    out: Floats = np.mean([np.log(calibrations[name](s)) for name, s in scores.items()], axis=0)
    return out


@dataclass(frozen=True, eq=False)
class Training:
    """Clips to learn from, and how: X (n, rows, d), timestamps (n, rows) or None, classes y (n,) from 0, weights."""

    X: Floats
    timestamps: Floats | None
    y: NDArray[np.int64]
    weight: Floats
    n_classes: int
    groups: NDArray[Any] | None
    centre: bool
    n_epochs: int
    device: str
    seed: int
    augment: Augment | None
    together: Together = ()
    few_videos: bool = False

    def of(self, rows: NDArray[np.integer]) -> Training:
        """The same with some of the clips."""
        augment = self.augment
        arrays = {name: getattr(self, name) for name in ("X", "timestamps", "y", "weight", "groups")}
        some: dict[str, Any] = {name: None if array is None else array[rows] for name, array in arrays.items()}
        some["augment"] = None if augment is None else lambda rng, index: augment(rng, rows[index])
        return replace(self, **some)

    def learner(self, name: str, *, n_seeds: int = 1, on_curve: Any = None) -> Learner:
        """Fit a model by its name."""
        scaler = Scaler.fitted(self.X, self.timestamps, centre=self.centre, together=self.together)
        inputs = scaler(self.X, self.timestamps)
        if name in NETWORK_NAMES:
            network = self._network(name, scaler, inputs, n_seeds, on_curve)
            return Learner(scaler, {name: network}, network.curves)
        from core.classifiers.simple import SimpleModel

        how = {"n_classes": self.n_classes, "seed": self.seed}
        fitted = {member: SimpleModel.fitted(member, inputs, self.y, self.weight, **how) for member in members_of(name)}
        return Learner(scaler, fitted)

    def _network(self, name: str, scaler: Scaler, inputs: Inputs, n_seeds: int, on_curve: Any) -> Any:
        from core.classifiers.network_training import Network, Task, augment_with

        validation = np.zeros(len(self.y), bool)
        if len(self.y) >= MIN_FOR_VALIDATION:
            fold = folds(self.y, self.groups, n_folds=VALIDATION_FOLDS, seed=self.seed)
            if fold is None or (fold == 0).mean() > 0.4:
                fold = folds(self.y, n_folds=VALIDATION_FOLDS, seed=self.seed)
            if fold is not None:
                validation = fold == 0
        task = Task(inputs, self.y, self.weight, self.n_classes, validation, augment_with(self.augment, scaler))
        seeds = [self.seed + 1000 * k for k in range(max(1, n_seeds))]
        return Network.fitted(name, task, seeds=seeds, n_epochs=self.n_epochs, device=self.device, on_curve=on_curve)


@dataclass(eq=False)
class Choice:
    """The choice of a model by held-out folds.

    Attributes
    ----------
    report
        For every model tried, the mean log loss on held-out clips, and its difference to the best with the standard
        error of that difference.
    held_out
        For every model tried, the probabilities (n, n_classes) of clips while they were held out.
    """

    training: Training
    fold: NDArray[np.int64] | None
    weight: Floats
    prior: Floats
    on_step: Callable[[str], None]
    report: dict[str, Any] = field(default_factory=dict)
    held_out: dict[str, Floats] = field(default_factory=dict)

    def best(self, model: str) -> tuple[str, dict[str, Calibration]]:
        """The name of the model to fit, and the calibrations of its members from held-out clips."""
        names = members_of(model)
        known = (LAUGH, *SIMPLE_NAMES) if self.training.together else SIMPLE_NAMES
        if model == "auto":
            tried = len(self.training.y) >= FEW_LABELS and self.fold is not None
            names = (*known, *((AUTO_NETWORK,) if tried else ()))
        if self.fold is None:
            # too few for folds: probabilities as the scores come
            best = known[0] if model == "auto" else model
            plain = Calibration(1.0, np.log(self.prior))
            return best, dict.fromkeys({*members_of(best), best}, plain)
        held_out = {name: self._held_out(name) for name in names}
        calibrations = {name: self._calibration(s) for name, s in held_out.items()}
        probabilities = {name: calibrations[name](s) for name, s in held_out.items()}
        if model in ("auto", ENSEMBLE):
            members = {name: held_out[name] for name in ENSEMBLE_NAMES}
            mean = mean_log(members, calibrations)
            # the members' log-probabilities hold the shares already
            n_classes = self.training.n_classes
            calibrations[ENSEMBLE] = self._calibration(mean, np.full(n_classes, 1 / n_classes))
            probabilities[ENSEMBLE] = calibrations[ENSEMBLE](mean)
        self.held_out = probabilities
        best = self._best(probabilities) if model == "auto" else model
        kept = {*members_of(best), best}
        return best, {name: c for name, c in calibrations.items() if name in kept}

    def _calibration(self, scores: Floats, prior: Floats | None = None) -> Calibration:
        return Calibration.fitted(scores, self.training.y, self.weight, self.prior if prior is None else prior)

    def _entropy(self) -> float:
        """Mean log loss of saying the classes' shares of every clip."""
        shares = np.bincount(self.training.y, self.weight, self.training.n_classes) / self.weight.sum()
        return float(-(shares * np.log(shares)).sum())

    def _held_out(self, name: str) -> Floats:
        assert self.fold is not None
        out = np.zeros((len(self.fold), self.training.n_classes))
        for k in np.unique(self.fold):
            self.on_step(f"trying {name}, fold {k + 1}")
            there = self.fold == k
            part = self.training.of(np.flatnonzero(~there))
            stamps = None if self.training.timestamps is None else self.training.timestamps[there]
            out[there] = part.learner(name).scores(self.training.X[there], stamps)[name]
        return out

    def _best(self, probabilities: Mapping[str, Floats]) -> str:
        """The simplest within one standard error of the best, by log loss on held-out clips.

        Clips held out of few videos share with the others what is peculiar to these, and to their person, and a model
        of many numbers fits it. There `laugh` is taken as soon as it explains `EXPLAINED` of the labels: on streams of
        other people it was better than what fitted better.

        The error is that of the difference on the same clips, summed over groups (Breiman et al. 1984, section 3.4.3,
        has the rule for single losses).
        """
        y = self.training.y
        share = self.weight / self.weight.sum()
        losses = {name: -np.log(limited(p)[np.arange(len(y)), y]) for name, p in probabilities.items()}
        mean = {name: float(share @ loss) for name, loss in losses.items()}
        best = min(mean, key=lambda name: mean[name])
        groups = self.training.groups
        member = np.unique(groups, return_inverse=True)[1] if groups is not None else np.arange(len(y))
        if member.max() < 5:  # too few groups for a standard error
            member = np.arange(len(y))
        n = member.max() + 1
        order = [name for name in CHOICES[1:] if name in mean]
        for name in order:
            apart = share * (losses[name] - losses[best] - (mean[name] - mean[best]))
            error = float(np.sqrt((np.bincount(member, apart, n) ** 2).sum() * n / max(n - 1, 1)))
            self.report[name] = {"log_loss": mean[name], "worse_by": mean[name] - mean[best], "standard_error": error}
        if self.training.few_videos and LAUGH in mean and mean[LAUGH] <= (1 - EXPLAINED) * self._entropy():
            return LAUGH
        return next(name for name in order if self.report[name]["worse_by"] <= self.report[name]["standard_error"])
