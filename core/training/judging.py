"""How good a kind of model is on clips it did not learn from: cross-validation, trivial baselines, learning curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.augmentation import Augment
from core.classifiers.folds import blocks, folds, groups_of, learned_from
from core.classifiers.inputs import Together
from core.classifiers.intervals import calibration_curve, difference, measured
from core.classifiers.metrics import Judged, best_f1_threshold, f1
from core.cues.cue import CUES
from core.errors import ModelFault
from core.funny_moment_classifier import FunnyMomentClassifier
from core.series import FEATURES
from core.training.baselines import BASELINES, column_alone, commoner_kind

Floats = NDArray[np.floating]
OnStep = Callable[[str], None]
COMPARED = ("f1", "accuracy", "average_precision")
SIZES = (0.25, 0.4, 0.63, 1.0)  # of the clips to learn from, for the learning curve
MORE = 50  # labels: what would they bring?
CURVE_FOLDS = 3
MIN_VIDEOS_DRAWN = 10  # with fewer, a bootstrap over videos says little: blocks of time are drawn


@dataclass(frozen=True, eq=False)
class LabelledClips:
    """Clips to learn from and to be judged on.

    Attributes
    ----------
    X, timestamps
        (n, rows, d) centred, NaN where missing, and (n, rows) seconds.
    y
        (n,) 1 funny, 0 not.
    video, start, end
        (n,) where each lies, seconds.
    origin
        (n,) how each came to be labelled.
    columns
        Names of the d columns: the features, and those of cues after them.
    """

    X: Floats
    timestamps: Floats
    y: NDArray[np.integer]
    video: NDArray[Any]
    start: Floats
    end: Floats
    origin: NDArray[Any]
    columns: tuple[str, ...] = FEATURES

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: NDArray[Any]) -> LabelledClips:
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "columns"})

    @property
    def drawn_together(self) -> NDArray[Any]:
        """(n,) what a bootstrap draws together: videos, or blocks of time where there are few."""
        return groups_of(self.video, self.start, few=MIN_VIDEOS_DRAWN)


@dataclass(frozen=True, eq=False)
class Split:
    """Clips by index: those learned from and those judged."""

    learn: NDArray[np.int64]
    judge: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What was said of clips, by index; a clip comes once for each repeat."""

    index: NDArray[np.int64]
    probability: Floats
    predicted: NDArray[np.bool_]

    def judged(self, clips: LabelledClips) -> Judged:
        """Beside the truth."""
        n_times = len(self.index) / max(1, len(np.unique(self.index)))
        groups = clips.drawn_together[self.index]
        return Judged(clips.y[self.index] == 1, self.probability, self.predicted, groups, n_times)


def check_groups(splits: Sequence[Split], groups: NDArray[Any]) -> None:
    """That no group is on both sides of a split. Raises ModelFault with its name."""
    for split in splits:
        both = set(groups[split.learn].tolist()) & set(groups[split.judge].tolist())
        if both:
            raise ModelFault(
                "{video_id}: learned from and judged at once; a video belongs to one side of a fold",
                video_id=sorted(both)[0],
            )


def splits(clips: LabelledClips, n_folds: int = 5, n_repeats: int = 1, seed: int = 0) -> list[Split]:
    """Folds by video, repeated; by blocks of time with a gap where there is one video, or all funny clips are in one.

    Raises
    ------
    ModelFault
        If the clips cannot be parted so that both sides hold both classes.
    """
    out: list[Split] = []
    by_video = len(np.unique(clips.video)) > 1 and folds(clips.y, clips.video, n_folds=n_folds) is not None
    groups = clips.video if by_video else blocks(clips.video, clips.start)
    for repeat in range(n_repeats):
        fold = folds(clips.y, groups, n_folds=n_folds, seed=seed + repeat)
        if fold is None:
            raise ModelFault(
                "the labels cannot be judged: the clips of one kind all lie close together; label some in other parts"
            )
        for k in np.unique(fold):
            judged = fold == k
            free = ~judged if by_video else learned_from(judged, clips.video, clips.start, clips.end)
            if len(np.unique(clips.y[free])) == 2:
                out.append(Split(np.flatnonzero(free), np.flatnonzero(judged)))
        if by_video and len(np.unique(clips.video)) <= n_folds:
            break  # each video is judged alone: a repeat would part them the same way
    check_groups(out, groups)
    if not out:
        raise ModelFault(
            "the labels cannot be judged: too few lie apart in time; label clips in other parts of the video"
        )
    return out


def cross_validated(
    clips: LabelledClips,
    parted: Sequence[Split],
    classifier: FunnyMomentClassifier,
    *,
    augment: Augment | None = None,
    on_step: OnStep = lambda word: None,
) -> Predictions:
    """Probabilities and decisions for judged clips; choice, calibration and threshold come from the learned ones."""
    parts = []
    for split in parted:
        fitted = FunnyMomentClassifier(**classifier.get_params())
        learn = clips[split.learn]
        how: dict[str, Any] = {"augment": _part(augment, split.learn), "on_step": on_step}
        fitted.fit(learn.X, learn.y, groups_of(learn.video, learn.start), timestamps=learn.timestamps, **how)
        p = fitted.predict_proba(clips.X[split.judge], clips.timestamps[split.judge])[:, 1]
        parts.append((split.judge, p, p >= fitted.threshold_))
    return _joined(parts)


def _part(augment: Augment | None, rows: NDArray[np.int64]) -> Augment | None:
    return None if augment is None else lambda rng, index: augment(rng, rows[index])


def _joined(parts: Sequence[tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]]) -> Predictions:
    return Predictions(*(np.concatenate([part[k] for part in parts]) for k in range(3)))


def held_out(fitted: FunnyMomentClassifier) -> tuple[Predictions, list[Split]]:
    """What a fitted classifier said of its own clips while they were held out for its choice and calibration.

    Cheaper than `cross_validated`, and a little too good: the model was chosen on these clips. The threshold of each
    fold comes from the others.

    Raises
    ------
    ModelFault
        If there were too few clips to hold any out.
    """
    if fitted.fold_ is None or fitted.held_out_ is None:
        raise ModelFault("too few clips to judge: label more of both kinds")
    p, fold = fitted.held_out_[:, 1], fitted.fold_
    parted = [Split(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)]
    truth = fitted.held_out_truth_ == 1
    parts = [(s.judge, p[s.judge], p[s.judge] >= best_f1_threshold(p[s.learn], truth[s.learn])) for s in parted]
    return _joined(parts), parted


# Baselines


def baseline_predictions(clips: LabelledClips, parted: Sequence[Split], name: str) -> Predictions:
    """A trivial answer, see `core.training.baselines`, on every split."""
    funny, parts = clips.y == 1, []
    for split in parted:
        if name == "majority":
            learned = commoner_kind(funny[split.learn], len(split.judge))
        else:
            column = clips.X[:, :, clips.columns.index(name)]
            learned = column_alone(column[split.learn], funny[split.learn], column[split.judge])
        parts.append((split.judge, *learned))
    return _joined(parts)


# Reports


def report(clips: LabelledClips, predictions: Predictions, parted: Sequence[Split], *, nested: bool) -> dict[str, Any]:
    """All that a page shows of a judgement, ready for JSON: metrics, baselines, calibration, mistakes.

    ``random`` is the same for labels of random origin alone, which nobody picked because they looked funny; None where
    they do not hold both kinds.
    """
    judged = predictions.judged(clips)
    at_random = np.isin(clips.origin[predictions.index], ["random"])
    random = judged[at_random] if len(np.unique(judged.funny[at_random])) == 2 else None
    alone = [column for column in (f"{cue.name}_{cue.lane}" for cue in CUES.values()) if column in clips.columns]
    baselines = {
        name: beside(judged, baseline_predictions(clips, parted, name).judged(clips)) for name in (*BASELINES, *alone)
    }
    return {
        "nested": nested,
        "n_judged": len(np.unique(predictions.index)),
        "n_groups": len(np.unique(judged.groups)),
        "n_repeats": int(np.bincount(predictions.index).max()),
        "metrics": measured(judged),
        "random": None
        if random is None
        else {"n": len(np.unique(predictions.index[at_random])), "metrics": measured(random)},
        "baselines": baselines,
        "calibration_curve": calibration_curve(judged),
        "mistakes": mistakes(clips, predictions),
    }


def beside(judged: Judged, other: Judged) -> dict[str, Any]:
    """The figures of another answer to the same clips, and by how much the judged one is better."""
    return {
        "metrics": measured(other),
        "difference": {metric: difference(judged, other, metric) for metric in COMPARED},
    }


def mistakes(clips: LabelledClips, predictions: Predictions) -> list[dict[str, Any]]:
    """Clips called wrongly in at least half of the repeats, the surest errors first: index, probability, label."""
    out = []
    for k in np.unique(predictions.index).tolist():
        here = predictions.index == k
        wrong = predictions.predicted[here] != (clips.y[k] == 1)
        if wrong.mean() >= 0.5:
            out.append(
                {"index": k, "probability": float(predictions.probability[here].mean()), "label": int(clips.y[k])}
            )
    return sorted(out, key=lambda m: -abs(m["probability"] - m["label"]))


def learning_curve(
    clips: LabelledClips, model: str, *, together: Together = (), seed: int = 0, on_step: OnStep = lambda word: None
) -> dict[str, Any]:
    """What more labels would bring: F1 after learning from parts of the clips, and a power law through its errors.

    The error 1 - F1 is taken to be ``a n^-b``, b >= 0 (Hestness et al. 2017, arXiv:1712.00409, section 2), fitted by
    least squares of the logarithms. The interval comes from fits to the single folds drawn with replacement.
    """
    parted = splits(clips, n_folds=CURVE_FOLDS, seed=seed)
    rng = np.random.default_rng(seed)
    kept: dict[str, Any] = {"n_folds": CURVE_FOLDS, "n_seeds": 1, "centre": False, "together": together}
    classifier = FunnyMomentClassifier(model, **kept, random_state=seed)
    sizes, errors = np.zeros((len(SIZES), len(parted))), np.zeros((len(SIZES), len(parted)))
    for j, split in enumerate(parted):
        funny = clips.y[split.learn] == 1
        orders = [rng.permutation(split.learn[kind]) for kind in (funny, ~funny)]
        floor = 0.5 / max(1, int((clips.y[split.judge] == 1).sum()))  # less than one mistake cannot be told from none
        for i, size in enumerate(SIZES):
            part = np.sort(np.concatenate([order[: max(4, round(size * len(order)))] for order in orders]))
            predictions = cross_validated(clips, [Split(part, split.judge)], classifier, on_step=on_step)
            value = f1(predictions.judged(clips), np.ones(len(predictions.index)))
            sizes[i, j], errors[i, j] = len(part), max(floor, 1 - (0.0 if np.isnan(value) else value))
    now, then = len(clips), len(clips) + MORE
    draws = rng.integers(len(parted), size=(500, len(parted)))
    gains = np.array([_gain(sizes[:, d].mean(axis=1), errors[:, d].mean(axis=1), now, then) for d in draws])
    low, high = np.quantile(gains, [0.025, 0.975])
    return {
        "sizes": sizes.mean(axis=1).round().astype(int).tolist(),
        "f1": (1 - errors.mean(axis=1)).tolist(),
        "model": model,
        "more": MORE,
        "gain": {
            "value": _gain(sizes.mean(axis=1), errors.mean(axis=1), now, then),
            "low": float(low),
            "high": float(high),
        },
    }


def _gain(sizes: Floats, errors: Floats, now: int, then: int) -> float:
    """By how much F1 would grow from `now` to `then` clips."""
    slope, level = np.polyfit(np.log(sizes), np.log(errors), 1)
    slope = min(0.0, float(slope))
    at = float(np.exp(level + slope * np.log(now))) if slope else float(errors.mean())
    return float(min(at, 1.0) - min(at * (then / now) ** slope, 1.0))
