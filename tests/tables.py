"""Small series and face tables whose answers are known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import Features, FeaturesInfo
from core.faces.similarity import Similarity
from core.faces.table import NO_TRACK, FaceTable
from core.people.person import Match, Thresholds, match_by, similarity_to_any
from core.people.series_file import PersonSeries
from core.series import AUDIO_FEATURES, EMOTIONS, FEATURES, N_FACE, Source, TimeSeries

DIMENSION = 32
D, R, F, M = Source


def direction(seed: int) -> NDArray[np.float32]:
    """A person: a random unit vector (32,)."""
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def lookalike(person: NDArray[np.float32], similarity: float, *, seed: int = 0) -> NDArray[np.float32]:
    """A unit vector (32,) at exactly this `cosine` from `person`, up to rounding."""
    other = direction(1000 + seed).astype(np.float64)
    other -= (other @ person) * person
    other /= np.linalg.norm(other)
    return (similarity * person + (1 - similarity**2) ** 0.5 * other).astype(np.float32)


def cosine(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    """Similarity (n, m) of unit vectors (n, d) and (m, d), to five digits: equal ones stay equal in any company."""
    return np.round(a @ b.T, 5)


@pytest.fixture(autouse=True, scope="module")
def similarity_is_cosine() -> Iterator[None]:
    """For a module of tests the built-in embedder's scale is the cosine itself, whoever else is seen."""
    entry = EMBEDDERS[DEFAULT_EMBEDDER]
    with patch.dict(EMBEDDERS, {entry.name: replace(entry, scale=((-1.0, -1.0), (1.0, 1.0)), strangers=1.0)}):
        yield


def match(
    table: FaceTable,
    references: NDArray[np.floating],
    *,
    similarity: Similarity = cosine,
    thresholds: Thresholds = Thresholds(),
) -> Match:
    """`match_by` with the best similarity over references (m, d)."""
    return match_by(table, similarity_to_any(table, references, similarity), thresholds)


@dataclass(frozen=True)
class Planted:
    """One face of a planted table: its frame, its similarity to the wanted person, and what else counts."""

    frame: int
    similarity: float
    track: int = 0
    probability: float = 0.99


def planted_table(
    faces: Sequence[Planted], *, n_frames: int, person: NDArray[np.float32], sample_rate: float = 3.0
) -> FaceTable:
    """A table with these faces, in the order given within a frame; row k lies along `emotion` column ``k % 8``."""
    faces = sorted(faces, key=lambda face: face.frame)
    n = len(faces)
    emotion = np.zeros((n, N_FACE), np.float32)
    emotion[np.arange(n), np.arange(n) % len(EMOTIONS)] = 1.0
    embedding = [lookalike(person, face.similarity, seed=k) for k, face in enumerate(faces)]
    return FaceTable(
        timestamps=np.arange(n_frames) / sample_rate,
        scene_change=np.zeros(n_frames, np.float32),
        frame=np.array([face.frame for face in faces], np.int32),
        box_xyxy=np.tile(np.array([10, 20, 50, 70], np.float32), (n, 1)),
        landmarks=np.zeros((n, 5, 2), np.float32),
        probability=np.array([face.probability for face in faces], np.float32),
        embedding=np.array(embedding, np.float32).reshape(n, DIMENSION),
        emotion=emotion,
        track=np.array([face.track for face in faces], np.int32),
    )


def random_table(rng: np.random.Generator, *, n_frames: int, n_faces: int, dimension: int = DIMENSION) -> FaceTable:
    """Any valid table; its embeddings are half-precision numbers, as a file holds them."""
    return FaceTable(
        timestamps=np.cumsum(rng.uniform(0.01, 1.0, n_frames)),
        scene_change=rng.random(n_frames, np.float32),
        frame=np.sort(rng.integers(0, max(n_frames, 1), n_faces)).astype(np.int32),
        box_xyxy=rng.normal(size=(n_faces, 4)).astype(np.float32),
        landmarks=rng.normal(size=(n_faces, 5, 2)).astype(np.float32),
        probability=rng.random(n_faces, np.float32),
        embedding=rng.normal(size=(n_faces, dimension)).astype(np.float16).astype(np.float32),
        emotion=rng.normal(size=(n_faces, N_FACE)).astype(np.float32),
        track=rng.integers(NO_TRACK, 5, n_faces).astype(np.int32),
    )


def features_info(**changes: object) -> FeaturesInfo:
    """What a feature file says of itself, with these fields changed."""
    values: dict[str, object] = {
        "video_name": "방송 2024.mp4",
        "fingerprint": "0123456789abcdef",
        "duration": 3600.25,
        "width": 1920,
        "height": 1080,
        "fps": 29.97,
        "sample_rate": 3.0,
        "models": {
            "detector": {"name": "mtcnn", "digest": "d1"},
            "embedder": {"name": "mobilefacenet", "digest": "e1"},
        },
        "parameters": {"min_face": 1 / 12, "audio": {"audio_rate": 16000, "f0_min": 65.0}},
        "warnings": ("two bad packets", "소리 없음"),
        "created": "2024-05-01T12:00:00+00:00",
    }
    return FeaturesInfo(**{**values, **changes})  # type: ignore[arg-type]


def random_features(seed: int, *, n_frames: int = 9, n_faces: int = 12, **changes: object) -> Features:
    """Any valid analysis; a row of its sound is missing."""
    rng = np.random.default_rng(seed)
    audio = rng.normal(size=(n_frames, len(AUDIO_FEATURES))).astype(np.float32)
    audio[:1] = np.nan
    table = random_table(rng, n_frames=n_frames, n_faces=n_faces if n_frames else 0)
    cues = {"laughter": rng.uniform(size=(n_frames, 4)).astype(np.float32)}
    waveform = rng.integers(-127, 128, (n_frames, 16, 2)).astype(np.int8)
    return Features(features_info(**changes), table, audio, cues=cues, waveform=waveform)


def series_of(source: Sequence[int], *, sample_rate: float = 3.0, timestamps: ArrayLike | None = None) -> TimeSeries:
    """A series with these sources whose features are ramps of time: column k is ``t + k``; no face is NaN."""
    n = len(source)
    t = np.arange(n) / sample_rate if timestamps is None else np.asarray(timestamps, np.float64)
    values = (t[:, None] + np.arange(len(FEATURES))).astype(np.float32)
    values[np.asarray(source, int) >= Source.INTERPOLATED, :N_FACE] = np.nan
    return TimeSeries(values, t, np.array(source, np.uint8), sample_rate)


def random_person_series(seed: int, *, n_frames: int = 9) -> PersonSeries:
    """Any valid series of a person, with missing rows."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_frames, len(FEATURES))).astype(np.float32)
    source = rng.integers(0, 4, n_frames).astype(np.uint8)
    values[source == Source.MISSING, :N_FACE] = np.nan
    similarity = rng.normal(size=n_frames).astype(np.float32)
    similarity[source == Source.MISSING] = np.nan
    return PersonSeries(
        series=TimeSeries(values, np.cumsum(rng.uniform(0.01, 1.0, n_frames)), source, 3.0),
        similarity=similarity,
        baseline=rng.normal(size=len(FEATURES)).astype(np.float32),
        parameters={"thresholds": {"strict": 0.5, "relaxed": 0.3}, "fill": "linear", "references": ["ab", "cd"]},
    )
