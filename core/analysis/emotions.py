"""What a series tells about a person: shares of emotions, how one follows another, summaries of a range, peaks.

A missing value is NaN, takes part in nothing, and its time is told apart; it is never taken for 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.segment import Segment
from core.series import EMOTIONS, FEATURES, PITCH_REFERENCE, Source, TimeSeries

MAX_GAP = 1.0  # seconds without a face over which one emotion still follows another
LOUDNESS = FEATURES.index("loudness")
Floats = NDArray[np.floating]
Matrix = NDArray[np.intp]
By = Literal["strongest", "probability"]


def row_seconds(series: TimeSeries) -> Floats:
    """The time (n_frames,) that each row stands for: half-way to its neighbours, at most a sample period to each side.

    Where the samples lie further apart, the time between is nobody's.
    """
    before, after = _sides(series)
    return before + after


def _sides(series: TimeSeries) -> tuple[Floats, Floats]:
    """Seconds (n_frames,) that each row stands for before and after its time."""
    half = np.minimum(np.diff(series.timestamps) / 2, series.sample_period)
    end = np.full(min(len(series), 1), series.sample_period / 2)
    return np.concatenate([end, half]), np.concatenate([half, end])


def pitch_in_hertz(series: TimeSeries) -> Floats:
    """The pitch (n_frames,) in Hz, NaN where there is no voice: that is a gap, not a low voice."""
    pitch = series.column("pitch").astype(np.float64)
    return PITCH_REFERENCE * 2 ** (np.where(pitch > 0, pitch, np.nan) / 12)


def inside(series: TimeSeries, chosen: Segment | None) -> NDArray[np.bool_]:
    """The rows (n_frames,) in a range; all if None."""
    if chosen is None:
        return np.ones(len(series), bool)
    t = series.timestamps
    mask: NDArray[np.bool_] = (t >= chosen.start) & (t < chosen.end)
    return mask


def strongest(series: TimeSeries) -> NDArray[np.intp]:
    """The strongest emotion (n_frames,) by its place in `EMOTIONS`, -1 where any of them is missing."""
    p = series.values[:, : len(EMOTIONS)]
    missing = np.isnan(p)
    return np.where(missing.any(axis=1), -1, np.where(missing, 0, p).argmax(axis=1))


# Shares


@dataclass(frozen=True)
class EmotionShares:
    """How the time goes to the emotions.

    `shares` sum to 1 over the time in which the face was seen; they are NaN where it never was. Seconds are those in
    which the face was seen, in which it was filled in between two sightings, and the rest.
    """

    shares: Mapping[str, float]
    seen: float
    interpolated: float
    missing: float


def emotion_shares(series: TimeSeries, *, chosen: Segment | None = None, by: By = "strongest") -> EmotionShares:
    """The share of the time in which the face was seen that goes to each emotion, each row weighted by its time.

    Parameters
    ----------
    chosen
        A range; the whole series if None.
    by
        ``strongest`` gives a row's time to its strongest emotion, ``probability`` to all by their probabilities.
    """
    mask = inside(series, chosen)
    seconds = row_seconds(series)
    best = strongest(series)
    seen = mask & series.observed & (best >= 0)
    weight = seconds[seen]
    per_emotion: Floats
    if by == "strongest":
        per_emotion = np.bincount(best[seen], weight, len(EMOTIONS)).astype(np.float64)
    else:
        per_emotion = weight @ series.values[seen, : len(EMOTIONS)].astype(np.float64)
    total = per_emotion.sum()
    shares = per_emotion / total if total > 0 else np.full(len(EMOTIONS), np.nan)
    between = float(seconds[mask & (series.source == Source.INTERPOLATED)].sum())
    return EmotionShares(
        shares=dict(zip(EMOTIONS, shares.tolist())),
        seen=float(weight.sum()),
        interpolated=between,
        missing=float(seconds[mask].sum() - weight.sum() - between),
    )


# Transitions


@dataclass(frozen=True, order=True)
class EmotionRun(Segment):
    """A stretch with one strongest emotion. `follows` is false where the face was not seen for long before it."""

    emotion: str
    follows: bool = True


def emotion_runs(
    series: TimeSeries, *, chosen: Segment | None = None, min_dwell: float = 1.0, max_gap: float = MAX_GAP
) -> list[EmotionRun]:
    """The stretches with one strongest emotion, in order of time.

    Parameters
    ----------
    min_dwell
        Seconds that an emotion must last; a shorter one is passed over, and one that goes on after it is one stretch.
    max_gap
        Seconds without a face over which one emotion still follows another.
    """
    best = strongest(series)
    before, after = _sides(series)
    rows = np.flatnonzero(inside(series, chosen) & (best >= 0))
    if len(rows) == 0:
        return []
    t = series.timestamps
    apart = np.diff(t[rows]) > max_gap + series.sample_period
    cuts = np.flatnonzero(apart | (np.diff(best[rows]) != 0)) + 1
    begins, ends = rows[np.append(0, cuts)], rows[np.append(cuts, len(rows)) - 1]
    unseen = np.append(True, apart[cuts - 1])  # before each stretch
    runs: list[EmotionRun] = []
    broken = True
    for first, last, gap in zip(begins.tolist(), ends.tolist(), unseen.tolist()):
        broken = broken or gap
        start, end = float(t[first] - before[first]), float(t[last] + after[last])
        if end - start < min_dwell - 1e-6:
            continue
        emotion = EMOTIONS[best[first]]
        if runs and not broken and runs[-1].emotion == emotion:
            runs[-1] = EmotionRun(runs[-1].start, end, emotion, runs[-1].follows)
        else:
            runs.append(EmotionRun(start, end, emotion, follows=bool(runs) and not broken))
        broken = False
    return runs


def transition_matrix(runs: Sequence[EmotionRun]) -> Matrix:
    """How often each emotion (8, 8; row) gave way to each other one (column), in `EMOTIONS` order."""
    matrix = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.intp)
    for before, after in pairwise(runs):
        if after.follows:
            matrix[EMOTIONS.index(before.emotion), EMOTIONS.index(after.emotion)] += 1
    return matrix


@dataclass(frozen=True)
class Pattern:
    """Emotions that followed one another, and every time they did: from the first one's start to the last one's end."""

    emotions: tuple[str, ...]
    occurrences: tuple[Segment, ...]


def patterns(runs: Sequence[EmotionRun], *, length: int = 3) -> list[Pattern]:
    """All successions of so many emotions, such as neutral, happiness, surprise: the most frequent first.

    Occurrences may overlap: the end of one may be the beginning of the next.
    """
    places: dict[tuple[str, ...], list[Segment]] = {}
    for k in range(len(runs) - length + 1):
        part = runs[k : k + length]
        if all(run.follows for run in part[1:]):
            names = tuple(run.emotion for run in part)
            places.setdefault(names, []).append(Segment(part[0].start, part[-1].end))
    ordered = sorted(places.items(), key=lambda item: (-len(item[1]), item[1][0].start))
    return [Pattern(names, tuple(segments)) for names, segments in ordered]


def occurrences(runs: Sequence[EmotionRun], emotions: Iterable[str]) -> list[Segment]:
    """Every time these emotions followed one another directly, in order of time."""
    wanted = tuple(emotions)
    unknown = set(wanted) - set(EMOTIONS)
    if unknown or not wanted:
        raise ValueError(f"unknown emotions {sorted(unknown)}, expected some of {', '.join(EMOTIONS)}")
    return next((list(p.occurrences) for p in patterns(runs, length=len(wanted)) if p.emotions == wanted), [])


def emotion_strip(series: TimeSeries, span: Segment, *, n_parts: int = 600) -> list[EmotionRun]:
    """Stretches of one strongest emotion in a range, few enough to draw.

    Where there are more rows than twice `n_parts`, the range is cut into equal parts, and each is the emotion that
    takes most of its time; parts in which the face was never seen are left out.
    """
    best, t = strongest(series), series.timestamps
    rows = np.flatnonzero((best >= 0) & (t >= span.start) & (t < span.end))
    if len(rows) <= 2 * n_parts:
        runs = emotion_runs(series, chosen=span, min_dwell=0.0)
        return [replace(r, start=max(r.start, span.start), end=min(r.end, span.end)) for r in runs]
    width = span.duration / n_parts
    part = np.minimum(((t[rows] - span.start) / width).astype(np.intp), n_parts - 1)
    seconds = np.zeros((n_parts, len(EMOTIONS)))
    np.add.at(seconds, (part, best[rows]), row_seconds(series)[rows])
    kind = np.where(seconds.sum(axis=1) > 0, seconds.argmax(axis=1), -1)
    edges = np.flatnonzero(np.diff(np.concatenate([[-2], kind, [-2]]))).tolist()
    return [
        EmotionRun(span.start + a * width, span.start + b * width, EMOTIONS[kind[a]])
        for a, b in pairwise(edges)
        if kind[a] >= 0
    ]


# Summaries


@dataclass(frozen=True)
class FeatureSummary:
    """A feature in a range: mean by time, least and greatest with their times, all None where it is never there.

    `seen_share` is the share of the range's time in which it is there.
    """

    mean: float | None
    least: float | None
    least_at: float | None
    greatest: float | None
    greatest_at: float | None
    seen_share: float


@dataclass(frozen=True)
class Summary:
    """A range of a series: its seconds of rows, the share in which the face was seen, its loudest time, its features.

    `loudest_at` is None without sound.
    """

    seconds: float
    seen_share: float
    loudest_at: float | None
    features: Mapping[str, FeatureSummary]
    emotions: EmotionShares


def summarise_range(series: TimeSeries, chosen: Segment | None = None) -> Summary:
    """What happens in a range. Features of the face are taken where it was seen, not where it was filled in.

    Pitch is taken where there is a voice: 0 says that there is none.
    """
    mask = inside(series, chosen)
    seconds = np.where(mask, row_seconds(series), 0.0)
    total = float(seconds.sum())
    features = {}
    for k, name in enumerate(FEATURES):
        values = series.values[:, k].astype(np.float64)
        there = mask & ~np.isnan(values) & (series.observed if k < LOUDNESS else True)
        if name == "pitch":
            there &= values > 0
        features[name] = _feature_summary(values, there, seconds, series.timestamps)
    seen = float(seconds[series.observed].sum())
    return Summary(
        seconds=total,
        seen_share=seen / total if total > 0 else 0.0,
        loudest_at=features["loudness"].greatest_at,
        features=features,
        emotions=emotion_shares(series, chosen=chosen),
    )


def _feature_summary(values: Floats, there: NDArray[np.bool_], seconds: Floats, timestamps: Floats) -> FeatureSummary:
    rows, total = np.flatnonzero(there), float(seconds.sum())
    if len(rows) == 0:
        return FeatureSummary(None, None, None, None, None, 0.0)
    least, greatest = rows[values[rows].argmin()], rows[values[rows].argmax()]
    weight = seconds[rows]
    return FeatureSummary(
        mean=float(np.average(values[rows], weights=weight)),
        least=float(values[least]),
        least_at=float(timestamps[least]),
        greatest=float(values[greatest]),
        greatest_at=float(timestamps[greatest]),
        seen_share=float(weight.sum()) / total,
    )


# Peaks


@dataclass(frozen=True)
class Peak:
    """A time at which a feature is high: `above` is by how much it exceeds the feature's median."""

    time: float
    value: float
    above: float


def feature_peaks(
    series: TimeSeries, feature: str, *, n: int = 10, apart: float = 7.0, chosen: Segment | None = None
) -> list[Peak]:
    """The highest local maxima of a feature above its median, the highest first.

    Parameters
    ----------
    n
        So many at most.
    apart
        Seconds: none lies nearer to a higher one.

    Raises
    ------
    ValueError
        If there is no such feature.
    """
    if feature not in FEATURES:
        raise ValueError(f"unknown feature {feature!r}, expected one of {', '.join(FEATURES)}")
    column = series.values[:, FEATURES.index(feature)].astype(np.float64)
    known = column[~np.isnan(column)]
    if len(known) == 0:
        return []
    usual = float(np.median(known))
    level = np.concatenate([[-np.inf], np.where(np.isnan(column), -np.inf, column), [-np.inf]])
    # Of a plateau the first row is taken.
    is_peak = (level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:]) & (level[1:-1] > usual) & inside(series, chosen)
    rows = np.flatnonzero(is_peak)
    rows = rows[np.argsort(-column[rows], kind="stable")]
    peaks: list[Peak] = []
    for time, value in zip(series.timestamps[rows].tolist(), column[rows].tolist()):
        if len(peaks) < n and all(abs(time - other.time) >= apart for other in peaks):
            peaks.append(Peak(time, value, value - usual))
    return peaks
