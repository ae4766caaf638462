"""What the keys of a player mean for the ledger: labels, skips, marks and undo, each recorded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from core.errors import PunchlineError
from core.labels.ledger import LabelEvent, Ledger
from core.labels.queue import marked_clip
from core.labels.rules import check_clip


class Press(Protocol):
    """One thing the user did in the player; `id` is the browser's and stays the same when it is sent again.

    `kind` is label, skip, mark or undo. A mark has no clip: `time` is the player's in seconds when the key was pressed.
    """

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def clip_id(self) -> str: ...
    @property
    def video_id(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def label(self) -> int | None: ...
    @property
    def origin(self) -> str: ...
    @property
    def time(self) -> float: ...
    @property
    def at(self) -> str: ...
    @property
    def undoes(self) -> str | None: ...


def take(
    ledger: Ledger, presses: Iterable[Press], *, duration_of: Callable[[str], float], labeller: str = ""
) -> list[str]:
    """Record what the user did, in order, and give the ids that are safe now.

    A press that is recorded already is passed over. One that cannot be recorded, such as a clip of another length
    than 5 to 7 s, is passed over too and counts as safe: sending it again would not help.

    Parameters
    ----------
    duration_of
        Seconds of a video by id, 0 where unknown.

    Raises
    ------
    StorageFault
        If the ledger cannot be written; what came before the fault in this call is recorded.
    """
    safe: list[str] = []
    held: list[LabelEvent] = []

    def write() -> None:
        if held:
            ledger.record(held)
            safe.extend(event.id for event in held)
            held.clear()

    for press in presses:
        if press.kind == "undo":
            write()
            _undo(ledger, press, labeller)
            safe.append(press.id)
            continue
        event = _event(press, duration_of(press.video_id), labeller)
        if event is None:
            safe.append(press.id)
        else:
            held.append(event)
    write()
    return safe


def _event(press: Press, duration: float, labeller: str) -> LabelEvent | None:
    """What a press records; None for one that makes no clip."""
    start, end, clip_id, origin = press.start, press.end, press.clip_id, press.origin
    try:
        if press.kind == "mark":
            clip = marked_clip(press.time, duration or None)
            start, end, clip_id, origin = clip.start, clip.end, "", "marked"
        if press.kind != "skip" and check_clip(start, end, video_duration=duration or None):
            return None
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
    except (ValueError, PunchlineError):
        return None


def _undo(ledger: Ledger, press: Press, labeller: str) -> None:
    """Take back what `press.undoes` names, once; where the clip was changed elsewhere since, that change stays."""
    if not press.undoes or any(event.undoes == press.undoes for event in ledger.history(press.clip_id)):
        return
    try:
        ledger.undo(press.undoes, labeller=labeller)
    except PunchlineError as error:
        if "cannot be undone" not in str(error):
            raise
