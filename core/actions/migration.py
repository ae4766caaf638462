"""Bringing a workspace of an older version to the formats of today, after a backup of it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.actions.backup import back_up
from core.actions.references import read_references
from core.actions.repair import inspected
from core.errors import StorageFault
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS, embedder_entry
from core.faces.feature_file import holds_person_series, read_features_info, remove_person_series
from core.labels.ledger import Ledger
from core.labels.ledger_backups import read_only
from core.labels.schema import VERSION
from core.workspace.workspace import Workspace

Step = tuple[str, Callable[[], object]]  # what it changes, and doing it


@dataclass(frozen=True)
class Migrated:
    """What was changed, the backup that was made before (None where nothing was), and what only its user can do."""

    changes: tuple[str, ...]
    backup: Path | None
    left: tuple[str, ...]


def migrate(space: Workspace) -> Migrated:
    """Bring every file to the format of today.

    The backup lies beside the workspace and holds what cannot be made again. Feature files only lose the series that
    older versions kept in them, which are made anew.

    Raises
    ------
    StorageFault, Busy
        If the backup or a file cannot be written; what was changed before stays, and calling it again goes on.
    """
    steps = list(_steps(space))
    backup = None
    if steps:
        backup = space.root.with_name(f"{space.root.name}.before-migration-{time.strftime('%Y%m%d-%H%M%S')}.zip")
        back_up(space, backup)
    for _, change in steps:
        change()
    return Migrated(tuple(name for name, _ in steps), backup, tuple(_left(space)))


def _steps(space: Workspace) -> Iterator[Step]:
    path = space.labels_path
    if path.exists() and (found := _ledger_version(path)) < VERSION:
        yield f"{path.name}: from version {found} to {VERSION}", partial(Ledger, path)
    for features in sorted(space.features_folder.glob("*.h5")):
        if _readable(features) and holds_person_series(features):
            yield (
                f"{features.name}: series taken out, they are files of their own",
                partial(_without_series, space, features),
            )
    digest = embedder_entry(DEFAULT_EMBEDDER).digest
    if names := [person.name for person in space.people() if person.lacks(digest)]:
        yield f"{', '.join(names)}: reference faces read by {DEFAULT_EMBEDDER}", partial(read_references, space)


def _readable(path: Path) -> bool:
    try:
        read_features_info(path)
    except StorageFault:
        return False
    return True


def _ledger_version(path: Path) -> int:
    try:
        with closing(read_only(path)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return VERSION  # a damaged one is not migrated, but named


def _without_series(space: Workspace, path: Path) -> None:
    with space.lock(f"features-{path.stem}"):
        remove_person_series(path)


def _left(space: Workspace) -> Iterator[str]:
    """Files that cannot be read, and those whose faces no embedder of today has read."""
    for inspection in inspected(space):
        yield from (fault.finding for fault in inspection.faults)
    digests = {entry.digest for entry in EMBEDDERS.values()}
    names = {video.id: video.name for video in space.videos()}
    for path in sorted(space.features_folder.glob("*.h5")):
        if _readable(path) and (read_by := read_features_info(path).models["embedder"])["digest"] not in digests:
            yield f"{names.get(path.stem, path.name)}: faces were read by {read_by['name']}; run `punchline extract`"
