"""The clip dataset and the models that learn from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.actions.cues import hear_anew
from core.actions.videos import OnProgress, no_progress
from core.dataset.dataset_file import read_info
from core.dataset.upkeep import Finding, Refreshed, names_of, up_to_date, verify
from core.labels.rules import ClipOptions
from core.people.person import Person
from core.series import Sampling
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings
from core.training.train import train as train_model
from core.workspace.library import Library
from core.workspace.workspace import Workspace


def build_dataset(
    workspace: Workspace, *, n_rows: int | None = None, sampling: Sampling | None = None, rebuild: bool = False
) -> Refreshed:
    """Bring dataset.h5 up to the labels and series of now.

    Parameters
    ----------
    n_rows, sampling
        How the rows of clips are taken from here on; None leaves that as it is.
    rebuild
        Compute every clip anew.

    Raises
    ------
    Busy, StorageFault, PunchlineError
        As `core.dataset.upkeep.up_to_date`, and if rows cannot be taken so.
    """
    options = None
    if n_rows is not None or sampling is not None:
        path = workspace.dataset_path
        options = (read_info(path).options if path.exists() else ClipOptions()).changed(n_rows, sampling)
    return up_to_date(Library(workspace), options=options, rebuild=rebuild)


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
    """Train a model on a person's labels, as `core.training.train.train`; gives its folder and card.

    Laughter that was heard in another way than today is heard anew first.
    """
    library = Library(workspace)
    labelled = {label.video_id for label in library.ledger.labels(person_id=person.id)}
    hear_anew(workspace, [video for video in workspace.videos() if video.id in labelled], on_progress=on_progress)
    with ModelStore(workspace).reserved(name) as folder:
        how = {"name": folder.name, "on_progress": on_progress, "on_curve": on_curve}
        return train_model(library, person, settings, **how)  # type: ignore[arg-type]
