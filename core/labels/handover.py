"""Labels, skips and trims of one video or person, given to another."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from core.labels.contradictions import as_set
from core.labels.event import now
from core.labels.ledger import EVENTS, Ledger
from core.labels.trims import TRIMS

Whose = Literal["video_id", "person_id"]


def hand_over(ledger: Ledger, whose: Whose, old: str, new: str, moment_ids: Mapping[str, str]) -> int:
    """Record all that hangs on an id anew for another and remove it from the old one, in one step; how many labels.

    Parameters
    ----------
    moment_ids
        What moments of the old id, of which a judgement or a trim may speak, are called under the new one. Clips that
        are none of them are named after their place; trims of other moments stay.

    Raises
    ------
    StorageFault
        As `Ledger.record`.
    """
    theirs: dict[str, Any] = {whose: new}
    labels = as_set(ledger, ledger.labels(**{whose: old}))
    moved, gone = [], []
    for event in [*labels, *ledger.skipped(**{whose: old})]:
        moved.append(replace(event, **theirs, clip_id=moment_ids.get(event.clip_id, ""), id=_new(), undoes=""))
        gone.append(replace(event, kind="remove", label=None, id=_new(), at=now(), undoes=""))
    with ledger.changing() as connection:
        latest = f"seq IN (SELECT max(seq) FROM trims GROUP BY moment_id) AND {whose} = ? AND start IS NOT NULL"
        trims = TRIMS.rows(connection, latest, old)
        kept = [t for t in trims if t.moment_id in moment_ids]
        renamed = [replace(t, **theirs, moment_id=moment_ids[t.moment_id], id=_new(), undoes="") for t in kept]
        emptied = [replace(t, start=None, end=None, name="", note="", id=_new(), at=now(), undoes="") for t in kept]
        EVENTS.add(connection, [*moved, *gone])
        TRIMS.add(connection, [*renamed, *emptied])
    return len(labels)


def _new() -> str:
    return uuid.uuid4().hex
