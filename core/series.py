"""The 12-d time series: values and their time axis in one type, gap filling, dynamic frame skip, baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import Sentence, SeriesTooShort
from core.segment import Segment

EMOTIONS = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
FACE_FEATURES = (*EMOTIONS, "valence", "arousal")
AUDIO_FEATURES = ("loudness", "pitch")
FEATURES = (*FACE_FEATURES, *AUDIO_FEATURES)
N_FACE = len(FACE_FEATURES)
PITCH_REFERENCE = 55.0  # Hz, the note A1: a pitch is counted in semitones above it
LOUDNESS, PITCH = FEATURES.index("loudness"), FEATURES.index("pitch")
# Seconds: two samples whose distances differ by less are equally close. Containers and clips round times to 1 ms, so
# that distances differ by 2 ms or 3, and none by this.
TIE = 2.5e-3

Fill = Literal["linear", "nearest", "none"]
Sampling = Literal["nearest", "linear"]
Floats = NDArray[np.floating]


class Source(IntEnum):
    """Where the face features of a row come from, best first; a larger value is worse."""

    DETECTED = 0
    RELAXED = 1
    INTERPOLATED = 2
    MISSING = 3


def hertz(semitones: float) -> float:
    """A pitch of a series, in Hz; NaN for NaN."""
    return float(PITCH_REFERENCE * 2 ** (semitones / 12))


def _frozen(array: NDArray[Any], dtype: type, name: str, *shape: int) -> NDArray[Any]:
    """A read-only view, or a copy where needed, of `array` with this dtype, checked against `shape`."""
    out: NDArray[Any] = np.asarray(array, dtype=dtype).view()
    if out.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {out.shape}")
    out.flags.writeable = False
    return out


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """Feature values with the time of every row.

    Attributes
    ----------
    values
        (n_frames, 12) float32 in `FEATURES` order; NaN where missing, never 0.
    timestamps
        (n_frames,) float64 seconds from the video's start, strictly increasing.
    source
        (n_frames,) uint8, a `Source` a row; it speaks of the ten face features.
    sample_rate
        Nominal samples per second (Hz); its inverse is the sample period.

    Raises
    ------
    ValueError
        If shapes disagree, timestamps are not finite and strictly increasing, or a source is none.
    """

    values: Floats
    timestamps: Floats
    source: NDArray[np.uint8]
    sample_rate: float

    def __post_init__(self) -> None:
        n = np.size(self.timestamps)
        timestamps = _frozen(self.timestamps, np.float64, "timestamps", n)
        object.__setattr__(self, "timestamps", timestamps)
        object.__setattr__(self, "values", _frozen(self.values, np.float32, "values", n, len(FEATURES)))
        object.__setattr__(self, "source", _frozen(self.source, np.uint8, "source", n))
        if not np.isfinite(timestamps).all() or (np.diff(timestamps) <= 0).any():
            raise ValueError("timestamps must be finite and strictly increasing")
        if n and self.source.max() > Source.MISSING:
            raise ValueError(f"source must be from 0 to {Source.MISSING:d}, got {self.source.max()}")
        if not self.sample_rate > 0:
            raise ValueError(f"sample_rate must be positive, got {self.sample_rate}")

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def sample_period(self) -> float:
        """Seconds between two samples, nominally."""
        return 1.0 / self.sample_rate

    @property
    def observed(self) -> NDArray[np.bool_]:
        """(n_frames,) true where the person's face was really seen."""
        return self.source <= Source.RELAXED

    def column(self, feature: str) -> Floats:
        """One feature (n_frames,), NaN where missing."""
        return self.values[:, FEATURES.index(feature)]

    def unseen(self) -> list[Segment]:
        """Stretches in which the person's face is missing, each row standing for half a sample period around it."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.source == Source.MISSING, [0]])))
        half, t = self.sample_period / 2, self.timestamps
        return [Segment(float(t[a] - half), float(t[b - 1] + half)) for a, b in edges.reshape(-1, 2)]


@dataclass(frozen=True, eq=False)
class Clip:
    """A fixed number of rows from a segment, whatever its duration; or of many segments, in arrays (n, n_rows, ...).

    Attributes
    ----------
    values
        (n_rows, 12) float32, NaN where missing.
    timestamps
        (n_rows,) float64, the target times, seconds.
    sample_timestamps
        (n_rows,) float64, the time of the sample used, non-decreasing; two rows may share one.
        With ``sampling="linear"`` the target times themselves.
    source
        (n_rows,) uint8, a `Source` of each row.
    """

    values: Floats
    timestamps: Floats
    sample_timestamps: Floats
    source: NDArray[np.uint8]

    @property
    def failed_ratio(self) -> NDArray[np.float64]:
        """Share of rows whose face is interpolated or missing: of one clip, or of each of many."""
        return failed_ratio(self.source)


def fill_gaps(series: TimeSeries, *, fill: Fill = "linear", max_gap: float = 1.0) -> TimeSeries:
    """Fill short gaps of the ten face features between observed rows.

    A gap is filled where its observed neighbours are less than ``max_gap`` plus half a sample period apart.
    Filled rows have source `INTERPOLATED` by either policy. Sound is left as it is; what is not filled stays NaN.

    Parameters
    ----------
    series
        Rows that are not observed are taken as missing, whatever they hold.
    fill
        ``linear`` in time, ``nearest`` (a copy of the closest observed row, the earlier of two), or ``none``.
    max_gap
        Seconds.
    """
    values = series.values.copy()
    observed = series.observed
    source = np.where(observed, series.source, Source.MISSING).astype(np.uint8)
    values[~observed, :N_FACE] = np.nan
    known = np.flatnonzero(observed)
    gaps = np.flatnonzero(~observed)
    if fill != "none" and len(known) >= 2 and len(gaps):
        t = series.timestamps
        after = np.searchsorted(known, gaps)
        inside = (after > 0) & (after < len(known))
        gaps, after = gaps[inside], after[inside]
        left, right = known[after - 1], known[after]
        short = t[right] - t[left] < max_gap + series.sample_period / 2
        gaps, left, right = gaps[short], left[short], right[short]
        share = ((t[gaps] - t[left]) / (t[right] - t[left]))[:, None]  # (n_gaps, 1)
        if fill == "linear":
            filled = (1 - share) * values[left, :N_FACE] + share * values[right, :N_FACE]
        else:
            earlier = (t[gaps] - t[left] <= t[right] - t[gaps] + TIE)[:, None]  # (n_gaps, 1)
            filled = np.where(earlier, values[left, :N_FACE], values[right, :N_FACE])
        values[gaps, :N_FACE] = filled
        source[gaps] = Source.INTERPOLATED
    return replace(series, values=values, source=source)


def row_times(start: Floats | np.floating, end: Floats | np.floating, n_rows: int) -> Floats:
    """The times (..., n_rows) of the rows of clips from `start` to `end` (...): row i in the middle of its part."""
    start, duration = np.asarray(start), np.asarray(end) - np.asarray(start)
    times: Floats = start[..., None] + (np.arange(n_rows) + 0.5) * duration[..., None] / n_rows
    return times


def failed_ratio(source: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share (...) of the rows (..., n_rows) of each clip whose face is interpolated or missing."""
    ratio: NDArray[np.float64] = np.asarray(source >= Source.INTERPOLATED).mean(axis=-1)
    return ratio


def resample(series: TimeSeries, segment: Segment, *, n_rows: int = 15, sampling: Sampling = "nearest") -> Clip:
    """Take a fixed number of rows from a segment, whatever its duration (dynamic frame skip).

    Row i lies at ``segment.start + (i + 0.5) * segment.duration / n_rows``.

    Parameters
    ----------
    series
        NaN rows stay NaN; call `fill_gaps` first.
    sampling
        ``nearest`` takes the sample closest in time (the earlier of two). ``linear`` interpolates in time between
        the two samples around the target, is NaN where either is, and takes the worse source of the two; pitch is
        taken from the nearest row even then, since 0 means unvoiced.

    Raises
    ------
    SeriesTooShort
        If a target time lies more than half a sample period outside the series; names both spans.
    """
    targets = row_times(np.float64(segment.start), np.float64(segment.end), n_rows)  # (n_rows,)
    t = series.timestamps
    reach = series.sample_period / 2 + TIE
    if len(t) == 0 or targets[0] < t[0] - reach or targets[-1] > t[-1] + reach:
        span = f"{t[0]:.2f}-{t[-1]:.2f} s" if len(t) else Sentence("no rows")
        raise SeriesTooShort(
            "the series covers {span}, the clip needs {start:.2f}-{end:.2f} s: extract the whole video, "
            "or choose a clip inside it",
            span=span,
            start=targets[0],
            end=targets[-1],
        )
    return rows_at(series, targets, sampling=sampling)


def rows_at(series: TimeSeries, targets: Floats, *, sampling: Sampling = "nearest") -> Clip:
    """The rows of a series at any times, as `resample` takes them; for many clips at once.

    Parameters
    ----------
    targets
        (..., n_rows) seconds, inside the series, which must have a row. The arrays of the result begin with this shape.
    """
    t = series.timestamps
    right = np.clip(np.searchsorted(t, targets), min(1, len(t) - 1), len(t) - 1)
    left = np.maximum(right - 1, 0)
    # The targets of a 5 s clip lie half-way between samples at 3 Hz: rounding must not double some and skip others.
    nearest = np.where(targets - t[left] <= t[right] - targets + TIE, left, right)
    if sampling == "nearest":
        return Clip(series.values[nearest], targets, t[nearest], series.source[nearest])
    width = np.where(right > left, t[right] - t[left], 1.0)
    share = np.clip((targets - t[left]) / width, 0.0, 1.0)
    left = np.where(share == 1.0, right, left)
    right = np.where(share == 0.0, left, right)
    weight = share.astype(np.float32)[..., None]
    values = (1 - weight) * series.values[left] + weight * series.values[right]  # (..., n_rows, 12)
    values[..., PITCH] = series.values[nearest, PITCH]
    return Clip(values, targets, targets, np.maximum(series.source[left], series.source[right]))


def median(column: Floats) -> float:
    """The median of the values that are not missing; NaN where all are."""
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else float("nan")


def baseline(*several: TimeSeries) -> NDArray[np.float32]:
    """What is usual for this person: (12,) medians over the observed rows of one video, or pooled over several.

    Pitch is not centred and has 0. A feature without a single observed value has NaN.
    """
    seen = np.concatenate([series.values[series.observed] for series in several])
    out = np.zeros(len(FEATURES), np.float32)
    for k in range(PITCH):
        out[k] = median(seen[:, k])
    return out


def centred(values: Floats, usual: Floats) -> NDArray[np.float32]:
    """Clips (..., 12) against what is usual for the person: (12,), or one for each clip in a shape that broadcasts.

    NaN stays NaN; a feature whose usual value is NaN (never observed) is left as it is.
    """
    return (values - np.nan_to_num(usual, nan=0.0)).astype(np.float32)
