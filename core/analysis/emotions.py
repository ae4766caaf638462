"""What a series tells about a person: shares of emotions, summaries of a range, peaks.

A missing value is NaN, takes part in nothing, and its time is told apart; it is never taken for 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.segment import Segment
from core.series import EMOTIONS, FEATURES, PITCH_REFERENCE, Source, TimeSeries

LOUDNESS = FEATURES.index("loudness")
Floats = NDArray[np.floating]
By = Literal["strongest", "probability"]


def row_seconds(series: TimeSeries) -> Floats:
    """The time (n_frames,) that each row stands for: half-way to its neighbours, at most a sample period to each side.

    Where the samples lie further apart, the time between is nobody's.
    """
    before, after = sides(series)
    return before + after


def sides(series: TimeSeries) -> tuple[Floats, Floats]:
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
