"""What an editor makes of a moment: its in and out points, a name and a note, as events beside the labels.

A trim never changes what the model found: its bounds stand beside those of the moment, and the latest holds. Trims
are events in the ledger's file, so they survive what labels survive, and undo is an event too.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeVar

from core.errors import UndoRefused
from core.labels.ledger import Ledger
from core.segment import Segment

S = TypeVar("S", bound=Segment)
LONGEST_TEXT = 500  # characters of a name or a note


@dataclass(frozen=True)
class Trim:
    """The bounds that an editor gave a moment, in seconds, with a name and a note.

    `moment_id` is the clip id of the moment's best window. Without bounds (both None) the moment is as it was found,
    which is what undoing its first trim records.
    """

    moment_id: str
    video_id: str
    person_id: str
    start: float | None
    end: float | None
    name: str = ""
    note: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    undoes: str = ""

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError(f"a trim from {self.start!r} to {self.end!r}, expected two bounds or none")
        if self.start is not None and self.end is not None:
            Segment(self.start, self.end)  # checks them
        if max(len(self.name), len(self.note)) > LONGEST_TEXT:
            raise ValueError(f"a name or note of more than {LONGEST_TEXT} characters")


_COLUMNS = tuple(f.name for f in fields(Trim))
_row = attrgetter(*_COLUMNS)
_LIST = ", ".join(f'"{name}"' for name in _COLUMNS)
_INSERT = f"INSERT INTO trims ({_LIST}) VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT (id) DO NOTHING"


def record_trims(ledger: Ledger, trims: Iterable[Trim]) -> None:
    """Append trims, all or none; one that is recorded already is passed over. Raises StorageFault."""
    rows = [_row(trim) for trim in trims]
    with ledger.changing() as connection:
        connection.executemany(_INSERT, rows)


def trims_of(ledger: Ledger, *, video_id: str, person_id: str) -> dict[str, Trim]:
    """The trims that hold, by moment id. Raises StorageFault."""
    query = (
        f"SELECT {_LIST} FROM trims WHERE seq IN (SELECT max(seq) FROM trims GROUP BY moment_id) "
        "AND video_id = ? AND person_id = ? AND start IS NOT NULL"
    )
    with ledger.connection() as connection:
        return {
            trim.moment_id: trim for row in connection.execute(query, (video_id, person_id)) for trim in [Trim(*row)]
        }


def is_trim(ledger: Ledger, id: str) -> bool:
    """Whether an event is a trim."""
    with ledger.connection() as connection:
        return connection.execute("SELECT 1 FROM trims WHERE id = ?", (id,)).fetchone() is not None


def undo_trim(ledger: Ledger, id: str) -> None:
    """Take a trim back, once: what held for its moment before is recorded again.

    Raises
    ------
    UndoRefused
        If there is no such trim, or its moment was trimmed again since.
    """
    with ledger.changing() as connection:
        history = _history(connection, id)
        if any(trim.undoes == id for trim in history):
            return
        if not history or history[-1].id != id:
            raise UndoRefused(
                "trim {id} cannot be undone: its moment was changed after it; undo the later change first", id=id
            )
        before = history[-2] if len(history) > 1 else replace(history[-1], start=None, end=None, name="", note="")
        fresh = Trim("", "", "", None, None)
        connection.execute(_INSERT, _row(replace(before, id=fresh.id, at=fresh.at, undoes=id)))


def _history(connection: sqlite3.Connection, id: str) -> list[Trim]:
    """All trims of the moment that a trim is about, the oldest first."""
    query = f"SELECT {_LIST} FROM trims WHERE moment_id = (SELECT moment_id FROM trims WHERE id = ?) ORDER BY seq"
    return [Trim(*row) for row in connection.execute(query, (id,))]


def trimmed(moments: Sequence[S], ids: Sequence[str], trims: dict[str, Trim]) -> list[S]:
    """Moments with the bounds that an editor gave them; `ids` are one a moment."""
    out = []
    for moment, id in zip(moments, ids, strict=True):
        trim = trims.get(id)
        bounds = {} if trim is None else {"start": trim.start, "end": trim.end}
        out.append(replace(moment, **bounds))  # type: ignore[arg-type]
    return out
