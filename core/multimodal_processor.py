"""Face and sound on one clock: a whole video -> its feature file; feature file and person -> the 12-d series."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.audio_feature_extractor import AUDIO_PARAMETERS
from core.errors import Sentence, StorageFault, VideoUnreadable
from core.faces import feature_file as feature_store
from core.faces.feature_file import Features, FeaturesInfo, Minutes, joined
from core.faces.smoothing import DWELL, smooth
from core.faces.tracks import cuts_of, with_tracks
from core.people import normalisation
from core.people.normalisation import find_person
from core.people.person import Person, Thresholds
from core.people.series_file import PersonSeries, SeriesOrigin, file_digest, read_series, write_series
from core.series import FEATURES, N_FACE, Fill, TimeSeries, baseline, fill_gaps
from core.video.ahead import Ahead, keep_freed_memory, threads_for_stages
from core.video.damage import Damage
from core.video.frames import Picture
from core.video.hardware import may_use_gpu
from core.video.probe import VideoInfo, fingerprint, probe
from core.video.streams import AUTOMATIC, Tracks
from core.video_feature_extractor import (
    ExtractionSettings,
    Minute,
    MinuteReader,
    Models,
    Seen,
    Stretch,
    minutes_of,
    pictures_of,
)

OnProgress = Callable[[float, float], None]


def extract(
    path: Path,
    target: Path,
    *,
    settings: ExtractionSettings = ExtractionSettings(),
    tracks: Tracks = AUTOMATIC,
    models: Models | None = None,
    resume: bool = True,
    on_progress: OnProgress = lambda completed, total: None,
    on_seen: Callable[[Seen], None] = lambda seen: None,
    writing: Callable[[], AbstractContextManager[None]] = nullcontext,
    reader: MinuteReader | None = None,
) -> Features:
    """Read a whole video into one feature file; its content depends on the file and the settings alone.

    Meanwhile the process has the thread counts of `core.video.ahead.threads_for_stages`: one extraction a process.

    Every finished minute is kept beside the target. A stopped extraction goes on after the last one and ends with
    the same arrays as an unbroken one; one that is finished is not done again unless its settings differ.

    Parameters
    ----------
    path, target, tracks
        The video, the feature file to write, and which picture and sound are read.
    models
        Those that the settings name, where they are loaded already.
    resume
        False forgets finished minutes and does everything anew.
    on_progress
        Called with (completed, total) seconds of video after every few pictures and at the end; what it raises
        stops the extraction, which can then be resumed.
    on_seen
        Called with every sampled picture and the faces in it.
    writing
        Entered while the target is replaced: a lock that other writers of the same file hold too.
    reader
        Reads the pictures in this process's place, where the video says how long it is.

    Raises
    ------
    VideoUnreadable, WeightsUnavailable, StorageFault
        Finished minutes stay.
    """
    keep_freed_memory()
    video = probe(path, tracks=tracks)
    length = video.duration or 0.0  # as far as progress is concerned
    minutes = Minutes(target.with_suffix(".minutes"))
    damage, unheard = Damage(), Damage()
    reader = None if video.duration is None else reader
    with ExitStack() as stack:
        pictures: Ahead[Picture] | None = None
        anew = not resume or not (target.exists() or minutes.info())
        if reader is None and anew and not may_use_gpu(settings.device):  # decode while torch is loaded
            pictures = stack.enter_context(closing(pictures_of(Stretch(path, settings, tracks), damage)))
        models = models or settings.load_models()
        info = _info(video, settings, models)
        if resume and target.exists() and feature_store.read_features_info(target).same_extraction(info):
            on_progress(length, length)
            return feature_store.read_features(target)
        left = _left(Stretch(path, settings, tracks), minutes, info, resume)
        stack.enter_context(threads_for_stages())
        if reader is not None:
            seen = reader(left, damage, lambda completed: on_progress(completed, length), on_seen)
        else:
            if pictures is None:
                pictures = stack.enter_context(closing(pictures_of(left, damage, gpu=models.gpu)))
            seen = minutes_of(pictures, models, left, lambda completed: on_progress(completed, length), on_seen)
        _save_minutes(minutes, info, stack.enter_context(closing(seen)), left, unheard)
    finished = _finished(path, video, minutes, info, damage, unheard)
    with writing():
        feature_store.write_features(target, finished)
    minutes.clear()
    on_progress(length, length)
    return finished


def _info(video: VideoInfo, settings: ExtractionSettings, models: Models) -> FeaturesInfo:
    """What the file of an extraction says of itself while it is under way; tracks where they are not the first."""
    tracks = {"video_track": video.video_track, "audio_track": video.audio_track}
    return FeaturesInfo(
        video_name=video.path.name,
        fingerprint=fingerprint(video.path),
        duration=video.duration,
        width=video.width,
        height=video.height,
        fps=video.fps,
        sample_rate=settings.sample_rate,
        models=models.names(),
        parameters={
            "min_face": settings.smallest_face,
            "pictures": "references first",
            "search": "exhaustive" if settings.exhaustive else "followed",
            "embedding": "both ways",
            "audio": AUDIO_PARAMETERS,
            **{kind: number for kind, number in tracks.items() if number not in (None, 1)},
        },
        complete=False,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _left(left: Stretch, minutes: Minutes, info: FeaturesInfo, resume: bool) -> Stretch:
    """What of a stretch follows the finished minutes; minutes of another extraction are forgotten."""
    under_way = minutes.info()
    if under_way is not None and not (resume and under_way.same_extraction(info)):
        minutes.clear()
    for features, thumbnail in minutes.read():
        timestamps = features.faces.timestamps
        first = float(timestamps[0]) if left.first_timestamp is None else left.first_timestamp
        left = replace(left, first_timestamp=first, after=float(timestamps[-1]), last_thumbnail=thumbnail)
    return left


def _save_minutes(minutes: Minutes, info: FeaturesInfo, seen: Iterator[Minute], left: Stretch, damage: Damage) -> None:
    """Keep each minute as soon as its sound is read too, which is done while the pictures of the next are."""
    from core.cues.hearing import Hearing  # torch is loaded by an extraction, not by a reader of its results

    hearing = Hearing(left.path, damage, 1 / left.settings.sample_rate, left.tracks)

    def save(minute: Minute) -> None:
        audio, cues, waveform = hearing.rows(minute.faces.timestamps)
        features = Features(info, minute.faces, audio, minute.chips, cues, waveform)
        minutes.write(minute.index, features, minute.last_thumbnail)

    under_way: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1) as listener:
        try:
            for minute in seen:
                under_way.append(listener.submit(save, minute))
                while len(under_way) > 1:
                    under_way.popleft().result()
        finally:  # what is finished is kept whatever stops the rest
            while under_way:
                under_way.popleft().result()


def _finished(
    path: Path, video: VideoInfo, minutes: Minutes, info: FeaturesInfo, damage: Damage, unheard: Damage
) -> Features:
    """All minutes as one, with tracks over the whole video and what is to be said of it."""
    done = [features for features, _ in minutes.read()]
    if not done:
        raise VideoUnreadable(
            "{path}: not one picture has a time; the file is damaged, copy or convert it again", path=path
        )
    found = joined(done)
    warnings = [
        *video.warnings,
        *damage.warnings(video.duration),
        *(Sentence("sound: {text}", text=text) for text in unheard.warnings(None)),
    ]
    duration = video.duration
    if duration is None:  # learnt by reading: the last picture is shown for as long as the others
        duration = max(damage.last_timestamp, float(found.faces.timestamps[-1])) + (1 / video.fps if video.fps else 0.0)
    if not video.has_audio:
        warnings.append("the video has no sound: loudness and pitch are missing")
    if len(found.faces) == 0:
        warnings.append("no face was found in the whole video")
    return replace(
        found,
        info=replace(info, complete=True, warnings=tuple(warnings), duration=duration),
        faces=with_tracks(found.faces, info.models["embedder"]["name"]),
    )


def current_features(target: Path) -> Features | None:
    """A video's analysis as far as it has come: the finished file, else its finished minutes, else None."""
    if target.exists():
        return feature_store.read_features(target)
    done = [features for features, _ in Minutes(target.with_suffix(".minutes")).read()]
    if not done:
        return None
    info = done[0].info
    found = joined(done)
    return replace(found, faces=with_tracks(found.faces, info.models["embedder"]["name"]))


def series_parameters(
    features: FeaturesInfo,
    person: Person,
    *,
    thresholds: Thresholds,
    fill: Fill = "linear",
    max_gap: float = 1.0,
    smoothing: float = DWELL,
) -> dict[str, Any]:
    """What decides the values of a person's series; equal parameters mean equal series."""
    embedder = features.models["embedder"]
    digest = embedder["digest"]
    return {
        "models": dict(features.models),
        "extraction": dict(features.parameters),
        "sample_rate": features.sample_rate,
        "references": sorted(_digest(r.embeddings[digest]) for r in person.references if digest in r.embeddings),
        "matching": normalisation.parameters(embedder["name"]),
        "thresholds": asdict(thresholds),
        "fill": fill,
        "max_gap": max_gap,
        "smoothing": smoothing,
    }


def _digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def person_series(
    features: Features,
    person: Person,
    *,
    thresholds: Thresholds | None = None,
    fill: Fill = "linear",
    max_gap: float = 1.0,
    smoothing: float = DWELL,
) -> PersonSeries:
    """The 12-d series of one person, from the face table alone: the video is not touched.

    Parameters
    ----------
    thresholds
        Those saved for the person and this video if None.
    fill, max_gap
        As `core.series.fill_gaps`.
    smoothing
        Seconds that an emotion lasts (`core.faces.smoothing.smooth`) among the rows that were seen, before gaps are
        filled; 0 leaves the readings of single pictures as they are.

    Raises
    ------
    PunchlineError
        If the person has no reference that the video's embedder has read.
    """
    chosen = thresholds or person.thresholds_for(features.info.fingerprint)
    found = find_person(features, person, chosen)
    values = np.full((features.faces.n_frames, len(FEATURES)), np.nan, np.float32)
    seen = found.face >= 0
    values[seen, :N_FACE] = features.faces.emotion[found.face[seen]]
    values[:, N_FACE:] = features.audio
    raw = TimeSeries(values, features.faces.timestamps, found.source, features.info.sample_rate)
    steady = smooth(raw, smoothing, cut_before=cuts_of(features.faces, found.face))
    return PersonSeries(
        series=fill_gaps(steady, fill=fill, max_gap=max_gap),
        similarity=found.similarity,
        baseline=baseline(steady),
        parameters=series_parameters(
            features.info, person, thresholds=chosen, fill=fill, max_gap=max_gap, smoothing=smoothing
        ),
        origin=_origin(features.info, person),
    )


def _origin(info: FeaturesInfo, person: Person) -> SeriesOrigin:
    return SeriesOrigin(
        video_name=info.video_name,
        video_id=info.fingerprint,
        fps=info.fps,
        duration=float("nan") if info.duration is None else info.duration,
        person=person.name,
        person_id=person.id,
        extracted=info.created,
    )


def current_series(features_path: Path, series_path: Path, person: Person) -> PersonSeries | None:
    """A person's series in a video as far as it is extracted: from its file while that holds, else made and kept there.

    Only a finished extraction has such a file. One that cannot be read is made anew, and one that cannot be written is
    no reason not to read on.

    Raises
    ------
    PunchlineError
        As `person_series`; StorageFault where the feature file cannot be read.
    """
    if features_path.exists():
        info = feature_store.read_features_info(features_path)
        parameters = series_parameters(info, person, thresholds=person.thresholds_for(info.fingerprint))
        with suppress(StorageFault):
            stored = read_series(series_path, digest=file_digest(parameters, info.created))
            if stored is not None:
                return stored
    features = current_features(features_path)
    if features is None:
        return None
    made = person_series(features, person)
    if features.info.complete:
        with suppress(StorageFault):
            write_series(series_path, made)
    return made


def summary(features: Features) -> dict[str, Any]:
    """Counts of an analysis, for people and machines."""
    faces = features.faces
    return {
        "duration": features.info.duration,
        "n_frames": faces.n_frames,
        "n_faces": len(faces),
        "n_frames_with_face": len(np.unique(faces.frame)),
        "n_tracks": int(faces.track.max(initial=-1)) + 1,
        "has_sound": bool(np.isfinite(features.audio).any()),
        "warnings": list(features.info.warnings),
    }
