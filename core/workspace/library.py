"""What a workspace knows of one person across its videos: series, labels, clips and models."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clip_dataset_builder import usual
from core.cues.ranking import Rows, cue_values
from core.cues.steady import steady
from core.errors import PunchlineError, WorkspaceFault
from core.faces.feature_file import Features, read_cues, read_features
from core.labels.contradictions import overruled
from core.labels.event import LabelEvent
from core.labels.goal import Goal
from core.labels.ledger import Ledger
from core.multimodal_processor import current_features, current_series
from core.people.normalisation import find_person
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.series import TimeSeries
from core.workspace.paths import NO_FILE, State, state_of
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

Boxes = tuple[NDArray[np.floating], NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class VideoCues:
    """Cues (n_frames, k) by name and the waveform (n_frames, parts, 2) of a video, on its frames' times."""

    timestamps: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    cues: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    waveform: NDArray[np.int8] | None = None

    @cached_property
    def values(self) -> dict[str, Rows]:
        """How much each cue speaks for a place, (n_frames,)."""
        return cue_values(self.cues)

    @cached_property
    def steady_laughter(self) -> NDArray[np.float32]:
        """How probably there is laughter, (n_frames,), as a filter over time tells it."""
        return steady(self.cues["laughter"][:, 0], self.timestamps)

    def nearest(self, timestamps: NDArray[np.floating]) -> NDArray[np.intp]:
        """The frame nearest to each timestamp; there must be frames."""
        after = np.clip(np.searchsorted(self.timestamps, timestamps), 1, max(1, len(self.timestamps) - 1))
        closer = timestamps - self.timestamps[after - 1] <= self.timestamps[after] - timestamps
        return np.where(closer, after - 1, after)


@dataclass(frozen=True)
class Labels:
    """What holds for a person: labels in order of recording, and which do not count since a later one contradicts.

    `overruled` maps the clip id of one that does not count to the clip id of the later one.
    """

    events: tuple[LabelEvent, ...]
    overruled: Mapping[str, str]

    @cached_property
    def counting(self) -> list[LabelEvent]:
        """The labels that count, in order of recording."""
        return [event for event in self.events if event.clip_id not in self.overruled]

    @property
    def goal(self) -> Goal:
        """How far they are."""
        n_funny = sum(event.label == 1 for event in self.counting)
        return Goal(n_funny, len(self.counting) - n_funny)


class Library:
    """Reads and joins what lies in a workspace, and keeps what it has read until the files change.

    One may be shared by many threads.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.ledger = Ledger(workspace.labels_path)
        self._locks: dict[tuple[Hashable, ...], RLock] = {}
        self._kept_features = lru_cache(maxsize=8)(self._read_features)
        self._kept_cues = lru_cache(maxsize=8)(self._read_cues)
        self._kept_scan = lru_cache(maxsize=4)(self._read_scan)
        self._kept_person = lru_cache(maxsize=16)(self._read_person)
        self._kept_labels = lru_cache(maxsize=4)(self._read_labels)
        self._kept_series = lru_cache(maxsize=256)(self._make_series)

    def _once(self, *what: Hashable) -> RLock:
        """Held while something is read: threads that want the same read it once, others do not wait."""
        return self._locks.setdefault(what, RLock())

    # Of a video

    def features(self, video_id: str) -> Features | None:
        """A video's faces and sound as far as they are extracted; None where nothing is. Raises StorageFault."""
        state = self._extracted(video_id)
        if state is None:
            return None
        with self._once("features", video_id):
            return self._kept_features(video_id, state)

    def cues(self, video_id: str) -> VideoCues:
        """What is known of a video beside its features, as far as it is extracted. Raises StorageFault."""
        path = self.workspace.features_path(video_id)
        with self._once("cues", video_id):
            return self._kept_cues(path, state_of(path)) if path.exists() else VideoCues()

    def _read_cues(self, path: Path, state: State) -> VideoCues:
        return VideoCues(*read_cues(path))

    def scan(self, video_id: str) -> Features | None:
        """The faces of a quick scan; None where there was none. Raises StorageFault."""
        path = self.workspace.scan_path(video_id)
        if not path.exists():
            return None
        with self._once("scan", video_id):
            return self._kept_scan(path, state_of(path))

    def _extracted(self, video_id: str) -> State | None:
        """Changes with what is extracted of a video; None where nothing is."""
        path = self.workspace.features_path(video_id)
        if path.exists():
            return state_of(path)
        n_minutes = sum(1 for _minute in self.workspace.minutes_folder(video_id).glob("minute_*.h5"))
        return (0, n_minutes) if n_minutes else None

    def _read_features(self, video_id: str, state: State) -> Features | None:
        return current_features(self.workspace.features_path(video_id))

    def _read_scan(self, path: Path, state: State) -> Features:
        return read_features(path)

    # Of a person

    def labels(self, person_id: str) -> Labels:
        """A person's labels that hold now, and which of them do not count. Raises StorageFault."""
        with self._once("labels", person_id):
            return self._kept_labels(person_id, self.ledger.last_seq())

    def _read_labels(self, person_id: str, last_seq: int) -> Labels:
        events = self.ledger.labels(person_id=person_id)
        return Labels(tuple(events), overruled(self.ledger, events))

    def series(self, video_id: str, person_id: str) -> PersonSeries | None:
        """A person's series in a video, as far as it is extracted; None without either.

        Raises
        ------
        PunchlineError
            If the person has no reference for the video's embedder, or a file cannot be read.
        """
        state = self.state_of_series(video_id, person_id)
        if state is None:
            return None
        with self._once("series", video_id, person_id):
            return self._kept_series(video_id, person_id, state)

    def state_of_series(self, video_id: str, person_id: str) -> tuple[State, State] | None:
        """Changes whenever the series may; None where there is none."""
        video, person = self._extracted(video_id), state_of(self.workspace.person_path(person_id))
        return None if video is None or person == NO_FILE else (video, person)

    def _make_series(self, video_id: str, person_id: str, state: tuple[State, State]) -> PersonSeries | None:
        person = self._kept_person(person_id, state[1])
        return current_series(
            self.workspace.features_path(video_id), self.workspace.series_path(video_id, person_id), person
        )

    def boxes(self, video_id: str, person_id: str) -> Boxes:
        """Where the person's face was seen: times (n,) and boxes (n, 4), shares of the upright picture.

        Raises
        ------
        PunchlineError
            If the person has no reference for the video's embedder, or a file cannot be read.
        """
        features, state = self.features(video_id), self.state_of_series(video_id, person_id)
        if features is None or state is None:
            return np.empty(0), np.empty((0, 4), np.float32)
        person = self._kept_person(person_id, state[1])
        face = find_person(features, person).face
        seen = face >= 0
        size = np.array([features.info.width, features.info.height] * 2, np.float32)
        return features.faces.timestamps[seen], features.faces.box_xyxy[face[seen]] / size

    def _read_person(self, person_id: str, state: State) -> Person:
        return self.workspace.person(person_id)

    def make_series(self, video_id: str) -> int:
        """Make the series of every person in a video that is extracted; gives how many there are."""
        n_series = 0
        for person in self.workspace.people():
            with suppress(PunchlineError):  # of a person whom the video's embedder has never read
                n_series += self.series(video_id, person.id) is not None
        return n_series

    def series_of(self, video: Video, person: Person) -> PersonSeries:
        """A person's series in an analysed video. Raises WorkspaceFault where it is not analysed."""
        series = self.series(video.id, person.id)
        if series is None:
            raise WorkspaceFault("{video}: not analysed yet; run `punchline extract {video}` first", video=video.name)
        return series

    def usual_for(self, video: Video, person: Person) -> Any:
        """What is usual for a person in a video (12,), pooled over all videos where it is seen too shortly in this."""
        return usual(self.series_of(video, person).series, self.others_of(video.id, person.id))

    def others_of(self, video_id: str, person_id: str) -> Iterator[TimeSeries]:
        """The person's series in all other videos; one that cannot be read, or was by another embedder, is left out."""
        for video in self.workspace.videos():
            if video.id != video_id:
                with suppress(PunchlineError):
                    series = self.series(video.id, person_id)
                    if series is not None:
                        yield series.series
