"""The tables of the ledger: their rows as objects, and what brings an older file to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")

VERSION = 3  # user_version of the database
SCHEMA = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    clip_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('label', 'remove', 'skip')),
    video_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    start REAL NOT NULL,
    "end" REAL NOT NULL,
    label INTEGER CHECK (label IN (0, 1)),
    origin TEXT NOT NULL,
    labeller TEXT NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL,
    undoes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_of_a_clip ON events (clip_id, seq);
"""
_OLD = 'seq, id, clip_id, kind, video_id, person_id, start, "end", label, origin, labeller, note, at'
TRIMS = """
CREATE TABLE trims (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    moment_id TEXT NOT NULL,
    video_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    start REAL,
    "end" REAL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL,
    undoes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX trims_of_a_moment ON trims (moment_id, seq);
"""
# What brings a file of each version to the next one. Version 2 added skips and undo, version 3 trims of moments.
MIGRATIONS = {
    0: SCHEMA,
    1: "DROP INDEX events_of_a_clip; ALTER TABLE events RENAME TO events_1;"
    f"{SCHEMA}; INSERT INTO events ({_OLD}) SELECT {_OLD} FROM events_1 ORDER BY seq; DROP TABLE events_1",
    2: TRIMS,
}


class Table(Generic[Row]):
    """One of the tables, whose rows are dataclasses of a kind."""

    def __init__(self, name: str, kind: type[Row]) -> None:
        self.name, self._kind = name, kind
        columns = [column.name for column in fields(kind)]  # type: ignore[arg-type]
        self._columns, self._cells = ", ".join(f'"{column}"' for column in columns), attrgetter(*columns)
        self._places = "?, " * len(columns) + "?"

    def add(self, connection: sqlite3.Connection, rows: Iterable[Row], *, seq: int | None = None) -> None:
        """Append rows, or put one at its number `seq`; one whose id or number is there is passed over."""
        into = f"INSERT INTO {self.name} (seq, {self._columns}) VALUES ({self._places}) ON CONFLICT DO NOTHING"
        connection.executemany(into, ((seq, *self._cells(row)) for row in rows))

    def rows(self, connection: sqlite3.Connection, where: str, *values: object) -> list[Row]:
        """The rows for which a condition holds, the oldest first."""
        query = f"SELECT {self._columns} FROM {self.name} WHERE {where} ORDER BY seq"
        return [self._row(cells) for cells in connection.execute(query, values)]

    def count(self, connection: sqlite3.Connection) -> int:
        """How many rows there are."""
        return int(connection.execute(f"SELECT count(*) FROM {self.name}").fetchone()[0])

    def _row(self, cells: tuple[Any, ...]) -> Row:
        try:
            return self._kind(*cells)
        except (TypeError, ValueError) as error:  # what no row can hold was not written by this program
            raise sqlite3.DatabaseError(str(error)) from error
