"""Intervals of time: segments, labelled segments, detections, and how many windows fit into a span."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite

TOLERANCE = 1e-6  # seconds: an overlap of just half is none


@dataclass(frozen=True, order=True)
class Segment:
    """A half-open interval ``[start, end)`` in seconds from the video's start.

    Raises
    ------
    ValueError
        If a bound is not finite or the end does not lie after the start.
    """

    start: float
    end: float

    def __post_init__(self) -> None:
        if not (isfinite(self.start) and isfinite(self.end) and self.start < self.end):
            raise ValueError(f"a segment needs finite start < end, got start={self.start}, end={self.end}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def middle(self) -> float:
        """The time half-way, in seconds."""
        return (self.start + self.end) / 2

    def __contains__(self, time: float) -> bool:
        return self.start <= time < self.end


@dataclass(frozen=True, order=True)
class LabeledSegment(Segment):
    """A segment that somebody judged: the truth. `label` is 0 (not funny) or 1 (funny)."""

    label: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label not in (0, 1):
            raise ValueError(f"a label is 0 (not funny) or 1 (funny), got {self.label!r}")


@dataclass(frozen=True, order=True)
class Detection(Segment):
    """A segment that a classifier found: the prediction. `score` lies in [0, 1]."""

    score: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score lies in [0, 1], got {self.score!r}")


def n_windows(span: float, *, duration: float, step: float) -> int:
    """Number of windows of `duration` seconds, `step` apart, that fit whole into `span` seconds."""
    if duration <= 0 or step <= 0:
        raise ValueError(f"duration and step must be positive, got {duration} and {step}")
    return max(0, floor((span - duration) / step + 1e-9) + 1)


def mostly_shared(a: Segment, b: Segment) -> bool:
    """Whether two segments share more than half of the shorter one: then they are about the same place."""
    return min(a.end, b.end) - max(a.start, b.start) > min(a.duration, b.duration) / 2 + TOLERANCE


def tiou(a: Segment, b: Segment) -> float:
    """Temporal intersection over union of two segments, in [0, 1]."""
    overlap = min(a.end, b.end) - max(a.start, b.start)
    if overlap <= 0:
        return 0.0
    return overlap / (a.duration + b.duration - overlap)


def clock(seconds: float, *, digits: int = 0) -> str:
    """Seconds as m:ss or h:mm:ss with so many digits after the point, cut off as a running clock shows them."""
    units = floor(max(0.0, seconds) * 10**digits + 1e-6)
    whole, part = divmod(units, 10**digits)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{shown}.{part:0{digits}d}" if digits else shown


def length(seconds: float, words: str = "{n} s") -> str:
    """How long something lasts: whole seconds below a minute, so that it reads as no place in a video; else m:ss.

    `words` say the seconds in another language.
    """
    whole = floor(max(0.0, seconds) + 0.5)
    return words.format(n=whole) if whole < 60 else clock(max(60.0, seconds))
