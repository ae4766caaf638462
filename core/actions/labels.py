"""Labels in and out as CSV files."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from core.dataset.dataset_file import read_people
from core.errors import PunchlineError, Sentence, StorageFault, WorkspaceFault
from core.faces.feature_file import read_features_info
from core.labels.contradictions import as_set
from core.labels.csv import Fault, LabelRow, read_labels, write_labels
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.rules import check_clip
from core.people.person import Person
from core.playback.facts import about
from core.video.probe import probe
from core.workspace.handover import hand_over_work
from core.workspace.registry import Video
from core.workspace.settings import read_settings
from core.workspace.workspace import Workspace

T = TypeVar("T")
Place = tuple[str, str, str, str]  # video, person, start and end to a millisecond


@dataclass(frozen=True)
class LabelsImported:
    """The labels that were recorded, and the lines that could not be.

    `unknown` are the videos of lines that fit none here, with one fault each; `warnings` are sentences for the user.
    """

    events: tuple[LabelEvent, ...]
    faults: tuple[Fault, ...]
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def import_labels(
    workspace: Workspace,
    content: bytes,
    *,
    person: Person | None = None,
    videos: Mapping[str, Video] = {},
    strict: bool = False,
) -> LabelsImported:
    """Record the labels of a CSV file; bad lines are left out and told.

    Parameters
    ----------
    content
        As `core.labels.csv.read_labels` takes it.
    person
        Whose labels they are where a line does not say; the only person there is if None.
    videos
        Which video is meant by a name of the file that fits none here; "" stands for any such name.
    strict
        All or nothing: with one bad line nothing is recorded.

    Raises
    ------
    PunchlineError
        If it is no CSV, or the ledger cannot be written.
    """
    rows, faults = read_labels(content)
    ledger = Ledger(workspace.labels_path)
    matching = _Matching(workspace, ledger, person, videos)
    events, more = matching.events_of(rows)
    faults = sorted([*faults, *more], key=lambda fault: fault.line)
    if strict and faults:
        events = []
    ledger.record(events)
    about(workspace, list({event.video_id: workspace.video(event.video_id) for event in events}.values()))
    return LabelsImported(tuple(events), tuple(faults), tuple(matching.unknown), tuple(_twice(events)))


def _twice(events: Sequence[LabelEvent]) -> Iterator[str]:
    """Clips that a file labels both funny and not funny; the last line holds."""
    places: dict[Place, set[int | None]] = {}
    for event in events:
        places.setdefault(_place(event.video_id, event.person_id, event.start, event.end), set()).add(event.label)
    for (_video, _person, start, end), labels in places.items():
        if len(labels) > 1:
            yield Sentence(
                "the clip {start}-{end} s is labelled both 1 and 0; the last line holds", start=start, end=end
            )


@dataclass(frozen=True)
class LabelsExported:
    """A CSV file and how many labels it holds."""

    content: bytes
    n: int


def export_labels(workspace: Workspace, *, person: Person | None = None) -> LabelsExported:
    """All labels, or one person's, as a CSV file that `import_labels` takes back without a loss.

    Those that do not count are in it too; each is dated when its value was set, so that the same ones count elsewhere.
    It begins with a byte order mark, by which spreadsheets know it as UTF-8.
    """
    names = {someone.id: someone.name for someone in workspace.people()}
    folders = read_settings(workspace).folders
    videos = {video.id: (_relative(video, folders), video.id, video.name) for video in workspace.videos()}
    ledger = Ledger(workspace.labels_path)
    events = as_set(ledger, ledger.labels(person_id=person.id if person else None))
    text = write_labels(
        (
            videos.get(event.video_id, (event.video_id,))[0],
            event.start,
            event.end,
            int(event.label == 1),
            names.get(event.person_id, event.person_id),
            event.note,
            event.origin,
            event.clip_id,
            event.labeller,
            event.at,
            *videos.get(event.video_id, ("", event.video_id, ""))[1:],
        )
        for event in events
    )
    return LabelsExported(text.encode("utf-8-sig"), len(events))


def _relative(video: Video, folders: Sequence[str]) -> str:
    """Where a video lies in the library folder that holds it, else its name: the same on another machine."""
    path = video.path or (video.paths[0] if video.paths else Path(video.id))
    folder = next((folder for folder in folders if path.is_relative_to(folder)), path.parent)
    return path.relative_to(folder).as_posix()


@dataclass(frozen=True)
class LostPerson:
    """A person who has labels but no file that can be read; `name` is as dataset.h5 knew it, else empty."""

    person_id: str
    name: str
    n: int


def labels_of_nobody(workspace: Workspace) -> list[LostPerson]:
    """Whose labels hang on ids of people who are not here. Raises StorageFault."""
    here = {person.id for person in workspace.people()}
    n_labels: Counter[str] = Counter()
    for (person_id, _video, _label), n in Ledger(workspace.labels_path).counts().items():
        n_labels[person_id] += n
    names: dict[str, str] = {}
    with suppress(StorageFault):
        names = read_people(workspace.dataset_path)
    return [LostPerson(id, names.get(id, ""), n) for id, n in n_labels.items() if id not in here]


def attach_labels(workspace: Workspace, who: str, person: Person) -> int:
    """Give a person the labels of another one, by id or name, such as one whose file was lost; how many.

    Every clip is recorded anew for the person and removed from the other id, in one step; trims and moments follow.

    Raises
    ------
    PunchlineError
        If nobody else of that id or name has labels.
    """
    ledger = Ledger(workspace.labels_path)
    lost = [someone.person_id for someone in labels_of_nobody(workspace) if who == someone.name]
    person_id = lost[0] if len(lost) == 1 else who
    if person_id == person.id or not ledger.labels(person_id=person_id):
        raise PunchlineError("{id}: no label hangs on this id or name; `punchline labels stats` shows them", id=who)
    return hand_over_work(workspace, "person_id", person_id, person.id)


class _Unknown(Exception):
    """A line names a video that is not here."""


def _parts(path: str) -> list[str]:
    """The parts of a path of any system, without what is said of a drive."""
    composed = unicodedata.normalize("NFC", path).replace("\\", "/")
    return [part for part in composed.split("/") if part and not part.endswith(":")]


class _Matching:
    """Which video, person and clip the lines of a file mean; each name is looked up once."""

    def __init__(
        self, workspace: Workspace, ledger: Ledger, person: Person | None, videos: Mapping[str, Video]
    ) -> None:
        self.workspace, self.person, self.videos = workspace, person, videos
        self.here = {video.id: video for video in workspace.videos()}
        self.unknown: dict[str, list[int]] = {}  # lines by the video that they name
        self.find_video = _once(workspace.find_video)
        self.person_of = _once(self._person)
        self.duration_of = _once(self._duration)
        self.known = {_place(e.video_id, e.person_id, e.start, e.end): e.clip_id for e in ledger.labels()}
        self.places = {clip_id: place for place, clip_id in self.known.items()}
        self.taken: set[str] = set()

    def events_of(self, rows: list[LabelRow]) -> tuple[list[LabelEvent], list[Fault]]:
        """Label events, and the faults of lines that fit no video, person or length."""
        events, faults = [], []
        for row in rows:
            name = row.video or row.video_name or row.video_id
            try:
                events.append(self._event(row, self._video(row, name)))
            except _Unknown:
                self.unknown.setdefault(name, []).append(row.line)
            except PunchlineError as error:
                faults.append(Fault(row.line, Sentence.of(error)))
        for name, lines in self.unknown.items():
            text = Sentence(
                "{video}: no such video here ({n} lines); say which one it is by --video {video}=VIDEO",
                video=name,
                n=len(lines),
            )
            faults.append(Fault(lines[0], text))
        return events, faults

    def _video(self, row: LabelRow, name: str) -> Video:
        """The video of a line: by id, by path, by the end of a path, or by name. Raises _Unknown, WorkspaceFault."""
        if chosen := self.videos.get(name):
            return chosen
        if row.video_id in self.here:
            return self.here[row.video_id]
        with suppress(WorkspaceFault):
            return self.find_video(name)
        parts = _parts(name)
        for ending in (parts, parts[-1:], _parts(row.video_name)):
            fits = [v for v in self.here.values() if any(_parts(str(p))[-len(ending) :] == ending for p in v.paths)]
            if ending and len(fits) == 1:
                return fits[0]
            if ending and fits:
                return self.find_video(name)  # says that several fit
        if chosen := self.videos.get(""):
            return chosen
        raise _Unknown(name)

    def _event(self, row: LabelRow, video: Video) -> LabelEvent:
        person = self.person_of(row.person)
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
