"""A person's labels -> a trained, judged and saved model."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from core.classifiers.augmentation import Augment, Drawable, Redrawn
from core.classifiers.choice import ENSEMBLE, FEW_LABELS, NETWORK_NAMES, SIMPLE_NAMES, members_of
from core.classifiers.folds import FEW_VIDEOS, groups_of
from core.clip_dataset_builder import ClipDataset
from core.dataset.upkeep import up_to_date
from core.errors import ModelFault, Sentence
from core.funny_moment_classifier import FunnyMomentClassifier
from core.labels.event import LabelEvent
from core.labels.goal import LEAST_OF_A_KIND, Goal
from core.people.person import Person
from core.people.series_file import series_digest
from core.series import FEATURES, Sampling
from core.training.card import series_card
from core.training.cue_columns import ClipCues, chosen_cues, together_of
from core.training.judging import (
    CURVE_FOLDS,
    SIZES,
    LabelledClips,
    Predictions,
    Split,
    beside,
    cross_validated,
    held_out,
    learning_curve,
    report,
    splits,
)
from core.training.model_store import ModelStore
from core.workspace.library import Library

OnProgress = Callable[[float, float], None]
OnCurve = Callable[[int, int, float, float | None], None]


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    `model` is ``auto`` or a name of `FunnyMomentClassifier`. `judge` adds a nested cross-validation and a learning
    curve, which take some ten times as long as the training; without it the clips held out for the choice are judged.
    `augment` lets networks see clips with another start and length around the same labels. `n_rows` and `sampling` say
    how the clips are expected to be taken; None is as they are in the dataset.
    `cues` are further columns: ``none``, ``auto`` for those that all clips have, or names with commas between; with
    any, a second model is trained without them and judged beside.
    """

    model: str = "auto"
    judge: bool = False
    n_folds: int = 5
    n_repeats: int = 2
    n_seeds: int = 3
    n_epochs: int = 40
    augment: bool = True
    device: str = "auto"
    seed: int = 0
    n_rows: int | None = None
    sampling: Sampling | None = None
    cues: str = "none"


class _Steps:
    """Counts what is done, of about so many steps, and tells."""

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self.total, self.completed, self.on_progress = total, 0, on_progress

    def __call__(self, word: str) -> None:
        self.on_progress(min(self.completed, self.total - 1), self.total)
        self.completed += 1


def train(
    library: Library,
    person: Person,
    settings: TrainingSettings = TrainingSettings(),
    *,
    name: str | None = None,
    on_progress: OnProgress = lambda completed, total: None,
    on_curve: OnCurve | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Train a model on all labels of a person, judge it, and save it with a card that says everything about it.

    Parameters
    ----------
    name
        Of the new model; the time if None.
    on_progress
        Called with (completed, total) steps; may raise to stop, then nothing is written.
    on_curve
        Called after every epoch of a network with (seed number, epoch, loss, validation loss or None); may raise too.

    Returns
    -------
    The model's folder, and its card.

    Raises
    ------
    ModelFault
        If there are too few labels, the name is taken, or the model is unknown; says what to do.
    """
    began = time.monotonic()
    folder = ModelStore(library.workspace).new_folder(name)
    dataset = up_to_date(library).clips.of(person.id)
    _check_options(dataset, settings)
    check_enough(dataset, person)
    usable = np.flatnonzero(dataset.usable)
    cues = ClipCues(library, chosen_cues(library, dataset.groups[usable], settings.cues), dataset.groups[usable])
    clips = labelled(dataset, usable, cues)
    parted = splits(clips, settings.n_folds, settings.n_repeats, settings.seed) if settings.judge else []
    steps = _Steps(_n_steps(settings, len(clips), len(parted)) * (2 if cues.names else 1), on_progress)
    redrawn = _redrawn(library, dataset, usable) if settings.augment else None
    trained = _Trained(clips, settings, parted, steps, cues.added(redrawn) if redrawn and cues.names else redrawn)
    fitted = trained.fitted(on_curve)
    fit_seconds = time.monotonic() - began
    plain = replace(clips, X=clips.X[:, :, : len(FEATURES)], columns=FEATURES)
    judgement = trained.judgement(fitted, replace(trained, clips=plain, augment=redrawn) if cues.names else None)
    for mistake in judgement["mistakes"]:
        mistake |= _place(dataset.events[int(usable[mistake.pop("index")])])
    excluded = excluded_of(dataset)
    card = {
        **_provenance(library, person, dataset, usable),
        **_counts(clips, cues),
        "excluded": excluded,
        "n_left_out": len(excluded),
        "settings": asdict(settings),
        "judgement": judgement,
        "curves": [[{"loss": a, "validation": b} for a, b in curve] for curve in fitted.curves_],
        "seconds": {"fit": fit_seconds, "all": time.monotonic() - began},
    }
    on_progress(steps.total, steps.total)
    fitted.save(folder, _finite(card))
    # As it is read again, but with reasons as sentences: in the file they are templates with values.
    return folder, {**FunnyMomentClassifier.load(folder)[1], "excluded": excluded}


def _counts(clips: LabelledClips, cues: ClipCues) -> dict[str, Any]:
    return {
        "n_clips": len(clips),
        "n_funny": int(clips.y.sum()),
        "labelled_share": float(clips.y.mean()),
        "origins": dict(Counter(clips.origin.tolist())),
        "cues": list(cues.names),
        "steady_laughter": True,
        "features": [*FEATURES, *cues.column_names],
    }


@dataclass(frozen=True, eq=False)
class _Trained:
    """Clips that are learned from, and how."""

    clips: LabelledClips
    settings: TrainingSettings
    parted: Sequence[Split]
    steps: _Steps
    augment: Augment | None

    def fitted(self, on_curve: OnCurve | None = None) -> FunnyMomentClassifier:
        """A model of the wanted kind, trained on all clips."""
        kept = {key: getattr(self.settings, key) for key in ("model", "n_folds", "n_seeds", "n_epochs", "device")}
        kept |= {"together": together_of(self.clips.columns), "random_state": self.settings.seed}
        few_videos = len(np.unique(self.clips.video)) < FEW_VIDEOS
        classifier = FunnyMomentClassifier(**kept, centre=False, few_videos=few_videos)
        clips, groups = self.clips, groups_of(self.clips.video, self.clips.start)
        how: dict[str, Any] = {"augment": self.augment, "on_curve": on_curve, "on_step": self.steps}
        return classifier.fit(clips.X, clips.y, groups, timestamps=clips.timestamps, **how)

    def predictions(self, fitted: FunnyMomentClassifier) -> tuple[Predictions, Sequence[Split]]:
        """What a model says of clips that it did not learn from, thoroughly where the settings ask for it."""
        if not self.settings.judge:
            return held_out(fitted)
        parted = self.parted
        return cross_validated(self.clips, parted, fitted, augment=self.augment, on_step=self.steps), parted

    def judgement(self, fitted: FunnyMomentClassifier, without_cues: _Trained | None) -> dict[str, Any]:
        """How good a model is, for its card, and how the same training does without cues on the same clips."""
        predictions, judged_by = self.predictions(fitted)
        judgement = report(self.clips, predictions, judged_by, nested=self.settings.judge)
        if self.settings.judge:
            simple = ENSEMBLE if fitted.model_ in NETWORK_NAMES else fitted.model_
            curve = learning_curve(
                self.clips, simple, together=fitted.together, seed=self.settings.seed, on_step=self.steps
            )
            judgement["learning_curve"] = curve
        if without_cues is not None:
            others, _ = without_cues.predictions(without_cues.fitted())
            judged = predictions.judged(self.clips), others.judged(without_cues.clips)
            judgement["without_cues"] = beside(*judged)
        return judgement


def _check_options(dataset: ClipDataset, settings: TrainingSettings) -> None:
    """That the clips are taken as the settings ask. Raises ModelFault."""
    asked = dataset.options.changed(settings.n_rows, settings.sampling)
    if asked != dataset.options:
        raise ModelFault(
            "the clips of dataset.h5 have {there}, asked for are {asked}; run `punchline dataset build --rows {rows} "
            "--sampling {sampling}` first",
            there=dataset.options,
            asked=asked,
            rows=asked.n_rows,
            sampling=asked.sampling,
        )


def check_enough(dataset: ClipDataset, person: Person) -> None:
    """That there are enough clips of both kinds to train on. Raises ModelFault that says what to do."""
    y = dataset.labels[dataset.usable]
    n_funny, n_other = int((y == 1).sum()), int((y == 0).sum())
    if Goal(n_funny, n_other).reached:
        return
    kinds = (("{n} more funny", n_funny), ("{n} more not funny", n_other))
    lacking = [Sentence(template, n=LEAST_OF_A_KIND - n) for template, n in kinds if n < LEAST_OF_A_KIND]
    reasons = Counter(row["reason"] for row in excluded_of(dataset))
    why: str = ""
    if n_out := reasons.total():
        usual = reasons.most_common(1)[0][0]
        why = Sentence("; {n_out} labels are left out, mostly because {reason}", n_out=n_out, reason=usual)
    raise ModelFault(
        "too few labels of {person} to train on: {n_funny} funny and {n_other} not funny, expected "
        "at least {fewest} of each; label {lacking}{why}",
        person=person.name,
        n_funny=n_funny,
        n_other=n_other,
        fewest=LEAST_OF_A_KIND,
        lacking=lacking[0] if len(lacking) == 1 else Sentence("{a} and {b}", a=lacking[0], b=lacking[1]),
        why=why,
    )


def excluded_of(dataset: ClipDataset) -> list[dict[str, Any]]:
    """Labels that are not learned from, each with its place and the reason."""
    unseen = Sentence(
        "the face is not seen in {max_failed_ratio:.0%} of the clip or more", max_failed_ratio=dataset.max_failed_ratio
    )
    gone = "its video is not analysed any more: extract it again"
    unusable = np.flatnonzero(~dataset.usable).tolist()
    not_seen = [(dataset.events[k], gone if dataset.stale[k] else unseen) for k in unusable]
    return [{**_place(event), "reason": reason} for event, reason in [*dataset.left_out, *not_seen]]


def _place(event: LabelEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in ("clip_id", "video_id", "start", "end", "label")}


def labelled(dataset: ClipDataset, rows: Any, cues: ClipCues | None = None) -> LabelledClips:
    """Some clips of a dataset, as they are learned from and judged, with the columns of their cues if given."""
    events = [dataset.events[k] for k in rows]
    X = dataset.inputs[rows]
    return LabelledClips(
        X=X if cues is None else np.concatenate([X, cues.of(dataset.timestamps[rows])], axis=2),
        timestamps=dataset.timestamps[rows],
        y=dataset.labels[rows].astype(np.int64),
        video=dataset.groups[rows],
        start=np.array([event.start for event in events]),
        end=np.array([event.end for event in events]),
        origin=np.array([event.origin for event in events], dtype=str),
        columns=FEATURES if cues is None else (*FEATURES, *cues.column_names),
    )


def _redrawn(library: Library, dataset: ClipDataset, rows: Any) -> Redrawn:
    clips = []
    for k in rows:
        event = dataset.events[k]
        person_series = library.series(event.video_id, event.person_id)
        if person_series is None:
            raise ModelFault("{video}: its series is gone since the clips were read; train again", video=event.video_id)
        sampling = dataset.options.sampling_of(person_series.series)
        clips.append(Drawable(event.segment, person_series.series, sampling, dataset.baseline[k]))
    return Redrawn(clips, n_rows=dataset.options.n_rows)


def _provenance(library: Library, person: Person, dataset: ClipDataset, usable: Any) -> dict[str, Any]:
    ids = dict.fromkeys(dataset.events[k].video_id for k in usable)
    series = {id: found for id in ids if (found := library.series(id, person.id)) is not None}
    parts = [dict(found.parameters) for found in series.values()]
    return {
        "person_id": person.id,
        "person": person.name,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "series": {id: series_digest(found.parameters) for id, found in series.items()},
        **series_card(parts, dataset.options),
        "models": parts[0].get("models", {}) if parts else {},
    }


def _n_steps(settings: TrainingSettings, n_clips: int, n_splits: int) -> int:
    """About how many steps the training takes: one is a fit of one model."""
    auto = settings.model == "auto"
    n_models = 1 + len(SIMPLE_NAMES) + (n_clips >= FEW_LABELS) if auto else len(members_of(settings.model))
    fit = n_models * settings.n_folds + 1
    several = len(members_of(ENSEMBLE)) if settings.model in (*NETWORK_NAMES, ENSEMBLE) else 1
    curve = len(SIZES) * CURVE_FOLDS * (several * CURVE_FOLDS + 1)
    return fit * (1 + n_splits) + (curve if n_splits else 0)


def _finite(content: Any) -> Any:
    """For JSON: None where a number has no meaning."""
    if isinstance(content, dict):
        return {str(k): _finite(v) for k, v in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(v) for v in content]
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and not isfinite(content) else content
