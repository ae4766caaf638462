"""The funny moments of a person in a video: `score` does everything costly, `decide` what a slider changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.clip_dataset_builder import clip_digest
from core.detection.candidates import best_threshold, candidates
from core.detection.loud_stretches import LoudStretch, loud_stretches, loudness_by_step
from core.detection.moments import OFFSET, Moment, Rules, best_moments, moments
from core.errors import PunchlineError, Sentence
from core.labels.contradictions import counting
from core.labels.event import LabelEvent
from core.labels.rules import MAX_FAILED_RATIO
from core.people.person import Person
from core.segment import Segment
from core.series import LOUDNESS, Sampling, TimeSeries, centred
from core.sliding_window_processor import DURATIONS, Curve, Scores, Windows, runs, score_windows, sliding_windows
from core.training.card import check_model, labelled_share, options_of
from core.training.cue_columns import with_cues
from core.training.model_store import ModelStore
from core.workspace.library import Library
from core.workspace.registry import Video

USUAL_SHARE = 0.01  # of random clips that are funny, where labels do not tell
MIN_RANDOM = 30  # labels of random clips from which they tell
LEAST = 0.05  # probability below which nothing is a moment: a list down to it would be wrong nine times in ten
SURE = 1e-7  # nearest to 0 and 1 that a probability is believed
SHORT = 600.0  # seconds
Floats = NDArray[np.floating]
Prior = Literal["auto", "labels"] | float
OnProgress = Callable[[float, float], None]
Load = Callable[[Path], tuple[Any, dict[str, Any]]]


# What settings may be: a sentence on one that is not, its names, and what is fine.
_RANGES: tuple[tuple[str, tuple[str, ...], Callable[[Any], bool]], ...] = (
    ("{name} is {value}, expected 0 to 1", ("threshold", "offset"), lambda v: v is None or 0 <= v <= 1),
    ("{name} is {value}, expected more than 0, or none", ("max_per_hour", "top_n"), lambda v: v is None or v > 0),
    ("{name} is {value} s, expected 0 or more", ("min_duration_on", "min_duration_off"), lambda v: 0 <= v < np.inf),
)


@dataclass(frozen=True)
class DetectionSettings:
    """What a user can choose without scoring again.

    Attributes
    ----------
    threshold
        Height of the curve from which a moment counts, in [0, 1]; None is the one with the best expected F1.
    offset
        Height down to which it lasts; None is half the threshold.
    prior
        Share of clips that are funny, in (0, 1): that among the person's randomly chosen labels (``auto``; 1 % while
        these are too few; at least what of the video itself is labelled funny), that among all labels the model was
        trained on (``labels``), or a number.
    max_per_hour
        Only so many of the best per hour of video, at least one; None keeps all.
    min_duration_on, min_duration_off
        Seconds: shorter moments are dropped, moments with shorter gaps joined.
    top_n
        The so many best moments whatever they score: neither a threshold nor `max_per_hour` counts then.

    Raises
    ------
    PunchlineError
        If a value cannot be.
    """

    threshold: float | None = None
    offset: float | None = None
    prior: Prior = "auto"
    max_per_hour: float | None = 12.0
    min_duration_on: float = 0.0
    min_duration_off: float = 1.0
    top_n: int | None = None

    def __post_init__(self) -> None:
        faults = []
        for sentence, names, fine in _RANGES:
            values = {name: getattr(self, name) for name in names}
            faults += [Sentence(sentence, name=name, value=value) for name, value in values.items() if not fine(value)]
        if not (self.prior in ("auto", "labels") or (isinstance(self.prior, float) and 0 < self.prior < 1)):
            expected = "prior is {prior!r}, expected auto, labels, or a share between 0 and 1"
            faults.append(Sentence(expected, prior=self.prior))
        if faults:
            raise PunchlineError("{faults}", faults=Sentence.several(faults))


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model says of a person's series.

    Attributes
    ----------
    scores
        Of every window, at the share of funny clips that the model was trained on.
    loudness
        (n_steps,) the loudest row in each step of the curve in dB above what is usual; NaN without sound.
    labelled_share, random_share, n_random
        Share of funny clips the model was trained on; that among the person's randomly chosen labels, None while they
        are too few; their number.
    funny_share
        What of the video itself is labelled funny: so much of it is funny at least.
    usual
        (12,) what was taken as usual for the person. It stays what it was then, whatever is extracted since.
    digest, trained
        A short name for what decides the series, and when the model was made: what the scores hold for.
    warnings
        In which respect the series differs from those the model was trained on, in sentences.
    """

    video_id: str
    video_name: str
    person_id: str
    person: str
    model: str
    scores: Scores
    loudness: Floats
    labelled_share: float
    random_share: float | None
    n_random: int
    usual: Floats
    digest: str
    trained: str = ""
    warnings: tuple[str, ...] = ()
    funny_share: float = 0.0


@dataclass(frozen=True, eq=False)
class Found:
    """What was decided: the moments in order of time, and what it was decided by.

    `threshold` is None where `top_n` was asked for. `not_judged` are the stretches in which the face is seen too
    little, `loud` the loud ones among them.
    """

    moments: tuple[Moment, ...]
    curve: Curve
    threshold: float | None
    prior: float
    not_judged: tuple[Segment, ...]
    loud: tuple[LoudStretch, ...]

    @property
    def not_judged_s(self) -> float:
        """Seconds that no judged window holds."""
        return float(sum(stretch.duration for stretch in self.not_judged))

    def best(self, n: int) -> list[Moment]:
        """The `n` best moments, the best first."""
        return sorted(self.moments, key=lambda moment: (-moment.score, moment.start))[:n]


# Scores


def score(
    library: Library,
    video: Video,
    person: Person,
    *,
    model: str | None = None,
    n_rows: int | None = None,
    sampling: Sampling | None = None,
    on_progress: OnProgress | None = None,
    load: Load | None = None,
) -> Scored:
    """Score every window of a person's series: 5 h take seconds, with a light model.

    Parameters
    ----------
    model
        Name of a trained model; None is the one that the person uses.
    n_rows, sampling
        How windows are to be taken; None is as the clips were that the model learned from, else it is refused.
    on_progress
        Called with (completed, total) windows.
    load
        Gives a fitted classifier and its card from a folder; `load_model` if None.

    Raises
    ------
    ModelFault
        If there is no such model, or it was made for another emotion model, sound, features or way of taking clips;
        names all of these at once.
    WorkspaceFault
        If the video is not analysed.
    """
    folder = ModelStore(library.workspace).folder_of(model, person)
    fitted, card = (load or load_model)(folder)
    person_series = library.series_of(video, person)
    series = person_series.series
    about = {"name": folder.name, "person_id": person.id}
    warnings = check_model(card, person_series.parameters, **about, n_rows=n_rows, sampling=sampling)
    fitted = with_cues(fitted, card, library, video.id)
    usual = library.usual_for(video, person)
    share = labelled_share(card, name=folder.name)
    windows = sliding_windows(series)
    taken = options_of(card, name=folder.name)

    def log_odds(values: Floats, timestamps: Floats) -> Floats:
        return log_odds_by(fitted, centred(values, usual), timestamps)

    how: dict[str, Any] = {"n_rows": taken.n_rows, "sampling": taken.sampling_of(series), "on_progress": on_progress}
    scores = score_windows(series, windows, log_odds, max_failed_ratio=MAX_FAILED_RATIO, **how)
    return Scored(
        video_id=video.id,
        video_name=video.name,
        person_id=person.id,
        person=person.name,
        model=folder.name,
        scores=scores,
        loudness=loudness_by_step(series, windows, float(np.nan_to_num(usual[LOUDNESS]))),
        labelled_share=share,
        **shares_of_labels(counting(library.ledger, person_id=person.id), video.id, windows),
        usual=usual,
        digest=clip_digest(person_series, taken),
        trained=str(card.get("created", "")),
        warnings=(*_of_another(card, folder.name, person), *warnings, *_too_short(series, windows)),
    )


def _of_another(card: Mapping[str, Any], name: str, person: Person) -> Iterator[str]:
    if card.get("person_id", person.id) != person.id:
        whose = card.get("person", card["person_id"])
        yield Sentence("the model {folder} was trained for {person}", folder=name, person=whose)


def _too_short(series: TimeSeries, windows: Windows) -> Iterator[str]:
    if not len(windows):
        yield Sentence(
            "{span:.1f} s were read, and a moment takes at least {shortest:.0f} s: there can be none",
            span=float(series.timestamps[-1] - series.timestamps[0]) if len(series) else 0.0,
            shortest=min(DURATIONS),
        )


def load_model(folder: Path) -> tuple[Any, dict[str, Any]]:
    """A fitted classifier and its card. Raises ModelFault."""
    from core.funny_moment_classifier import FunnyMomentClassifier

    return FunnyMomentClassifier.load(folder)


def log_odds_by(fitted: Any, X: NDArray[np.float32], timestamps: Floats) -> Floats:
    """Log-odds (n,) of clips X (n, rows, d) at the labelled mix, by any classifier with `predict_proba`.

    The times of the rows (n, rows) go along where the classifier was trained with them (`uses_timestamps_`).
    """
    more = {"timestamps": timestamps} if getattr(fitted, "uses_timestamps_", False) else {}
    p = np.clip(np.asarray(fitted.predict_proba(X, **more), np.float64)[:, 1], SURE, 1 - SURE)
    log_odds: Floats = np.log(p) - np.log1p(-p)
    return log_odds


def share_of_random(events: Iterable[LabelEvent]) -> tuple[float | None, int]:
    """The share of funny clips among those that were chosen at random, None while there are under 30, and their number.

    The estimate is the mean under Jeffreys' prior, ``(k + 1/2) / (n + 1)`` (Brown, Cai and DasGupta 2001,
    doi:10.1214/ss/1009213286): none funny among 30 means 1.6 %, not none at all.
    """
    labels = [event.label for event in events if event.origin == "random" and event.label is not None]
    n = len(labels)
    return ((sum(labels) + 0.5) / (n + 1) if n >= MIN_RANDOM else None), n


def share_labelled_funny(events: Iterable[LabelEvent], seconds: float) -> float:
    """The share of so many seconds of a video that its funny labels cover; moments that were accepted do not count.

    They are found under the share, so with them it would grow while they are reviewed.
    """
    funny = sorted((event.start, event.end) for event in events if event.label == 1 and event.origin != "accepted")
    covered = until = 0.0
    for start, end in funny:
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered / seconds if seconds > 0 else 0.0


def shares_of_labels(events: Sequence[LabelEvent], video_id: str, windows: Windows) -> dict[str, Any]:
    """What a person's labels tell of the share of funny clips in a video, as fields of `Scored`."""
    random_share, n_random = share_of_random(events)
    of_video = (event for event in events if event.video_id == video_id)
    funny_share = share_labelled_funny(of_video, windows.n_steps * windows.step)
    return {"random_share": random_share, "n_random": n_random, "funny_share": funny_share}


# Decisions


def prior_of(scored: Scored, prior: Prior) -> float:
    """The share of funny clips that a choice of prior stands for.

    What is labelled funny in the video itself is the least that ``auto`` expects, but not more than among the labels.
    """
    if prior == "auto":
        usual = USUAL_SHARE if scored.random_share is None else scored.random_share
        return max(usual, min(scored.funny_share, scored.labelled_share))
    return scored.labelled_share if prior == "labels" else float(prior)


def usual_settings(duration: float | None) -> DetectionSettings:
    """What a first look takes: no limit per hour in a video of so few seconds that next to nothing would be left."""
    return DetectionSettings(max_per_hour=None) if duration is not None and duration < SHORT else DetectionSettings()


def decide(scored: Scored, settings: DetectionSettings = DetectionSettings()) -> Found:
    """The moments under these settings: a pure function, quick enough for a slider.

    The scores are moved from the labelled share to the expected one; moments are then told on the
    curve of their probabilities (`core.detection.moments.moments`).
    """
    prior = prior_of(scored, settings.prior)
    scores = scored.scores.moved(scored.labelled_share, prior)
    threshold = None if settings.top_n is not None else settings.threshold
    if threshold is None:
        places = candidates(scores)
        # Where nothing is likely, the best of it is still no moment.
        threshold = max(best_threshold(places.probability, places.level), LEAST)
    offset = threshold * OFFSET if settings.offset is None else min(settings.offset, threshold)
    rules = Rules(threshold, offset, settings.min_duration_on, settings.min_duration_off)
    kept = moments(scores, rules)
    if settings.top_n is not None:
        threshold, kept = None, best_moments(scores, settings.top_n, kept)
    elif settings.max_per_hour is not None and kept:
        hours = scores.windows.n_steps * scores.windows.step / 3600
        best = sorted(kept, key=lambda m: (-m.score, m.start))[: max(1, round(settings.max_per_hour * hours))]
        kept = sorted(best, key=lambda m: m.start)
    not_judged = np.isnan(scores.curve.scores)
    return Found(
        moments=tuple(kept),
        curve=scores.curve,
        threshold=threshold,
        prior=prior,
        not_judged=tuple(Segment(scores.windows.time(a), scores.windows.time(b)) for a, b in runs(not_judged).tolist()),
        loud=tuple(loud_stretches(scored.loudness, scored.scores.windows, not_judged)),
    )
