"""What the keys of a player mean for the ledger: labels, skips, marks and undo, each recorded once or refused aloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

from core.errors import PunchlineError, Sentence, UndoRefused
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.queue import marked_clip
from core.labels.rules import check_clip
from core.labels.trims import Trim, is_trim, record_trims, undo_trim


@dataclass(frozen=True)
class Press:
    """One thing the user did in the player. `id` is the browser's; the same press may come more than once.

    `kind` is ``label`` (label 0 or 1), ``skip``, ``mark`` (label 1, no clip: `time` is the player's at the key),
    ``trim`` (new bounds, `name` and `note` of the moment `clip_id`), ``drop`` (none of these any more: a labelled clip
    that was added is no moment then) or ``undo``, which carries all that the press `undoes` carried except its
    label. `start`, `end`, `time` are seconds of the video with three decimals, `at` is ISO 8601 in UTC, `duration` the
    video's length as the browser knows it.
    """

    id: str
    kind: str
    clip_id: str
    video_id: str
    person_id: str
    start: float
    end: float
    label: int | None
    origin: str
    time: float
    at: str
    undoes: str | None = None
    duration: float | None = None
    name: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("label", "skip", "mark", "trim", "drop", "undo") or not isinstance(self.id, str):
            raise ValueError(f"press of kind {self.kind!r} with id {self.id!r}")
        if (self.label in (0, 1)) != (self.kind in ("label", "mark")):
            raise ValueError(f"kind {self.kind} with label {self.label!r}")
        if self.duration is not None and not (isfinite(self.duration) and self.duration > 0):
            raise ValueError(f"a video of {self.duration!r} s")
        if self.kind != "mark" and not 0 <= self.start < self.end:
            raise ValueError(f"clip from {self.start!r} to {self.end!r} s")


@dataclass(frozen=True)
class Receipt:
    """What became of presses: the ids that are safe now, and of each that was refused its id with the reason."""

    saved: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


_NAMES = {f.name for f in fields(Press)}


def receive(outbox: Mapping[str, Any], save: Callable[[list[Press]], Receipt]) -> dict[str, Any]:
    """Hand a browser's outbox to `save`; give its answer: which events are safe, and why others are not.

    The answer's `ids` are safe, `refused` maps an id to the reason why it will never be taken (the browser keeps that
    event and shows it), and `fault` says why nothing could be saved now, so that the rest is sent again.
    """
    presses: list[Press] = []
    refused: dict[str, str] = {}
    for raw in outbox["events"]:
        try:
            presses.append(Press(**{name: value for name, value in raw.items() if name in _NAMES}))
        except (TypeError, ValueError) as error:
            refused[str(raw.get("id"))] = Sentence("the browser sent what is no label ({cause})", cause=error)
    receipt, fault = Receipt(), ""
    try:
        if presses:
            receipt = save(presses)
    except PunchlineError as error:
        fault = Sentence.of(error)
    return {"n": outbox["n"], "ids": receipt.saved, "refused": {**refused, **receipt.refused}, "fault": fault}


def take(
    ledger: Ledger, presses: Iterable[Press], *, duration_of: Callable[[str], float | None], labeller: str = ""
) -> Receipt:
    """Record what the user did, in order. A press that is recorded already counts as saved.

    Parameters
    ----------
    duration_of
        Seconds of a video by id, None where unknown: then the length that the browser learnt counts.

    Raises
    ------
    StorageFault
        If the ledger cannot be written; what came before the fault in this call is recorded.
    """
    receipt = Receipt()
    held: list[LabelEvent] = []

    def write() -> None:
        if held:
            ledger.record(held)
            receipt.saved.extend(event.id for event in held)
            held.clear()

    for press in presses:
        if press.kind == "undo":
            write()
            _undo(ledger, press, labeller)
            receipt.saved.append(press.id)
            continue
        try:
            if press.kind in ("trim", "drop"):
                record_trims(ledger, [_trim(press)])
                receipt.saved.append(press.id)
                continue
            duration = duration_of(press.video_id)
            held.append(_event(press, press.duration if duration is None else duration, labeller))
        except (ValueError, PunchlineError) as error:
            receipt.refused[press.id] = Sentence.of(error)
    write()
    return receipt


def _event(press: Press, duration: float | None, labeller: str) -> LabelEvent:
    """What a press records. Raises PunchlineError, ValueError for one that makes no clip."""
    start, end, clip_id, origin = press.start, press.end, press.clip_id, press.origin
    if press.kind == "mark":
        clip = marked_clip(press.time, duration)
        start, end, clip_id, origin = clip.start, clip.end, "", "marked"
    if press.kind != "skip" and (reason := check_clip(start, end, video_duration=duration)):
        raise PunchlineError(reason)
    return LabelEvent(
        video_id=press.video_id,
        person_id=press.person_id,
        start=start,
        end=end,
        label=None if press.kind == "skip" else press.label,
        origin=origin,
        kind="skip" if press.kind == "skip" else "label",
        clip_id=clip_id,
        labeller=labeller,
        id=press.id,
        at=press.at,
    )


def _trim(press: Press) -> Trim:
    who = {"moment_id": press.clip_id, "video_id": press.video_id, "person_id": press.person_id}
    if press.kind == "drop":
        return Trim(**who, start=None, end=None, id=press.id, at=press.at)
    return Trim(**who, start=press.start, end=press.end, name=press.name, note=press.note, id=press.id, at=press.at)


def _undo(ledger: Ledger, press: Press, labeller: str) -> None:
    """Take back what `press.undoes` names, once; where the clip was changed elsewhere since, that change stays."""
    if press.undoes and is_trim(ledger, press.undoes):
        with suppress(UndoRefused):
            undo_trim(ledger, press.undoes)
        return
    if not press.undoes or any(event.undoes == press.undoes for event in ledger.history(press.clip_id)):
        return
    with suppress(UndoRefused):
        ledger.undo(press.undoes, labeller=labeller)
