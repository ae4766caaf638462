"""What page Detect reads: models, kept scores, decisions on them, explanations; each made once and kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import streamlit as st

from core.actions.background import detection_subject
from core.classifiers.choice import NETWORK_NAMES
from core.detection.detect import (
    DetectionSettings,
    Found,
    Prior,
    Scored,
    decide,
    load_model,
    prior_of,
    shares_of_labels,
    usual_settings,
)
from core.detection.explanation import Explanation, Neighbour, explain_segment, nearest_clips
from core.detection.moments import threshold_steps
from core.detection.results import moments_as_json, read_detections, save_detections
from core.errors import StorageFault
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.segment import Segment
from core.training.card import check_model
from core.training.model_store import ModelStore
from core.workspace.paths import state_of
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.detect.moment_list import n_best
from pages.components.shared.data import clips_of, library_of, scores_for
from pages.components.shared.shell import told

N_NEAREST = 4  # labelled clips that are shown beside a moment
MOST_BEST = 1000


@dataclass(frozen=True)
class Model:
    """A trained model: its name and its card. `state` changes with its files."""

    name: str
    card: Mapping[str, Any]
    state: str

    def is_of(self, person: Person) -> bool:
        """Whether it was trained on this person's labels."""
        return self.card.get("person_id") == person.id

    @property
    def is_network(self) -> bool:
        """Whether asking it takes the libraries of neural networks, which take seconds to load."""
        return str(self.card.get("model")) in NETWORK_NAMES


@dataclass(frozen=True)
class Subject:
    """What the page is about: whose moments, in which video, by which model."""

    space: Workspace
    video: Video
    person: Person
    model: Model

    @property
    def id(self) -> str:
        """The job's subject."""
        return detection_subject(self.video, self.person)

    @property
    def key(self) -> str:
        """Names what was chosen here, for the keys of widgets."""
        return f"{self.video.id}-{self.person.id}"


def models_of(space: Workspace, person: Person) -> list[Model]:
    """All models, the person's own first, each group with the newest first."""
    found = [
        Model(folder.name, card, f"{folder}{state_of(folder / 'card.json')}")
        for folder, card in ((m.folder, dict(m.card)) for m in ModelStore(space).all())
    ]
    return sorted(found, key=lambda model: not model.is_of(person))


def latest_result(space: Workspace, video: Video, person: Person) -> dict[str, Any] | None:
    """The latest kept result; None where nothing was looked for yet."""
    with told():
        return next(iter(read_detections(space, video.id, person.id).values()), None)
    return None


def fitness(subject: Subject, series: PersonSeries) -> list[str]:
    """In which respects the model does not quite fit the series. Raises ModelFault where it cannot be used at all."""
    return check_model(subject.model.card, series.parameters, name=subject.model.name, person_id=subject.person.id)


def scores_of(subject: Subject) -> Scored | None:
    """What the model said of the video; None where it was not asked, or something changed since.

    Raises PunchlineError.
    """
    return scores_for(subject.space, subject.video, subject.person, subject.model.name)


def prior_now(subject: Subject, scored: Scored, prior: Prior) -> float:
    """The share of funny clips that would be expected if it were looked for again: labels count as they are now."""
    labels = library_of(subject.space).labels(subject.person.id).counting
    return prior_of(replace(scored, **shares_of_labels(labels, subject.video.id, scored.scores.windows)), prior)


def found_in(subject: Subject, scored: Scored, settings: DetectionSettings) -> Found:
    """The moments under these settings."""
    key = f"{subject.key}{subject.model.state}{scored.digest}{prior_of(scored, settings.prior)}{_state(subject)}"
    return _found(scored, settings, key)


def _state(subject: Subject) -> tuple[int, int]:
    return state_of(subject.space.scores_path(subject.video.id, subject.person.id))


@st.cache_resource(max_entries=32, show_spinner=False)
def _found(_scored: Scored, settings: DetectionSettings, key: str) -> Found:
    return decide(_scored, settings)


def thresholds_in(subject: Subject, scored: Scored, settings: DetectionSettings) -> list[float]:
    """The thresholds that make a difference."""
    prior = prior_of(scored, settings.prior)
    return _thresholds(scored, prior, f"{subject.key}{subject.model.state}{scored.digest}{_state(subject)}")


@st.cache_resource(max_entries=32, show_spinner=False)
def _thresholds(_scored: Scored, prior: float, key: str) -> list[float]:
    return threshold_steps(_scored.scores.moved(_scored.labelled_share, prior))


def n_within(subject: Subject, scored: Scored, settings: DetectionSettings, seconds: float) -> tuple[int, int]:
    """How many of the best moments fit into some seconds, and out of how many (`moments.n_best`)."""
    return n_best(found_in(subject, scored, replace(settings, top_n=MOST_BEST)).moments, seconds)


def kept_settings(
    space: Workspace, video: Video, person: Person, duration: float | None, *, model: str | None
) -> DetectionSettings:
    """The settings of a model's kept result, else the usual ones."""
    try:
        result = read_detections(space, video.id, person.id).get(model or "")
        return DetectionSettings(**result["settings"]) if result else usual_settings(duration)
    except (StorageFault, KeyError, TypeError, ValueError):
        return usual_settings(duration)


def keep(subject: Subject, scored: Scored, found: Found, settings: DetectionSettings) -> None:
    """Keep the result under these settings, unless it is kept already. Raises Busy, StorageFault."""
    wanted = {"model": scored.model, "settings": asdict(settings), "moments": moments_as_json(found.moments)}
    result = latest_result(subject.space, subject.video, subject.person)
    if result is not None and all(result.get(name) == value for name, value in wanted.items()):
        return
    save_detections(subject.space, scored, found, settings)


# Why


@st.cache_resource(max_entries=3, show_spinner=False)
def _loaded(_subject: Subject, state: str) -> tuple[Any, dict[str, Any]]:
    return load_model(ModelStore(_subject.space).folder_of(_subject.model.name, _subject.person))


@dataclass(frozen=True, eq=False)
class Why:
    """Why a moment was found, and the labelled clips that are most like it."""

    explanation: Explanation
    nearest: list[Neighbour]


@st.cache_resource(max_entries=64, show_spinner=False)
def _why(_subject: Subject, _scored: Scored, place: tuple[float, float], leave_out: str, key: str) -> Why:
    library = library_of(_subject.space)
    explanation, values = explain_segment(
        library,
        _subject.video,
        _subject.person,
        Segment(*place),
        scored=_scored,
        load=lambda _folder: _loaded(_subject, _subject.model.state),
    )
    clips = clips_of(_subject.space, _subject.person)
    return Why(explanation, nearest_clips(values, clips, n=N_NEAREST, leave_out=[leave_out]))


def why(subject: Subject, scored: Scored, place: Segment, *, leave_out: str = "") -> Why:
    """Ask the model about a place; the labelled clip of this id is not among the nearest. Raises PunchlineError."""
    library = library_of(subject.space)
    series = library.state_of_series(subject.video.id, subject.person.id)
    key = f"{subject.key}{subject.model.state}{library.ledger.last_seq()}{series}{_state(subject)}"
    return _why(subject, scored, (place.start, place.end), leave_out, key)
