"""The workspace folder: which videos and people there are, where their files lie, and who may write."""

from __future__ import annotations

import os
import secrets
import shutil
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import Busy, Sentence, StorageFault, WorkspaceFault
from core.faces import feature_file as feature_store
from core.faces.embedders import Embedder
from core.people import person_file as person_store
from core.people.person import Person, Reference, Thresholds, clean_name
from core.people.photos import read_by
from core.storage import files as storage
from core.video.probe import fingerprint
from core.video.streams import Tracks
from core.workspace.growth import is_growing, mark_of
from core.workspace.handover import hand_over_work
from core.workspace.paths import Paths, state_of
from core.workspace.registry import Known, Video, composed, grown_in, known_videos, read_registry


class Workspace(Paths):
    """A folder that holds everything Punchline makes; videos stay where they are.

    Raises
    ------
    WorkspaceFault
        If the folder cannot be made. One that cannot be written can be read.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(Path(root).absolute())
        try:
            for folder in (self.features_folder, self.people_folder, self.lock_path("").parent):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            unreadable = isinstance(error, (FileExistsError, NotADirectoryError))
            if unreadable or not self.features_folder.is_dir():  # else it can be read at least
                raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> WorkspaceFault:
        return WorkspaceFault(
            "{root}: cannot be used as workspace ({cause}); choose another with --workspace DIR or "
            "PUNCHLINE_WORKSPACE, or make it writable",
            root=self.root,
            cause=error.strerror or error,
        )

    @contextmanager
    def lock(self, name: str, *, timeout: float = 10.0) -> Iterator[None]:
        """Hold the right to write `name`, waiting up to `timeout` seconds. Raises Busy."""
        lock = FileLock(self.lock_path(name), timeout=timeout)
        try:
            lock.acquire()
        except Timeout as error:
            raise Busy(
                "{name}: another Punchline process is writing it; wait until it has finished, or stop it", name=name
            ) from error
        except OSError as error:
            raise self._unusable(error) from error
        try:
            yield
        finally:
            lock.release()

    # Videos

    def videos(self) -> list[Video]:
        """All known videos, in the order in which they were first seen."""
        return list(self._known().videos)

    def video(self, id: str) -> Video:
        """A video by id. Raises WorkspaceFault where it is not known."""
        video = self._known().by_id.get(id)
        if video is None:
            raise WorkspaceFault("{id}: no video of this id in this workspace; add the video again", id=id)
        return video

    def register(self, path: Path) -> Video:
        """Note where a video lies, and give it with its id: a renamed, moved or copied file is the same video.

        Raises
        ------
        WorkspaceFault
            If the file cannot be read.
        """
        videos, faults = self.register_all([path])
        if faults:
            raise faults[0]
        return videos[0]

    def register_all(self, paths: Iterable[Path]) -> tuple[list[Video], list[WorkspaceFault]]:
        """`register` many at once: the videos of the files that can be read, and why others cannot."""
        ids: dict[str, str] = {}
        faults = []
        for path in map(Path.absolute, map(Path, paths)):
            try:
                ids[str(path)] = fingerprint(path)
            except OSError as error:
                fault = WorkspaceFault(
                    "{path}: cannot be read ({cause}); check the path", path=path, cause=error.strerror
                )
                fault.__cause__ = error
                faults.append(fault)
        with self.lock("videos"):
            registry = read_registry(self.videos_path)
            newest = {id: entry["paths"][:1] for id, entry in registry.items()}
            grown = grown_in(registry, ids)
            moved = {place: id for place, id in ids.items() if newest.get(id) != [place]}
            if moved:
                for old, new in grown.items():  # first: a process that is killed in between does it again
                    hand_over_work(self, "video_id", old, new)
                    registry.setdefault(new, {**registry.pop(old), "paths": []})
                for entry in registry.values():
                    entry["paths"] = [place for place in entry["paths"] if place not in moved]
                for place, id in moved.items():
                    entry = registry.setdefault(id, {"paths": []})
                    entry["paths"].insert(0, place)
                    entry["mark"] = mark_of(Path(place))
                storage.write_json(self.videos_path, registry)
        return [Video.of(id, registry[id]) for id in ids.values()], faults

    def choose_tracks(self, video: Video, tracks: Tracks) -> Video:
        """Note the tracks of a video that everything is to read, and drop what was made from others."""
        with self.lock("videos"):
            registry = read_registry(self.videos_path)
            registry[video.id]["tracks"] = asdict(tracks)
            storage.write_json(self.videos_path, registry)
        for path in self.made_from_tracks(video.id):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return self.video(video.id)

    def changed_files(self) -> list[Path]:
        """Files that have another length than when they were noted, and at which nobody writes any more."""
        sizes = ((v.path, e.get("mark")) for v, e in zip(self.videos(), read_registry(self.videos_path).values()))
        return [p for p, mark in sizes if p and mark and p.stat().st_size != mark["size"] and not is_growing(p)]

    def unregister(self, ids: Collection[str]) -> None:
        """Forget where videos lie. Their labels and results stay, and are theirs again once they are registered."""
        with self.lock("videos"):
            kept = {id: entry for id, entry in read_registry(self.videos_path).items() if id not in ids}
            storage.write_json(self.videos_path, kept)

    def find_video(self, text: str) -> Video:
        """A video by path, unique file name, or id.

        Raises
        ------
        WorkspaceFault
            If nothing or more than one video fits.
        """
        if os.path.isfile(text):  # unlike Path.is_file it bears names that are too long
            return self.register(Path(text))
        known = self._known()
        for fits in (
            [known.by_id[text]] if text in known.by_id else [],
            known.by_path.get(composed(str(Path(text).absolute())), []),
            known.by_name.get(composed(text), []),
        ):
            if len(fits) == 1:
                return fits[0]
            if fits:
                paths = ", ".join(f"{v.id} ({v.paths[0]})" for v in fits)
                raise WorkspaceFault(
                    "{text}: {n_fits} videos have this name: {paths}; give a path or an id",
                    text=text,
                    n_fits=len(fits),
                    paths=paths,
                )
        names = ", ".join(v.name for v in known.videos[:8]) or Sentence("none yet")
        raise WorkspaceFault(
            "{text}: no such file, and no known video of that name or id; known: {names}", text=text, names=names
        )

    def minutes(self, video_id: str) -> feature_store.Minutes:
        """The finished minutes of an extraction under way."""
        return feature_store.Minutes(self.minutes_folder(video_id))

    def _known(self) -> Known:
        return known_videos(self.videos_path, state_of(self.videos_path))

    # People

    def people(self) -> list[Person]:
        """All people whose files can be read, by name; `unreadable_people` says why others are not here."""
        people = [person for person in self._people_or_faults() if isinstance(person, Person)]
        return sorted(people, key=lambda person: (person.name, person.id))

    def unreadable_people(self) -> list[StorageFault]:
        """What is wrong with people whose files cannot be read: the others go on."""
        return [fault for fault in self._people_or_faults() if isinstance(fault, StorageFault)]

    def _people_or_faults(self) -> Iterator[Person | StorageFault]:
        for path in sorted(self.people_folder.glob("*.h5")):
            try:
                yield person_store.read_person(path)
            except StorageFault as fault:
                yield fault

    def person(self, id: str) -> Person:
        """A person by id. Raises WorkspaceFault where there is none."""
        path = self.person_path(id)
        if not path.exists():
            raise WorkspaceFault("{id}: no person of this id in this workspace; pick the person again", id=id)
        return person_store.read_person(path)

    def find_person(self, text: str) -> Person:
        """A person by name or id.

        Raises
        ------
        WorkspaceFault
            If there is none such.
        """
        wanted = unicodedata.normalize("NFC", text).strip()
        people = self.people()
        for person in people:
            if wanted in (person.name, person.id):
                return person
        names = ", ".join(person.name for person in people) or Sentence("none yet; use `punchline person add`")
        raise WorkspaceFault("{text}: no such person; known: {names}", text=text, names=names)

    def only_person(self) -> Person:
        """The only person there is. Raises WorkspaceFault where there is none, or more than one."""
        people = self.people()
        if faults := self.unreadable_people():
            raise faults[0]  # which one is meant is not known
        if len(people) != 1:
            names = ", ".join(person.name for person in people) or Sentence("none")
            raise WorkspaceFault(
                "expected one person, found {n_people} ({names}); name one with --person",
                n_people=len(people),
                names=names,
            )
        return people[0]

    def add_references(self, name: str, references: tuple[Reference, ...]) -> Person:
        """Add reference faces to the person of this name, who is made if there is none. Raises Busy, StorageFault."""
        name = clean_name(name)
        with self.lock("people"):
            known = next((person for person in self.people() if person.name == name), None)
            person = known or Person(id=secrets.token_hex(6), name=name, references=())
            person = replace(person, references=(*person.references, *references))
            person_store.write_person(self.person_path(person.id), person)
        return person

    def embed_references(self, embedder: Embedder) -> int:
        """Let an embedder read the references that it has not read; how many these were. Raises Busy, StorageFault."""
        n = 0
        with self.lock("people"):
            for person in self.people():
                unread = sum(embedder.digest not in reference.embeddings for reference in person.references)
                if unread:
                    person_store.write_person(self.person_path(person.id), read_by(person, embedder))
                n += unread
        return n

    def rename_person(self, person: Person, name: str) -> Person:
        """Give a person another display name; the id and all that hangs on it stay. Raises WorkspaceFault if taken."""
        name = clean_name(name)
        with self.lock("people"):
            if any(other.name == name and other.id != person.id for other in self.people()):
                raise WorkspaceFault("{name}: there is a person of this name already; choose another", name=name)
            person = replace(self.person(person.id), name=name)
            person_store.write_person(self.person_path(person.id), person)
        return person

    def remove_reference(self, person: Person, index: int) -> Person:
        """Forget one reference face, by its place in the list (0 is the first). Raises WorkspaceFault."""
        with self.lock("people"):
            person = self.person(person.id)
            if not 0 <= index < len(person.references):
                raise WorkspaceFault(
                    "{person}: reference {index} does not exist; there are {n_references}, from 0",
                    person=person.name,
                    index=index,
                    n_references=len(person.references),
                )
            kept = (*person.references[:index], *person.references[index + 1 :])
            person = replace(person, references=kept)
            person_store.write_person(self.person_path(person.id), person)
        return person

    def save_thresholds(self, person: Person, thresholds: Thresholds, *, video_id: str | None = None) -> Person:
        """Keep thresholds for a person, or for one video of that person only."""
        with self.lock("people"):
            person = self.person(person.id)
            if video_id is None:
                person = replace(person, thresholds=thresholds)
            else:
                person = replace(person, overrides={**person.overrides, video_id: thresholds})
            person_store.write_person(self.person_path(person.id), person)
        return person

    def remove_override(self, person: Person, video_id: str) -> Person:
        """Let the person's thresholds hold for a video that had its own."""
        with self.lock("people"):
            person = self.person(person.id)
            kept = {id: own for id, own in person.overrides.items() if id != video_id}
            person = replace(person, overrides=kept)
            person_store.write_person(self.person_path(person.id), person)
        return person
