"""Face and sound on one clock: a whole video -> its feature file; feature file and person -> the 12-d series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import feature_store
from core.audio_feature_extractor import AUDIO_PARAMETERS, AudioFeatureExtractor
from core.errors import VideoUnreadable
from core.face_table import FaceTable, concatenate
from core.feature_store import Features, FeaturesInfo, Minutes, PersonSeries
from core.identity import Person, Thresholds, match, similarity_of
from core.series import FEATURES, N_FACE, Fill, TimeSeries, baseline, fill_gaps
from core.tracks import tracks
from core.video import Damage, fingerprint, probe

if TYPE_CHECKING:  # torch is loaded by an extraction, not by a reader of its results
    from core.video_feature_extractor import Models, Seen

SCENE_CUT = 0.12  # share of the value range by which the pictures on both sides of a cut differ at least, on average

OnProgress = Callable[[float, float], None]


@dataclass(frozen=True)
class ExtractionSettings:
    """What the user can choose: samples per second, the smallest face as a share of the shorter side, the models."""

    sample_rate: float = 3.0
    min_face: float = 1 / 12
    embedder: str = "resnet29"
    recogniser: str = "ferplus"
    device: str = "auto"

    def load_models(self) -> Models:
        """The networks that these settings name. Raises WeightsUnavailable."""
        from core.video_feature_extractor import load_models

        return load_models(
            min_face=self.min_face, embedder_name=self.embedder, recogniser_name=self.recogniser, device=self.device
        )


def _no_progress(completed: float, total: float) -> None:
    pass


def _not_shown(seen: Seen) -> None:
    pass


def extract(
    path: Path,
    target: Path,
    *,
    settings: ExtractionSettings = ExtractionSettings(),
    models: Models | None = None,
    resume: bool = True,
    on_progress: OnProgress = _no_progress,
    on_seen: Callable[[Seen], None] = _not_shown,
    writing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Features:
    """Read a whole video into one feature file; of the file and the settings alone, with no other state.

    Every finished minute is kept beside the target. A stopped extraction goes on after the last one and ends with
    the same arrays as an unbroken one; one that is finished is not done again unless its settings differ.

    Parameters
    ----------
    path, target
        The video, and the feature file to write.
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

    Raises
    ------
    VideoUnreadable, WeightsUnavailable, StorageFault
        Finished minutes stay.
    """
    from core.video_feature_extractor import Resume, VideoFeatureExtractor

    video = probe(path)
    models = models or settings.load_models()
    info = FeaturesInfo(
        video_name=path.name,
        fingerprint=fingerprint(path),
        duration=video.duration,
        width=video.width,
        height=video.height,
        fps=video.fps,
        sample_rate=settings.sample_rate,
        models=models.names(),
        parameters={"min_face": settings.min_face, "embedding": "both ways", "audio": AUDIO_PARAMETERS},
        complete=False,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if resume and target.exists():
        stored = feature_store.read_features_info(target)
        if stored.same_extraction(info):
            on_progress(video.duration, video.duration)
            return feature_store.read_features(target)
    minutes = Minutes(target.with_suffix(".minutes"))
    under_way = minutes.info()
    if under_way is not None and not (resume and under_way.same_extraction(info)):
        minutes.clear()
    done: list[Features] = []
    start = None
    for features, thumbnail in minutes.read():
        done.append(features)
        start = Resume(float(done[0].faces.timestamps[0]), float(features.faces.timestamps[-1]), thumbnail)
    sound = AudioFeatureExtractor(path)
    damage = Damage()
    extractor = VideoFeatureExtractor(models)
    for minute in extractor.minutes(
        path,
        sample_rate=settings.sample_rate,
        resume=start,
        damage=damage,
        on_progress=lambda completed: on_progress(completed, video.duration),
        on_seen=on_seen,
    ):
        audio = sound.features(minute.faces.timestamps, sample_period=1 / settings.sample_rate)
        done.append(Features(info, minute.faces, audio))
        minutes.write(minute.index, done[-1], minute.last_thumbnail)
    if not done:
        raise VideoUnreadable(f"{path}: not one picture has a time; the file is damaged, copy or convert it again")
    warnings = [*damage.warnings(video.duration), *(f"sound: {text}" for text in sound.damage.warnings(0.0))]
    if not video.has_audio:
        warnings.append("the video has no sound: loudness and pitch are missing")
    faces = concatenate([features.faces for features in done])
    if len(faces) == 0:
        warnings.append("no face was found in the whole video")
    finished = Features(
        info=replace(info, complete=True, warnings=tuple(warnings)),
        faces=with_tracks(faces, models.embedder.name),
        audio=np.concatenate([features.audio for features in done]),
    )
    with writing():
        feature_store.write_features(target, finished)
    minutes.clear()
    on_progress(video.duration, video.duration)
    return finished


def with_tracks(faces: FaceTable, embedder_name: str) -> FaceTable:
    """A table whose faces are linked into tracks over the whole video."""
    similarity = similarity_of(embedder_name)
    embedding = faces.embedding.astype(np.float16).astype(np.float32)  # as a reader of the file will see it
    track = tracks(
        faces.frame,
        faces.box_xyxy,
        lambda a, b: similarity(embedding[a], embedding[b]),
        faces.timestamps,
        faces.scene_change >= SCENE_CUT,
    )
    return replace(faces, embedding=embedding, track=track)


def current_features(target: Path) -> Features | None:
    """A video's analysis as far as it has come: the finished file, else its finished minutes, else None."""
    if target.exists():
        return feature_store.read_features(target)
    done = [features for features, _ in Minutes(target.with_suffix(".minutes")).read()]
    if not done:
        return None
    info = done[0].info
    faces = with_tracks(concatenate([features.faces for features in done]), info.models["embedder"]["name"])
    return Features(info, faces, np.concatenate([features.audio for features in done]))


def series_parameters(
    features: FeaturesInfo, person: Person, *, thresholds: Thresholds, fill: Fill, max_gap: float
) -> dict[str, Any]:
    """What decides the values of a person's series; equal parameters mean equal series."""
    digest = features.models["embedder"]["digest"]
    return {
        "models": dict(features.models),
        "extraction": dict(features.parameters),
        "sample_rate": features.sample_rate,
        "references": sorted(_digest(r.embeddings[digest]) for r in person.references if digest in r.embeddings),
        "thresholds": asdict(thresholds),
        "fill": fill,
        "max_gap": max_gap,
    }


def _digest(array: np.ndarray) -> str:
    import hashlib

    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def person_series(
    features: Features,
    person: Person,
    *,
    thresholds: Thresholds | None = None,
    fill: Fill = "linear",
    max_gap: float = 1.0,
) -> PersonSeries:
    """The 12-d series of one person, from the face table alone: the video is not touched.

    Parameters
    ----------
    thresholds
        Those saved for the person and this video if None.
    fill, max_gap
        As `core.series.fill_gaps`.

    Raises
    ------
    PunchlineError
        If the person has no reference that the video's embedder has read.
    """
    chosen = thresholds or person.thresholds_for(features.info.fingerprint)
    embedder = features.info.models["embedder"]
    found = match(
        features.faces,
        person.embeddings(embedder["digest"]),
        similarity=similarity_of(embedder["name"]),
        thresholds=chosen,
    )
    values = np.full((features.faces.n_frames, len(FEATURES)), np.nan, np.float32)
    seen = found.face >= 0
    values[seen, :N_FACE] = features.faces.emotion[found.face[seen]]
    values[:, N_FACE:] = features.audio
    raw = TimeSeries(values, features.faces.timestamps, found.source, features.info.sample_rate)
    return PersonSeries(
        series=fill_gaps(raw, fill=fill, max_gap=max_gap),
        similarity=found.similarity,
        baseline=baseline(raw),
        parameters=series_parameters(features.info, person, thresholds=chosen, fill=fill, max_gap=max_gap),
    )


def summary(features: Features) -> Mapping[str, Any]:
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
