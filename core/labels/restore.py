"""Bringing labels and trims back from a backup."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from core.labels.ledger import EVENTS, Ledger
from core.labels.ledger_backups import n_known, put_back
from core.labels.schema import Table
from core.labels.trims import TRIMS


def restore(path: Path) -> tuple[int, Path | None]:
    """Put the fullest intact backup of a ledger in its place, with what can still be read of the one that was there.

    Returns
    -------
    How many events the ledger holds then, and where the damaged one is kept; None where there was none.

    Raises
    ------
    StorageFault
        If there is no intact backup, or it cannot be put there.
    """
    n = n_known(path)
    aside = put_back(path)
    with Ledger(path, check=True).changing() as connection:
        tables: tuple[Table[Any], ...] = (EVENTS, TRIMS)
        for table in tables:
            for seq, rows in _readable(aside, table, n) if aside is not None and aside.is_file() else ():
                table.add(connection, rows, seq=seq)
        return EVENTS.count(connection), aside


def _readable(path: Path, table: Table[Any], n: int) -> Iterator[tuple[int, list[Any]]]:
    """What can be read of a damaged ledger of about `n` events: row by row, with its number."""
    with closing(sqlite3.connect(path)) as connection:
        for seq in range(1, 2 * n + 1000):  # numbers are left out where an event was sent twice
            with suppress(sqlite3.Error, UnicodeDecodeError):
                yield seq, table.rows(connection, "seq = ?", seq)
