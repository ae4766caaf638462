"""What an editor makes of a moment: its in and out points, a name and a note, as events beside the labels.

A trim never changes what the model found: its bounds stand beside those of the moment, and the latest holds. A clip
that is labelled funny and was not found is made a moment by a trim of its place. Trims are events in the ledger's file,
so they survive what labels survive, and undo is an event too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core.errors import UndoRefused
from core.labels.event import now
from core.labels.ledger import Ledger
from core.labels.schema import Table
from core.segment import Segment

S = TypeVar("S", bound=Segment)
LONGEST_TEXT = 500  # characters of a name or a note


@dataclass(frozen=True)
class Trim:
    """The bounds that an editor gave a moment, in seconds, with a name and a note.

    `moment_id` is as `core.labels.event.moment_id_of` gives it. Without bounds (both None) the moment is as it was
    found, which is what undoing its first trim records, and dropping a labelled clip that was added.
    """

    moment_id: str
    video_id: str
    person_id: str
    start: float | None
    end: float | None
    name: str = ""
    note: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: str = field(default_factory=now)
    undoes: str = ""

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError(f"a trim from {self.start!r} to {self.end!r}, expected two bounds or none")
        if self.start is not None and self.end is not None:
            Segment(self.start, self.end)  # checks them
        if max(len(self.name), len(self.note)) > LONGEST_TEXT:
            raise ValueError(f"a name or note of more than {LONGEST_TEXT} characters")


TRIMS = Table("trims", Trim)


def record_trims(ledger: Ledger, trims: Iterable[Trim]) -> None:
    """Append trims, all or none; one that is recorded already is passed over. Raises StorageFault."""
    with ledger.changing() as connection:
        TRIMS.add(connection, trims)


def trims_of(ledger: Ledger, *, video_id: str, person_id: str) -> dict[str, Trim]:
    """The trims that hold, by moment id. Raises StorageFault."""
    latest = "seq IN (SELECT max(seq) FROM trims GROUP BY moment_id)"
    where = f"{latest} AND video_id = ? AND person_id = ? AND start IS NOT NULL"
    with ledger.connection() as connection:
        return {trim.moment_id: trim for trim in TRIMS.rows(connection, where, video_id, person_id)}


def is_trim(ledger: Ledger, id: str) -> bool:
    """Whether an event is a trim."""
    with ledger.connection() as connection:
        return bool(TRIMS.rows(connection, "id = ?", id))


def undo_trim(ledger: Ledger, id: str) -> None:
    """Take a trim back, once: what held for its moment before is recorded again.

    Raises
    ------
    UndoRefused
        If there is no such trim, or its moment was trimmed again since.
    """
    with ledger.changing() as connection:
        history = TRIMS.rows(connection, "moment_id = (SELECT moment_id FROM trims WHERE id = ?)", id)
        if any(trim.undoes == id for trim in history):
            return
        held = _held(history)
        if not held or held[-1].id != id:
            raise UndoRefused(
                "trim {id} cannot be undone: its moment was changed after it; undo the later change first", id=id
            )
        before = held[-2] if len(held) > 1 else replace(held[-1], start=None, end=None, name="", note="")
        TRIMS.add(connection, [replace(before, id=uuid.uuid4().hex, at=now(), undoes=id)])


def _held(history: Sequence[Trim]) -> list[Trim]:
    """The trims of a moment, in order, without those that were taken back."""
    taken_back = {trim.undoes for trim in history}
    return [trim for trim in history if not trim.undoes and trim.id not in taken_back]


def trimmed(moments: Sequence[S], ids: Sequence[str], trims: dict[str, Trim]) -> list[S]:
    """Moments with the bounds that an editor gave them; `ids` are one a moment."""
    out = []
    for moment, id in zip(moments, ids, strict=True):
        trim = trims.get(id)
        bounds = {} if trim is None else {"start": trim.start, "end": trim.end}
        out.append(replace(moment, **bounds))  # type: ignore[arg-type]
    return out
