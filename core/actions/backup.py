"""A whole workspace in one file, and back: what cannot be made again, as it is while others write."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.errors import StorageFault
from core.storage.files import program_version, replace, writing
from core.storage.temporary import temporary_beside
from core.workspace.paths import Paths
from core.workspace.workspace import Workspace

FORMAT, VERSION = "punchline-backup", 1
MANIFEST = "backup.json"
KEPT = ("settings.json", "videos.json", "laugh_patterns.txt", "people", "models", "detections", "chats")
CACHES = ("features", "scans", "series", "proxies", "thumbnails")  # made again from the videos


@dataclass(frozen=True)
class BackedUp:
    """A backup as it was written: its files without the manifest, and its bytes."""

    n_files: int
    n_labels: int
    size: int


@dataclass(frozen=True)
class Restored:
    """What came back, and the folder in which the workspace that was there now lies; None where there was none."""

    n_files: int
    aside: Path | None


def back_up(workspace: Workspace, target: Path, *, features: bool = False) -> BackedUp:
    """Write what cannot be made again into one ZIP file: labels, people, models, settings, moments, counts of chats.

    Each file is whole as it was at one moment, also while the app runs: files of a workspace are replaced in one step,
    and the ledger is copied by SQLite.

    Parameters
    ----------
    features
        Also the feature files, so that nothing needs to be extracted again.

    Raises
    ------
    StorageFault
        If the ledger cannot be read or the file not be written.
    """
    roots = [*KEPT, *(["features"] if features else [])]
    with writing(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = {"format": FORMAT, "format_version": VERSION, "program_version": program_version()}
        archive.writestr(
            MANIFEST, json.dumps({**manifest, "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
        )
        n_labels = _add_ledger(archive, workspace.labels_path)
        for path in _files(workspace.root, roots):
            with path.open("rb") as file:  # a file that is replaced meanwhile stays whole for who has it open
                archive.writestr(path.relative_to(workspace.root).as_posix(), file.read())
        n_files = len(archive.namelist()) - 1
    return BackedUp(n_files, n_labels, target.stat().st_size)


def restore(archive_path: Path, root: Path) -> Restored:
    """Lay a backup out as the workspace `root`.

    What lies there is moved into a folder beside it first; feature files and other copies that can be made again come
    back from it where the backup has none.

    Raises
    ------
    StorageFault
        If it is no backup, is damaged or of a newer version, or the folder cannot be written: the workspace is then as
        it was.
    """
    root = root.absolute()
    partial = temporary_beside(root)
    try:
        names = _unpack(archive_path, partial)
        aside = _moved_aside(root)
        replace(partial, root)
        if aside is not None:
            _bring_caches(aside, root)
    except OSError as error:
        raise StorageFault("{path}: could not be written ({cause})", path=root, cause=error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Restored(len(names), aside)


def _bring_caches(aside: Path, root: Path) -> None:
    for name in CACHES:
        if (aside / name).exists() and not (root / name).exists():
            replace(aside / name, root / name)


def _add_ledger(archive: zipfile.ZipFile, ledger: Path) -> int:
    if not ledger.exists():
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ledger.name
        try:
            with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
                (n_labels,) = target.execute("SELECT COUNT(DISTINCT clip_id) FROM events").fetchone()
        except sqlite3.Error as error:
            raise StorageFault(
                "{path}: the label ledger cannot be read ({cause}); run `punchline labels restore` first",
                path=ledger,
                cause=error,
            ) from error
        archive.write(copy, ledger.name)
    return int(n_labels)


def _files(root: Path, names: list[str]) -> Iterator[Path]:
    for name in names:
        path = root / name
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in inside if file.is_file() and not file.name.startswith("."))


def _unpack(archive_path: Path, folder: Path) -> list[str]:
    """The files of a backup in a new folder, each checked; gives their names."""
    try:
        with zipfile.ZipFile(archive_path) as archive:
            manifest = json.loads(archive.read(MANIFEST)) if MANIFEST in archive.namelist() else {}
            if manifest.get("format") != FORMAT or manifest.get("format_version") != VERSION:
                raise StorageFault(
                    "{path}: expected a backup of format {format} {version}, but it is {got_format} {got_version}; "
                    "if it is newer, use a newer Punchline",
                    path=archive_path,
                    format=FORMAT,
                    version=VERSION,
                    got_format=manifest.get("format"),
                    got_version=manifest.get("format_version"),
                )
            names = [name for name in archive.namelist() if name != MANIFEST and _is_ours(name)]
            archive.extractall(folder, names)  # raises where a checksum is wrong
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, FileNotFoundError, IsADirectoryError) as error:
        raise StorageFault("{path}: no readable backup ({cause})", path=archive_path, cause=error) from error
    return names


def _is_ours(name: str) -> bool:
    """Whether a name in an archive is one that `back_up` gives: nothing else is laid into a workspace."""
    first, *rest = PurePosixPath(name).parts
    return first in (*KEPT, "features", Paths(Path()).labels_path.name) and ".." not in rest


def _moved_aside(root: Path) -> Path | None:
    if not root.exists():
        return None
    if not any(file.is_file() for file in root.rglob("*") if "locks" not in file.parts):
        for path in sorted(root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        root.rmdir()
        return None
    aside = root.with_name(f"{root.name}.before-restore-{time.strftime('%Y%m%d-%H%M%S')}")
    replace(root, aside)
    return aside
