"""Why a moment was found: which features moved the score, and which labelled clips are like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.classifiers.clip_features import moments_of
from core.clip_dataset_builder import ClipDataset
from core.cues.cue import column_names
from core.detection.detect import Load, Scored, load_model, log_odds_by
from core.labels.event import LabelEvent
from core.people.person import Person
from core.segment import Segment
from core.series import FEATURES, PITCH, centred, hertz, resample
from core.training.card import options_of
from core.training.cue_columns import with_cues
from core.training.model_store import ModelStore
from core.workspace.library import Library
from core.workspace.registry import Video

# What is replaced together: emotions of one family share their probability, so one alone would say little.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "happiness": ("happiness",),
    "surprise": ("surprise",),
    "neutral": ("neutral",),
    "unpleasant": ("anger", "contempt", "disgust", "fear", "sadness"),
    "valence": ("valence",),
    "arousal": ("arousal",),
    "loudness": ("loudness",),
    "pitch": ("pitch",),
}
# Sentences for a group, or a cue, above and below what is usual. Their English is the key of their translation.
ABOVE = {
    "happiness": "happier than usual (+{difference:.2f})",
    "surprise": "more surprised than usual (+{difference:.2f})",
    "neutral": "more neutral than usual (+{difference:.2f})",
    "unpleasant": "more anger, contempt, disgust, fear or sadness than usual (+{difference:.2f})",
    "valence": "more pleasant than usual (+{difference:.2f})",
    "arousal": "more excited than usual (+{difference:.2f})",
    "loudness": "{difference:.0f} dB louder than usual",
    "pitch": "a voice in {share:.0%} of the time, at about {hertz:.0f} Hz",
    "laughter": "laughter is heard in {share:.0%} of the time",
    "chat": "viewers write {times:.1f} times as much as usual, {share:.0%} of them laugh",
}
BELOW = {
    "happiness": "less happy than usual ({difference:z.2f})",
    "surprise": "less surprised than usual ({difference:z.2f})",
    "neutral": "less neutral than usual ({difference:z.2f})",
    "unpleasant": "less anger, contempt, disgust, fear or sadness than usual ({difference:z.2f})",
    "valence": "less pleasant than usual ({difference:z.2f})",
    "arousal": "calmer than usual ({difference:z.2f})",
    "loudness": "{quieter:.0f} dB quieter than usual",
    "pitch": "no voice is heard",
    "laughter": "no laughter is heard",
    "chat": "viewers write nothing",
}
Floats = NDArray[np.floating]
LogOdds = Callable[[NDArray[np.float32]], Floats]


@dataclass(frozen=True)
class Contribution:
    """What a group of features did to the score.

    Attributes
    ----------
    group
        One of `GROUPS`, or a cue.
    change
        Log-odds that would be missing if the group had been as usual: above 0 it spoke for a funny moment.
    template, values
        A sentence about the group with places in braces, and what goes there: difference (from what is usual, mean over
        the clip; a group's sum), quieter (dB), share (of the time with a voice or laughter, of viewers), hertz, times.
    """

    group: str
    change: float
    template: str
    values: Mapping[str, float]

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Explanation:
    """Log-odds of a clip, those if all of it were as usual, and the groups between, the strongest first.

    Changes need not add up to the difference: groups may say the same, or count only together.
    """

    log_odds: float
    as_usual: float
    contributions: tuple[Contribution, ...]

    def reasons(self, n: int = 3, *, least: float = 0.1) -> list[Contribution]:
        """The groups that spoke most for a funny moment, by `least` log-odds or more."""
        return [c for c in self.contributions if c.change >= least][:n]


def explain(
    values: Floats, log_odds: LogOdds, *, cues: tuple[str, ...] = (), usual: Floats = np.zeros(len(FEATURES))
) -> Explanation:
    """Why a classifier scores a clip as it does, by occlusion.

    Each group of features, and each cue, is replaced by what is usual for the person in this video, which is 0 for
    features (for pitch 0 means no voice), and the log-odds are taken again (Zeiler and Fergus 2014,
    doi:10.1007/978-3-319-10590-1_53); any classifier will do. A missing value stays missing, and a group that is
    missing in the whole clip is left out.

    Parameters
    ----------
    values
        (n_rows, 12 + k) centred on what is usual, then the columns of cues; NaN where missing.
    log_odds
        Takes clips (n, n_rows, 12 + k) like this and gives (n,).
    cues, usual
        Names of the cues, and what is usual (12 + k,).
    """
    values = np.asarray(values, np.float32)
    places = {name: k for k, name in enumerate((*FEATURES, *column_names(cues)))}
    groups = {**GROUPS, **{name: column_names((name,)) for name in cues}}
    columns = {group: [places[name] for name in names] for group, names in groups.items()}
    there = [group for group, ks in columns.items() if not np.isnan(values[:, ks]).all()]
    variants = np.repeat(values[None], 2 + len(there), axis=0)
    for k, replaced in enumerate([list(places.values()), *(columns[group] for group in there)], 1):
        variants[k][:, replaced] = np.where(np.isnan(values[:, replaced]), np.nan, usual[replaced])
    answers = np.asarray(log_odds(variants), np.float64)
    changes = zip(there, (answers[0] - answers[2:]).tolist())
    contributions = [
        Contribution(group, change, *_sentence(group, values[:, columns[group]])) for group, change in changes
    ]
    contributions.sort(key=lambda c: -abs(c.change))
    return Explanation(float(answers[0]), float(answers[1]), tuple(contributions))


def explain_segment(
    library: Library, video: Video, person: Person, segment: Segment, *, scored: Scored, load: Load = load_model
) -> tuple[Explanation, NDArray[np.float32]]:
    """`explain` for a place in a video that was scored, such as the best window of a moment; and that clip, centred.

    The clip (n_rows, 12) is centred on what the scores were told against.

    Raises
    ------
    ModelFault, WorkspaceFault, SeriesTooShort
        If there is no such model, the video is not analysed, or the place lies outside it.
    """
    fitted, card = load(ModelStore(library.workspace).folder_of(scored.model, person))
    taken = options_of(card, name=scored.model)
    asked = with_cues(fitted, card, library, video.id)
    series = library.series_of(video, person).series
    clip = resample(series, segment, n_rows=taken.n_rows, sampling=taken.sampling_of(series))
    values, times = centred(clip.values, scored.usual), clip.sample_timestamps

    def log_odds(X: NDArray[np.float32]) -> Floats:
        return log_odds_by(fitted, X, np.repeat(times[None], len(X), axis=0))

    usual = np.concatenate([np.zeros(len(FEATURES)), asked.usual()])
    whole = np.concatenate([values, asked.columns(times)], axis=1)
    return explain(whole, log_odds, cues=asked.names, usual=usual), values


def _sentence(group: str, values: NDArray[np.float32]) -> tuple[str, dict[str, float]]:
    """What a group was like, and the numbers in it; `values` (n_rows, k) hold something."""
    known = values[~np.isnan(values).any(axis=1)]
    if group == "pitch":
        voiced = known[known > 0]
        if not len(voiced):
            return BELOW[group], {}
        return ABOVE[group], {"share": len(voiced) / len(known), "hertz": hertz(float(np.median(voiced)))}
    if group == "laughter":
        share = float((known[:, 0] >= 0.5).mean())
        return (ABOVE[group], {"share": share}) if share else (BELOW[group], {})
    if group == "chat":
        if not len(known):
            return BELOW[group], {}
        return ABOVE[group], {"times": float(np.exp(np.nanmean(values[:, 0]))), "share": float(known[:, 1].mean())}
    difference = float(np.nansum(values, axis=1)[~np.isnan(values).all(axis=1)].mean())
    if difference >= 0:
        return ABOVE[group], {"difference": difference}
    return BELOW[group], {"difference": difference} | ({"quieter": -difference} if group == "loudness" else {})


# Clips like it


@dataclass(frozen=True)
class Neighbour:
    """A labelled clip and how far it is from the one asked about: 1 is as far as two clips usually differ."""

    event: LabelEvent
    distance: float


def clip_summary(X: Floats) -> Floats:
    """Mean, deviation and greatest value of each feature: clips (n, rows, 12) -> (n, 36); 0 where nothing was seen.

    Pitch is summarised over the voiced rows.
    """
    X = np.array(X, np.float64)
    X[..., PITCH] = np.where(X[..., PITCH] == 0, np.nan, X[..., PITCH])
    mean, spread, _, greatest = moments_of(X, ~np.isnan(X))
    return np.concatenate([mean, spread, greatest], axis=1)


def nearest_clips(values: Floats, clips: ClipDataset, *, n: int = 3, leave_out: Sequence[str] = ()) -> list[Neighbour]:
    """The labelled clips that are most like a clip, the nearest first.

    Clips are compared by `clip_summary`, each number in units of its deviation over the labelled clips; the distance is
    the root of the mean square. Clips that may not be trained on are not compared with.

    Parameters
    ----------
    values
        (n_rows, 12) centred on what is usual, NaN where missing.
    leave_out
        Ids of clips that are not wanted, such as that of the moment itself.
    """
    usable = [k for k in np.flatnonzero(clips.usable).tolist() if clips.events[k].clip_id not in leave_out]
    if not usable:
        return []
    known = clip_summary(clips.inputs[usable])
    deviation = known.std(axis=0)
    scale = np.where(deviation > 1e-6, deviation, np.inf)  # what never differs says nothing
    distance = np.sqrt((((known - clip_summary(np.asarray(values)[None])) / scale) ** 2).mean(axis=1) / 2)
    order = np.argsort(distance, kind="stable")[:n]
    return [Neighbour(clips.events[usable[k]], float(distance[k])) for k in order.tolist()]
