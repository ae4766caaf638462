"""What is done with a video: reading it, looking for its faces, a person's series, a copy for playback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from core.actions.chat import keep_chat
from core.actions.cues import with_laughter
from core.actions.references import read_references
from core.errors import PunchlineError, StorageFault, VideoUnreadable, WorkspaceFault
from core.faces.detection import USUAL_FACE
from core.faces.feature_file import Features, read_features_info, write_features
from core.faces.smallest_face import smallest_face
from core.faces.smoothing import DWELL
from core.multimodal_processor import current_features, person_series
from core.multimodal_processor import extract as extract_features
from core.people.person import Person, Thresholds
from core.people.scan import scan as scan_faces
from core.people.series_file import PersonSeries, write_series
from core.playback.playable import piece_paths
from core.playback.proxy import MINUTE, Proxy, make_minute, make_proxy
from core.series import Fill
from core.storage.files import write_bytes
from core.video.probe import probe
from core.video.streams import Tracks
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Jobs
from core.workspace.library import Library
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.video_feature_extractor import MinuteReader, Models, Seen

OnProgress = Callable[[float, float], None]
SCAN_FACE = 1 / 24  # smallest face of a scan, as a share of the picture's shorter side
# The first look at a video that was not scanned: pictures at most, and seconds between two at least.
LOOK, LOOK_STEP = 24, 10.0


def no_progress(completed: float, total: float) -> None:
    """Nobody watches."""


def choose_tracks(workspace: Workspace, video: Video, tracks: Tracks) -> Video:
    """Let everything read, show and play these tracks of a video, which is given back with them.

    What was made from others goes: pictures, the copy for playback, a quick scan. A copy under way is stopped.

    Raises
    ------
    VideoUnreadable
        If there is no such track; the choice stays as it was then.
    Busy, StorageFault
    """
    if tracks == video.tracks:
        return video
    probe(video.existing_path(), tracks=tracks)
    jobs = Jobs(workspace)
    for kind in ("proxy", "scan"):
        if (job := jobs.latest(kind, video.id)) is not None and job.live:
            jobs.cancel(job.id)
    return workspace.choose_tracks(video, tracks)


def extract(
    workspace: Workspace,
    video: Video,
    settings: ExtractionSettings = ExtractionSettings(),
    *,
    resume: bool = True,
    reader: MinuteReader | None = None,
    on_progress: OnProgress = no_progress,
    on_seen: Callable[[Seen], None] = lambda seen: None,
) -> Features:
    """Read faces and sound of a video into its feature file, going on after the last finished minute.

    Settings without a smallest face take what suits the faces of its scan, or of a first look. The series of
    all people in it follow. `reader` reads the pictures in this process's place.

    Raises
    ------
    Busy
        If another process extracts it.
    VideoUnreadable, WeightsUnavailable, StorageFault
    """
    path = video.existing_path()
    with workspace.lock(f"extract-{video.id}", timeout=0):
        if settings.min_face is None:
            settings = replace(settings, min_face=_smallest_face(workspace, video, settings.embedder))
        features = extract_features(
            path,
            workspace.features_path(video.id),
            settings=settings,
            tracks=video.tracks,
            resume=resume,
            on_progress=on_progress,
            on_seen=on_seen,
            writing=partial(workspace.lock, f"features-{video.id}", timeout=60),
            reader=reader,
        )
        features = with_laughter(workspace, video, features, on_progress=on_progress)
        keep_chat(workspace, video)
        read_references(workspace, settings.embedder)
        Library(workspace).make_series(video.id)
    return features


def _smallest_face(workspace: Workspace, video: Video, embedder: str) -> float:
    """The smallest face worth looking for in a video; not larger than before where some of it is extracted."""
    before, scanned = _extracted_with(workspace, video), None
    with suppress(StorageFault):
        scanned = Library(workspace).scan(video.id)
    if scanned is None and before is None:
        with suppress(VideoUnreadable):  # the extraction tells what is wrong
            path, models = video.existing_path(), models_for(embedder, SCAN_FACE)
            scanned = scan_faces(path, models, n_frames=LOOK, min_step=LOOK_STEP, tracks=video.tracks)
    wanted = USUAL_FACE if scanned is None else smallest_face(scanned)
    return wanted if before is None else min(wanted, before)


def _extracted_with(workspace: Workspace, video: Video) -> float | None:
    """The smallest face of what is extracted; None where nothing is, or nothing that can be read."""
    path = workspace.features_path(video.id)
    with suppress(StorageFault):
        info = read_features_info(path) if path.exists() else workspace.minutes(video.id).info()
        return None if info is None else float(info.parameters["min_face"])
    return None


@lru_cache(maxsize=2)
def models_for(embedder: str, min_face: float) -> Models:
    """The networks for scans and photos; a process that does several of them loads them once."""
    from core.video_feature_extractor import load_models

    return load_models(min_face=min_face, embedder_name=embedder, device="cpu")


def scan(
    workspace: Workspace,
    video: Video,
    *,
    embedder: str = ExtractionSettings.embedder,
    on_progress: OnProgress = no_progress,
) -> Features:
    """Look at some pictures spread over a video, so that its people can be picked before it is extracted.

    Raises
    ------
    VideoUnreadable, WeightsUnavailable, StorageFault
    """
    models = models_for(embedder, SCAN_FACE)
    features = scan_faces(video.existing_path(), models, tracks=video.tracks, on_progress=on_progress)
    write_features(workspace.scan_path(video.id), features)
    read_references(workspace, embedder)
    return features


@dataclass(frozen=True)
class SeriesOptions:
    """How a series is made; a threshold of None is the one saved for the person and the video."""

    strict: float | None = None
    relaxed: float | None = None
    fill: Fill = "linear"
    max_gap: float = 1.0
    smoothing: float = DWELL

    def thresholds(self, saved: Thresholds) -> Thresholds:
        """The thresholds to use; a strict one alone takes a relaxed one above it along. Raises ValueError."""
        strict = saved.strict if self.strict is None else self.strict
        relaxed = min(saved.relaxed, strict) if self.relaxed is None else self.relaxed
        return Thresholds(strict, relaxed)


def make_series(
    workspace: Workspace, video: Video, person: Person, options: SeriesOptions = SeriesOptions()
) -> PersonSeries:
    """A person's 12-d series, kept in the workspace where the extraction is finished.

    Raises
    ------
    WorkspaceFault
        If the video is not extracted.
    ValueError
        If the thresholds contradict each other.
    PunchlineError, Busy, StorageFault
    """
    features = current_features(workspace.features_path(video.id))
    if features is None:
        raise WorkspaceFault("{video}: not analysed yet; run `punchline extract {video}` first", video=video.name)
    series = person_series(
        features,
        person,
        thresholds=options.thresholds(person.thresholds_for(video.id)),
        fill=options.fill,
        max_gap=options.max_gap,
        smoothing=options.smoothing,
    )
    if features.info.complete:
        with suppress(StorageFault):  # a disk that is full or read-only is no reason not to tell it
            write_series(workspace.series_path(video.id, person.id), series)
    return series


def make_playable(
    workspace: Workspace,
    video: Video,
    *,
    wanted_minute: Callable[[], int | None] = lambda: None,
    on_progress: OnProgress = no_progress,
) -> Proxy:
    """Write what a browser plays of a video.

    Parameters
    ----------
    wanted_minute
        Asked before the work and again and again during it: the minute that somebody waits for is made before the
        rest goes on.

    Raises
    ------
    VideoUnreadable, StorageFault
    """
    path, target = video.existing_path(), workspace.proxy_path(video.id)

    def make_wanted(told: OnProgress) -> None:
        if (minute := wanted_minute()) is not None:
            with suppress(PunchlineError):  # what is wrong with the file is said by the whole
                _make_piece(workspace, video, minute, told)

    def progress(completed: float, total: float) -> None:
        make_wanted(lambda *_of_the_minute: on_progress(completed, total))
        on_progress(completed, total)

    make_wanted(on_progress)
    proxy = make_proxy(path, target, tracks=video.tracks, on_progress=progress)
    shutil.rmtree(workspace.proxy_minutes_folder(video.id), ignore_errors=True)
    return proxy


def _make_piece(workspace: Workspace, video: Video, minute: int, on_progress: OnProgress) -> None:
    piece, note = piece_paths(workspace, video.id, minute)
    if not note.exists():
        proxy = make_minute(video.existing_path(), piece, minute, tracks=video.tracks, on_progress=on_progress)
        write_bytes(note, f"{proxy.offset} {(minute + 1) * MINUTE}".encode())
