"""What followed what: stretches of one strongest emotion, transitions between them, successions that come again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.analysis.emotions import inside, row_seconds, sides, strongest
from core.segment import Segment
from core.series import EMOTIONS, TimeSeries

Matrix = NDArray[np.intp]

MAX_GAP = 1.0  # seconds without a face over which one emotion still follows another


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
    before, after = sides(series)
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
