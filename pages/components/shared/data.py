"""What pages read often: series, labels and scores of the one `Library` that all sessions share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from core.clip_dataset_builder import ClipDataset
from core.cues.waveform import waveform_line
from core.dataset.upkeep import sources_of, up_to_date
from core.detection.detect import Scored
from core.detection.results import kept_scores
from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.labels.ledger import Ledger
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.playback.facts import about
from core.series import Floats, TimeSeries
from core.workspace.library import Boxes, Library
from core.workspace.paths import state_of
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.player.lane import Lane
from pages.components.player.player import Faces
from pages.components.shared.shell import _

LAUGHTER_POWER = 0.5  # laughter among other voices is heard with 2 to 10 %, calm with less than 1 %
LOWEST_TOP = 0.1  # of its lane: below it there may be nothing but noise
DOUBTED = 0.1  # probability that is marked where the lane reaches far above it


@st.cache_resource(max_entries=2, show_spinner=False)
def _library(root: Path) -> Library:
    return Library(Workspace(root))


def library_of(space: Workspace) -> Library:
    """What all sessions of this server read through: each file once until it changes. Raises StorageFault."""
    return _library(space.root)


def key_of(features: Features) -> str:
    """Names a face table: another one has other rows."""
    return f"{features.info.fingerprint}-{features.info.created}-{len(features.faces)}-{features.faces.n_frames}"


def series_for(space: Workspace, video: Video, person: Person) -> PersonSeries | None:
    """A person's series in a video, as far as it is extracted.

    Raises
    ------
    PunchlineError
        If the person has no reference for the video's embedder, or the file cannot be read.
    """
    return library_of(space).series(video.id, person.id)


@st.cache_resource(max_entries=2, show_spinner=False)
def _clips(_library: Library, key: str) -> ClipDataset:
    return up_to_date(_library).clips


def clips_of(space: Workspace, person: Person) -> ClipDataset:
    """A person's clips in dataset.h5, which is brought up to date first. Raises PunchlineError."""
    library = library_of(space)
    state = state_of(space.dataset_path), library.ledger.last_seq(), sources_of(space)
    return _clips(library, f"{space.root}{state}").of(person.id)


def ledger_of(space: Workspace) -> Ledger:
    """The ledger of labels. Raises StorageFault."""
    return library_of(space).ledger


def duration_of(space: Workspace, video: Video) -> float | None:
    """Seconds of a video, as its file says or as reading it to its end showed; None where unknown."""
    stated = float(about(space, [video]).get(video.id, {}).get("duration") or 0.0)
    if stated > 0:
        return stated
    try:
        features = library_of(space).features(video.id)
    except PunchlineError:  # said where the features themselves are needed
        return None
    return features.info.duration if features is not None and features.info.complete else None


def fps_of(space: Workspace, video: Video) -> float:
    """Pictures a second; 30 where unknown."""
    return float(about(space, [video]).get(video.id, {}).get("fps", 0.0)) or 30.0


def usual_lanes(series: TimeSeries | None) -> list[Lane]:
    """Arousal, valence and loudness under the video."""
    if series is None or len(series) == 0:
        return []
    t = series.timestamps
    return [
        Lane("arousal", _("Arousal"), t, series.column("arousal"), (-1, 1)),
        Lane("valence", _("Valence"), t, series.column("valence"), (-1, 1)),
        Lane("loudness", _("Loudness"), t, series.column("loudness"), (-70, 0)),
    ]


def cue_values_of(space: Workspace, video: Video) -> dict[str, Floats]:
    """How much each cue speaks for a place, on the times of the series; none where none is known."""
    try:
        return library_of(space).cues(video.id).values
    except PunchlineError:  # said where the features themselves are needed
        return {}


@st.cache_resource(max_entries=4, show_spinner=False)
def _waveform_line(_timestamps: Floats, _waveform: Floats, key: str) -> tuple[Floats, Floats]:
    return waveform_line(_timestamps, _waveform)


def laughter_lane(timestamps: Floats, probability: Floats) -> Lane:
    """Laughter that is heard: up to the highest value of the video, with more room for low ones, which tell too.

    Probabilities (n,) in [0, 1]; NaN where there is no sound.
    """
    top = max(LOWEST_TOP, float(np.nanmax(probability, initial=0.0)))
    note = _(
        "How likely somebody laughs here, by the sound. Low values are drawn larger, as they can be laughs too. The "
        "top is the highest of this video, or 10%."
    )
    marks = (top, DOUBTED if top > 3 * DOUBTED else 0.0)
    about = {"power": LAUGHTER_POWER, "percent": True, "marks": marks, "note": note}
    return Lane("laughter", _("Laughter\nheard"), timestamps, probability, (0, top), **about)


def cue_lanes(space: Workspace, video: Video) -> list[Lane]:
    """The sound itself, laughter that is heard and chat that laughs, as far as they are known."""
    try:
        known = library_of(space).cues(video.id)
    except PunchlineError:  # said where the features themselves are needed
        return []
    lanes = []
    for name, value in known.values.items():
        if name == "laughter":
            lanes.append(laughter_lane(known.timestamps, value))
        else:
            lanes.append(Lane(name, _("Chat"), known.timestamps, value, (0, 1)))
    if known.waveform is not None and len(known.timestamps) > 1:
        key = f"{space.root}{video.id}{state_of(space.features_path(video.id))}{len(known.timestamps)}"
        line = _waveform_line(known.timestamps, known.waveform, key)
        lanes.insert(0, Lane("waveform", _("Sound"), *line, (-1, 1)))
    return lanes


def unseen_spans(series: TimeSeries | None) -> list[tuple[float, float]] | None:
    """Stretches in which the person's face was not seen, in seconds; None where nothing is known."""
    return None if series is None or len(series) == 0 else [(span.start, span.end) for span in series.unseen()]


@st.cache_resource(max_entries=2, show_spinner=False)
def _boxes(_library: Library, video_id: str, person_id: str, key: str) -> Boxes:
    return _library.boxes(video_id, person_id)


def faces_of(space: Workspace, video: Video, person: Person) -> Faces:
    """The person's face for the player to show on the picture."""
    library = library_of(space)

    def boxes(start: float, end: float) -> tuple[Floats, Floats]:
        timestamps, places = _boxes(library, video.id, person.id, str(library.state_of_series(video.id, person.id)))
        part = slice(*timestamps.searchsorted((start, end)))
        return timestamps[part], places[part]

    return Faces(person.name, boxes)


@st.cache_resource(max_entries=8, show_spinner=False)
def _scores(_library: Library, _video: Video, _person: Person, model: str | None, key: str) -> Scored | None:
    return kept_scores(_library, _video, _person, model=model)


def scores_for(space: Workspace, video: Video, person: Person, model: str | None = None) -> Scored | None:
    """What a model, the person's if None, said of the video; None where it was not asked, or something changed since.

    Raises
    ------
    PunchlineError
        If there is no such model, or the series cannot be made.
    """
    path = space.scores_path(video.id, person.id)
    library = library_of(space)
    series = library.state_of_series(video.id, person.id)
    if series is None or not path.exists():
        return None
    files = [path, space.chosen_models_path, *sorted(space.models_folder.glob("*/card.json"))]
    return _scores(library, video, person, model, f"{series}{[(str(file), state_of(file)) for file in files]}")


def kept_curve(space: Workspace, video: Video, person: Person) -> tuple[Floats, Floats] | None:
    """The score curve of the latest detection at the labelled mix, (timestamps, scores); None where there is none."""
    try:
        scored = scores_for(space, video, person)
    except PunchlineError:  # clips can be labelled without features
        return None
    return None if scored is None else (scored.scores.curve.timestamps, scored.scores.curve.scores)
