"""When a person's labels are worth another training, and beginning one in the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime

from core.actions.background import begin_training
from core.labels.event import LabelEvent
from core.people.person import Person
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace

RETRAIN_AFTER = 20  # new labels


def train_in_background(
    workspace: Workspace,
    person: Person,
    labels: Sequence[LabelEvent],
    settings: TrainingSettings,
    *,
    name: str | None = None,
) -> Job:
    """Queue a training on a person's labels, those that hold now; the model used until now stays in use."""
    ModelStore(workspace).hold(person)
    return begin_training(workspace, person, settings, name=name, n_labels=len(labels))


def n_new_labels(workspace: Workspace, person: Person, labels: Sequence[LabelEvent]) -> int:
    """Labels of a person that came or changed since the latest training, whether it gave a model or not."""
    n_known, since = 0, ""
    models = ModelStore(workspace).of(person)
    if models:
        n_known, since = models[0].n_labels, models[0].created
    job = Jobs(workspace).latest("train", person.id)
    if job is not None:
        submitted = datetime.fromtimestamp(job.submitted, UTC).isoformat(timespec="milliseconds")
        n_known, since = max(n_known, int(job.settings.get("n_labels", 0))), max(since, submitted)
    if not since:
        return len(labels)
    return max(len(labels) - n_known, sum(event.at > since for event in labels))


def due(workspace: Workspace, person: Person, labels: Sequence[LabelEvent]) -> bool:
    """Whether another training should begin by itself: it is wanted, there is a model, and enough labels are new."""
    store = ModelStore(workspace)
    if not store.retrains(person) or not store.of(person):
        return False
    job = Jobs(workspace).latest("train", person.id)
    return not (job is not None and job.live) and n_new_labels(workspace, person, labels) >= RETRAIN_AFTER


def train_if_due(workspace: Workspace, person: Person, labels: Sequence[LabelEvent]) -> Job | None:
    """Begin another training where it is `due`, with the settings of the model used; it will be offered, not used."""
    if not due(workspace, person, labels):
        return None
    used = ModelStore(workspace).used(person)
    settings = used.card.get("settings") if used is not None else None
    known = {field.name for field in fields(TrainingSettings)}
    kept = {name: value for name, value in settings.items() if name in known} if isinstance(settings, dict) else {}
    return train_in_background(workspace, person, labels, TrainingSettings(**kept))
