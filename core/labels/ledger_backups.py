"""Backups of the ledger, made by SQLite while others write, and what they say of a ledger that lost events."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

from core.errors import StorageFault
from core.storage.files import replace, write_bytes, writing

EVERY = 200  # events between two backups
OLDEST = 3600.0  # seconds after which the first use of a ledger makes one
KEPT = 5


class LedgerDamaged(StorageFault):
    """A ledger holds less than it did, or cannot be read; a backup may have what is missing."""


def backups_of(path: Path) -> list[Path]:
    """The backups of a ledger, the fullest first."""
    return sorted(_folder(path).glob("????????.sqlite"), reverse=True)


def n_of(backup: Path) -> int:
    """How many events a backup holds."""
    return int(backup.stem)


def n_known(path: Path) -> int:
    """How many events a ledger had when it was last written."""
    counted = [n_of(backup) for backup in backups_of(path)[:1]]
    with suppress(OSError, ValueError):
        counted.append(int(_counter(path).read_text(encoding="ascii")))
    return max(counted, default=0)


def keep_up(path: Path, connection: sqlite3.Connection, n: int, *, first: bool = False) -> None:
    """Note how many events there are, and make a backup where it is due; `first` is the first use by a process.

    What cannot be written is left out: the ledger itself is on the disk.
    """
    newest = next(iter(backups_of(path)), None)
    age = time.time() - newest.stat().st_mtime if newest is not None else float("inf")
    n_there = n_of(newest) if newest is not None else 0
    with suppress(StorageFault, OSError):
        if n > n_there and (n >= n_there + EVERY or (first and age > OLDEST)):
            with writing(_folder(path) / f"{n:08d}.sqlite") as partial, closing(sqlite3.connect(partial)) as target:
                connection.backup(target)
            for old in backups_of(path)[KEPT:]:
                old.unlink(missing_ok=True)
        if n > n_known(path):
            write_bytes(_counter(path), str(n).encode())


def lost(path: Path, n: int) -> LedgerDamaged:
    """What is said of a ledger that holds fewer events than it did."""
    return LedgerDamaged(
        "{path}: the label ledger holds {n} events, but it held {n_known}; restore them with `punchline labels "
        "restore`. If less is meant, delete the folder {folder}",
        path=path,
        n=n,
        n_known=n_known(path),
        folder=_folder(path),
    )


def put_back(path: Path) -> Path | None:
    """Put the fullest intact backup in a ledger's place; gives where the ledger that was there is kept, if one was.

    Raises
    ------
    StorageFault
        If there is no intact backup, or it cannot be put there.
    """
    backup = next((backup for backup in backups_of(path) if _is_intact(backup)), None)
    if backup is None:
        raise StorageFault(
            "{path}: there is no intact backup of the label ledger in {folder}", path=path, folder=_folder(path)
        )
    aside = (
        path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}") if path.exists() else None
    )
    try:
        for ending in ("-wal", "-shm", ""):
            part = path.with_name(path.name + ending)
            if part.exists() and aside is not None:
                replace(part, aside.with_name(aside.name + ending))
        for damaged in backups_of(path):
            if damaged > backup:
                replace(damaged, damaged.with_suffix(".damaged"))
        write_bytes(path, backup.read_bytes())
        _counter(path).unlink(missing_ok=True)
    except OSError as error:
        raise StorageFault("{path}: could not be written ({cause})", path=path, cause=error) from error
    return aside


def read_only(path: Path) -> sqlite3.Connection:
    """A ledger on a disk to which nothing can be written; its write-ahead log is read from a copy."""
    log = path.with_name(f"{path.name}-wal")
    if not (log.is_file() and log.stat().st_size):
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for part in (path, log):
                shutil.copy(part, folder)
            with closing(sqlite3.connect(Path(folder) / path.name)) as copy:
                copy.backup(connection)
    except OSError as error:
        raise StorageFault(
            "{path}: the latest labels lie in a file that cannot be copied ({cause}); free some space and try again",
            path=path,
            cause=error,
        ) from error
    connection.execute("PRAGMA query_only = ON")
    return connection


def _is_intact(backup: Path) -> bool:
    try:
        with closing(read_only(backup)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def _folder(path: Path) -> Path:
    return path.with_name(f"{path.stem}-backups")


def _counter(path: Path) -> Path:
    return _folder(path) / "events"


def is_damage(error: Exception) -> bool:
    """Whether what is in the file is wrong, and not the disk, a lock or a permission."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    undecodable = isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
    return undecodable or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
