"""A person's labels are worth another training after twenty new ones, and what is trained takes nobody's place."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from core.actions.retraining import RETRAIN_AFTER, due, n_new_labels, train_if_due, train_in_background
from core.labels.event import LabelEvent
from core.people.person import Person
from core.storage.files import write_json
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace

ADA = Person("p1", "Ada", ())
BEFORE, TRAINED, AFTER = (f"2026-05-{day:02d}T10:00:00.000+00:00" for day in (1, 2, 3))
SETTINGS = {"model": "forest", "judge": False, "seed": 7}


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with a model of 30 labels, whose jobs nobody does."""
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    space = Workspace(tmp_path)
    add_model(space, "first", n_clips=28, n_left_out=2)
    return space


def add_model(space: Workspace, name: str, *, n_clips: int, n_left_out: int = 0, created: str = TRAINED) -> None:
    card = {"person_id": ADA.id, "created": created, "settings": SETTINGS, "n_clips": n_clips, "n_left_out": n_left_out}
    write_json(space.root / "models" / name / "card.json", card)


def labels(n: int, *, at: str = BEFORE, first: int = 0) -> list[LabelEvent]:
    return [LabelEvent("v", ADA.id, 10.0 * k, 10.0 * k + 6, k % 2, "random", at=at) for k in range(first, first + n)]


def test_labels_are_new_that_came_since_the_training(space: Workspace) -> None:
    assert n_new_labels(space, ADA, labels(30)) == 0
    assert n_new_labels(space, ADA, labels(30) + labels(5, at=AFTER, first=30)) == 5
    assert n_new_labels(space, Person("p2", "Bob", ()), labels(7)) == 7


def test_imported_labels_with_an_old_date_are_new_too(space: Workspace) -> None:
    assert n_new_labels(space, ADA, labels(42)) == 12


def test_corrected_labels_are_new_too(space: Workspace) -> None:
    corrected = [replace(event, at=AFTER) for event in labels(3)]
    assert n_new_labels(space, ADA, corrected + labels(27, first=3)) == 3


def test_fewer_labels_than_before_are_not_less_than_none_new(space: Workspace) -> None:
    assert n_new_labels(space, ADA, labels(4)) == 0


def test_a_training_is_due_only_where_it_is_wanted_and_enough_is_new(space: Workspace) -> None:
    enough = labels(30 + RETRAIN_AFTER)
    assert not due(space, ADA, enough)
    ModelStore(space).set_retrains(ADA, True)
    assert due(space, ADA, enough)
    assert not due(space, ADA, enough[:-1])


def test_nothing_is_due_before_a_first_model(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    ModelStore(space).set_retrains(ADA, True)
    assert not due(space, ADA, labels(100))


def test_another_training_has_the_settings_of_the_model_used_and_changes_nothing(space: Workspace) -> None:
    store = ModelStore(space)
    store.set_retrains(ADA, True)
    enough = labels(30 + RETRAIN_AFTER)
    job = train_if_due(space, ADA, enough)
    assert job is not None
    assert (job.kind, job.subject, job.lane) == ("train", ADA.id, "long")
    assert job.settings == {"name": None, "settings": asdict(TrainingSettings(**SETTINGS)), "n_labels": 50}
    assert train_if_due(space, ADA, labels(100)) is None, "one is under way"
    add_model(space, "second", n_clips=50, created=AFTER)
    model = store.used(ADA)
    assert model is not None
    assert model.name == "first"
    offered = store.offered(ADA)
    assert offered is not None
    assert offered.name == "second"


@pytest.mark.parametrize("status", ["failed", "cancelled", "done"])
def test_a_training_that_gave_nothing_is_not_begun_again_at_once(space: Workspace, status: str) -> None:
    ModelStore(space).set_retrains(ADA, True)
    job = train_if_due(space, ADA, labels(50))
    assert job is not None
    Jobs(space).save(replace(job, status=status, ended=time.time()))
    assert train_if_due(space, ADA, labels(60)) is None
    assert train_if_due(space, ADA, labels(50 + RETRAIN_AFTER)) is not None


def test_a_training_begun_by_hand_keeps_the_model_in_use(space: Workspace) -> None:
    job = train_in_background(space, ADA, labels(30), TrainingSettings(), name="mine")
    assert job.settings["name"] == "mine"
    assert ModelStore(space).is_chosen(ADA)
    assert train_in_background(space, ADA, labels(30), TrainingSettings(), name="mine").id == job.id
    assert train_in_background(space, ADA, labels(30), TrainingSettings(model="lstm")).id != job.id, "another wish"
