"""Labels in and out as CSV files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import uuid4

from core.errors import PunchlineError, Sentence, StorageFault
from core.faces.feature_file import read_features_info
from core.labels.csv import Fault, LabelRow, read_labels, write_labels
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.rules import check_clip
from core.people.person import Person
from core.video.probe import probe
from core.workspace.workspace import Workspace

T = TypeVar("T")
Place = tuple[str, str, str, str]  # video, person, start and end to a millisecond


@dataclass(frozen=True)
class LabelsImported:
    """The labels that were recorded, and the lines that could not be."""

    events: tuple[LabelEvent, ...]
    faults: tuple[Fault, ...]


def import_labels(
    workspace: Workspace, content: bytes, *, person: Person | None = None, strict: bool = False
) -> LabelsImported:
    """Record the labels of a CSV file; bad lines are left out and told.

    Parameters
    ----------
    content
        As `core.labels.csv.read_labels` takes it.
    person
        Whose labels they are where a line does not say; the only person there is if None.
    strict
        All or nothing: with one bad line nothing is recorded.

    Raises
    ------
    PunchlineError
        If it is no CSV, or the ledger cannot be written.
    """
    rows, faults = read_labels(content)
    ledger = Ledger(workspace.labels_path)
    events, more = _Matching(workspace, ledger, person).events_of(rows)
    faults = sorted([*faults, *more], key=lambda fault: fault.line)
    if strict and faults:
        events = []
    ledger.record(events)
    return LabelsImported(tuple(events), tuple(faults))


@dataclass(frozen=True)
class LabelsExported:
    """A CSV file and how many labels it holds."""

    content: bytes
    n: int


def export_labels(workspace: Workspace, *, person: Person | None = None) -> LabelsExported:
    """All labels, or one person's, as a CSV file that `import_labels` takes back without a loss.

    It begins with a byte order mark, by which spreadsheets know it as UTF-8.
    """
    names = {someone.id: someone.name for someone in workspace.people()}
    videos = {video.id: str(video.path or video.id) for video in workspace.videos()}
    events = Ledger(workspace.labels_path).labels(person_id=person.id if person else None)
    text = write_labels(
        (
            videos.get(event.video_id, event.video_id),
            event.start,
            event.end,
            int(event.label == 1),
            names.get(event.person_id, event.person_id),
            event.note,
            event.origin,
            event.clip_id,
            event.labeller,
            event.at,
        )
        for event in events
    )
    return LabelsExported(text.encode("utf-8-sig"), len(events))


def attach_labels(workspace: Workspace, person_id: str, person: Person) -> int:
    """Give a person the labels that hang on another person's id, such as one whose file was lost; how many.

    Every clip is recorded anew for the person and removed from the other id, in one step.

    Raises
    ------
    PunchlineError
        If no label hangs on that id.
    """
    ledger = Ledger(workspace.labels_path)
    old = ledger.labels(person_id=person_id)
    if not old or person_id == person.id:
        raise PunchlineError("{id}: no label hangs on this id; `punchline labels stats` shows them", id=person_id)
    new = [replace(event, person_id=person.id, clip_id="", id=uuid4().hex, undoes="") for event in old]
    gone = [replace(event, kind="remove", label=None, id=uuid4().hex, undoes="") for event in old]
    ledger.record([*new, *gone])
    return len(old)


class _Matching:
    """Which video, person and clip the lines of a file mean; each name is looked up once."""

    def __init__(self, workspace: Workspace, ledger: Ledger, person: Person | None) -> None:
        self.workspace, self.person = workspace, person
        self.video_of = _once(workspace.find_video)
        self.person_of = _once(self._person)
        self.duration_of = _once(self._duration)
        self.known = {_place(e.video_id, e.person_id, e.start, e.end): e.clip_id for e in ledger.labels()}
        self.places = {clip_id: place for place, clip_id in self.known.items()}
        self.taken: set[str] = set()

    def events_of(self, rows: list[LabelRow]) -> tuple[list[LabelEvent], list[Fault]]:
        """Label events, and the faults of lines that fit no video, person or length."""
        events, faults = [], []
        for row in rows:
            try:
                events.append(self._event(row))
            except PunchlineError as error:
                faults.append(Fault(row.line, Sentence.of(error)))
        return events, faults

    def _event(self, row: LabelRow) -> LabelEvent:
        video, person = self.video_of(row.video), self.person_of(row.person)
        reason = check_clip(row.start, row.end, video_duration=self.duration_of(video.id))
        if reason:
            raise PunchlineError(reason)
        event = LabelEvent(
            video.id,
            person.id,
            row.start,
            row.end,
            row.label,
            origin=row.origin or "imported",
            clip_id=self._clip_id(row, _place(video.id, person.id, row.start, row.end)),
            labeller=row.labeller,
            note=row.note,
        )
        return replace(event, at=row.labelled_at) if row.labelled_at else event

    def _clip_id(self, row: LabelRow, place: Place) -> str:
        """The clip at this place, else the one that the line names.

        A copied line keeps the id of the clip it was copied from: an id moves within its video, once a file.
        """
        moved = self.places.get(row.clip_id, place)[:2] == place[:2] and row.clip_id not in self.taken
        clip_id = self.known.get(place) or (row.clip_id if moved else "")
        self.taken.add(clip_id)
        return clip_id

    def _person(self, name: str) -> Person:
        if name:
            return self.workspace.find_person(name)
        return self.workspace.only_person() if self.person is None else self.person

    def _duration(self, video_id: str) -> float | None:
        """Seconds, None where unknown: as the feature file says, else the video."""
        with suppress(StorageFault):
            return read_features_info(self.workspace.features_path(video_id)).duration
        path = self.workspace.video(video_id).path
        return None if path is None else probe(path).duration


def _place(video_id: str, person_id: str, start: float, end: float) -> Place:
    return video_id, person_id, f"{start:.3f}", f"{end:.3f}"


def _once(look: Callable[[str], T]) -> Callable[[str], T]:
    """Look each text up once; what was raised for it is raised again."""
    kept: dict[str, T | PunchlineError] = {}

    def ask(text: str) -> T:
        if text not in kept:
            try:
                kept[text] = look(text)
            except PunchlineError as error:
                kept[text] = error
        value = kept[text]
        if isinstance(value, PunchlineError):
            raise value
        return value

    return ask
