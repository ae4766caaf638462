"""What pages read often: series, labels and scores, read once for all sessions and again when their files change."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import streamlit as st

from core.detection.detect import DetectionSettings, Scored, decide
from core.detection.results import kept_scores
from core.errors import PunchlineError
from core.faces.feature_file import Features, PersonSeries, read_features
from core.labels.ledger import Ledger
from core.multimodal_processor import current_features, person_series, series_parameters
from core.people.person import Person
from core.playback.facts import about
from core.series import FEATURES, Source, TimeSeries
from core.workspace.library import Library
from core.workspace.workspace import Video, Workspace
from pages.components.player.player import Lane
from pages.components.shared.shell import _


def state_of(path: Path) -> tuple[int, int]:
    """Changes whenever a file or the list of a folder does; (0, 0) where there is none."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@st.cache_resource(max_entries=6, show_spinner=False)
def _whole(path: Path, state: tuple[int, int]) -> Features:
    return read_features(path)


@st.cache_resource(max_entries=4, show_spinner=False)
def _partial(path: Path, n_minutes: int) -> Features | None:
    return current_features(path)


def extracted(space: Workspace, video: Video) -> Features | None:
    """A video's faces and sound as far as they are extracted; None where nothing is."""
    path = space.features_path(video.id)
    if path.exists():
        return _whole(path, state_of(path))
    n_minutes = sum(1 for _minute in space.minutes(video.id).folder.glob("minute_*.h5"))
    return _partial(path, n_minutes) if n_minutes else None


def scanned(space: Workspace, video: Video) -> Features | None:
    """The faces of a quick scan; None where there was none."""
    path = space.scan_path(video.id)
    return _whole(path, state_of(path)) if path.exists() else None


def key_of(features: Features) -> str:
    """Names a face table: another one has other rows."""
    return f"{features.info.fingerprint}-{features.info.created}-{len(features.faces)}-{features.faces.n_frames}"


@st.cache_resource(max_entries=16, show_spinner=False)
def _series(_features: Features, _person: Person, key: str) -> PersonSeries:
    return person_series(_features, _person)


def series_for(space: Workspace, video: Video, person: Person) -> PersonSeries | None:
    """A person's series in a video, as far as it is extracted.

    Raises
    ------
    PunchlineError
        If the person has no reference for the video's embedder, or the file cannot be read.
    """
    features = extracted(space, video)
    if features is None:
        return None
    thresholds = person.thresholds_for(features.info.fingerprint)
    parameters = series_parameters(features.info, person, thresholds=thresholds, fill="linear", max_gap=1.0)
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:16]
    return _series(features, person, f"{key_of(features)}-{digest}")


@st.cache_resource(max_entries=2, show_spinner=False)
def _ledger(path: Path) -> Ledger:
    return Ledger(path)


def ledger_of(space: Workspace) -> Ledger:
    """The ledger of labels. Raises StorageFault."""
    return _ledger(space.labels_path)


def duration_of(space: Workspace, video: Video) -> float:
    """Seconds of a video, 0 where unknown."""
    return float(about(space, [video]).get(video.id, {}).get("duration", 0.0))


def fps_of(space: Workspace, video: Video) -> float:
    """Pictures a second; 30 where unknown."""
    return float(about(space, [video]).get(video.id, {}).get("fps", 0.0)) or 30.0


def column(series: TimeSeries, name: str) -> np.ndarray:
    """One feature (n_frames,)."""
    return np.asarray(series.values[:, FEATURES.index(name)])


def usual_lanes(series: TimeSeries | None) -> list[Lane]:
    """Arousal, valence and loudness under the video."""
    if series is None or len(series) == 0:
        return []
    t = series.timestamps
    return [
        Lane("arousal", _("Arousal"), t, column(series, "arousal"), (-1, 1)),
        Lane("valence", _("Valence"), t, column(series, "valence"), (-1, 1)),
        Lane("loudness", _("Loudness"), t, column(series, "loudness"), (-70, 0)),
    ]


def unseen_spans(series: TimeSeries | None) -> list[tuple[float, float]]:
    """Stretches in which the person's face was not seen, in seconds."""
    if series is None or len(series) == 0:
        return []
    missing = np.concatenate([[False], series.source == Source.MISSING, [False]])
    edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
    half = series.sample_period / 2
    t = series.timestamps
    return [(float(t[a] - half), float(t[b - 1] + half)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@st.cache_resource(max_entries=8, show_spinner=False)
def _scores(_space: Workspace, _video: Video, _person: Person, key: str) -> Scored | None:
    try:
        return kept_scores(Library(_space), _video, _person)
    except PunchlineError:
        return None


def scores_for(space: Workspace, video: Video, person: Person) -> Scored | None:
    """What the person's newest model said of the video; None where it was not asked, or the series changed since."""
    path = space.scores_path(video.id, person.id)
    series = series_for(space, video, person)
    if series is None or not path.exists():
        return None
    models = [str(state_of(card)) for card in sorted(space.models_folder.glob("*/card.json"))]
    models.append(str(state_of(space.chosen_models_path)))
    return _scores(space, video, person, f"{path}{state_of(path)}{id(series)}{models}")


def kept_curve(space: Workspace, video: Video, person: Person) -> tuple[np.ndarray, np.ndarray] | None:
    """The score curve of the latest detection at the labelled mix, (timestamps, scores); None where there is none."""
    try:
        scored = scores_for(space, video, person)
    except PunchlineError:  # clips can be labelled without features
        return None
    if scored is None:
        return None
    curve = decide(scored, DetectionSettings(prior="labels", max_per_hour=None)).curve
    return curve.timestamps, curve.scores
