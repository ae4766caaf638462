"""The clip dataset and the models that learn from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.actions.videos import OnProgress, no_progress
from core.dataset.upkeep import Finding, Refreshed, names_of, refresh, verify
from core.people.person import Person
from core.training.train import TrainingSettings
from core.training.train import train as train_model
from core.workspace.library import Library
from core.workspace.workspace import Workspace

WAIT = 60.0  # seconds for another process that builds the dataset


def build_dataset(workspace: Workspace, *, rebuild: bool = False) -> Refreshed:
    """Bring dataset.h5 up to the labels; `rebuild` computes every clip anew.

    Raises
    ------
    Busy
        If another process still builds it after a minute.
    StorageFault
    """
    library, names = Library(workspace), names_of(workspace)
    with workspace.lock("dataset", timeout=WAIT):
        return refresh(
            workspace.dataset_path,
            library.ledger,
            library.series,
            others_of=library.others_of,
            names=names,
            rebuild=rebuild,
        )


def verify_dataset(workspace: Workspace) -> list[Finding]:
    """What is stale, missing, contradicting or orphaned in dataset.h5. Raises AnotherFormat."""
    library = Library(workspace)
    return verify(
        workspace.dataset_path,
        library.ledger,
        library.series,
        others_of=library.others_of,
        names=names_of(workspace),
    )


def train(
    workspace: Workspace,
    person: Person,
    settings: TrainingSettings = TrainingSettings(),
    *,
    name: str | None = None,
    on_progress: OnProgress = no_progress,
    on_curve: Callable[[int, int, float, float | None], None] | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Train a model on a person's labels, as `core.training.train.train`; gives its folder and card."""
    return train_model(Library(workspace), person, settings, name=name, on_progress=on_progress, on_curve=on_curve)
