"""How far places of a video stand out by sound, face and cues, and what may be said of a clip there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.labels.rules import MAX_FAILED_RATIO
from core.segment import Segment
from core.series import FEATURES, Source, TimeSeries

SMOOTHING = 2.0  # seconds over which a peak is a mean: a cough is no laugh
MAX_DEVIATION = 5.0  # a click in the sound counts no more than this many deviations
UNSEEN = 10 * MAX_DEVIATION  # taken off where the face is not seen
STANDS_OUT = 1.5  # deviations above the usual from which two seconds are called loud or lively
LOUDER = 6.0  # decibels from which they are called loud too: twice the sound pressure
HEARD = 0.5  # value of a cue from which a clip is said to hold laughter
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Salience:
    """What stands out in a person's series: loudness and arousal against their usual in the video, and cues.

    Parameters
    ----------
    series
        Of n rows, at least one.
    cues
        By cue, values (n,) in [0, 1] on the series' times, NaN where nothing is known.
    """

    series: TimeSeries
    cues: Mapping[str, Floats]

    @cached_property
    def _features(self) -> dict[str, Floats]:
        """Loudness and arousal (n,) in deviations."""
        return {name: _deviation(self._column(name)) for name in ("loudness", "arousal")}

    def _column(self, name: str) -> Floats:
        return self.series.values[:, FEATURES.index(name)].astype(np.float64)

    def _spread(self, name: str) -> float:
        """A deviation of a feature, in its own unit."""
        return _middle_and_spread(self._column(name))[1]

    @cached_property
    def _raw(self) -> Floats:
        """The mean of all that is known of each row (n,), in deviations; NaN where nothing is."""
        parts = np.stack([*self._features.values(), *(MAX_DEVIATION * value for value in self.cues.values())])
        seen = ~np.isnan(parts)
        count = seen.sum(axis=0)
        mean = np.where(seen, parts, 0).sum(axis=0) / np.maximum(count, 1)
        return np.where(count > 0, mean, np.nan)

    @cached_property
    def smooth(self) -> Floats:
        """How far each row stands out (n,), as a mean over two seconds; NaN where nothing is known."""
        return self.smoothed(self._raw)

    @cached_property
    def _smooth_parts(self) -> dict[str, Floats]:
        """Each feature and cue (n,), as a mean over two seconds."""
        return {name: self.smoothed(value) for name, value in (*self._features.items(), *self.cues.items())}

    def smoothed(self, value: Floats) -> Floats:
        """Means of a value (n,) over two seconds around each row, without NaN; NaN where the value itself is."""
        t = self.series.timestamps
        return np.where(np.isnan(value), np.nan, self.mean(value, t - SMOOTHING / 2, t + SMOOTHING / 2))

    def mean(self, value: Floats, starts: Floats, ends: Floats) -> Floats:
        """Means of a value (n,) over clips (k,), bounds in seconds, without NaN; NaN where a clip has none."""
        t = self.series.timestamps
        first, last = np.searchsorted(t, starts), np.searchsorted(t, ends, side="right")
        seen = ~np.isnan(value)
        total = np.concatenate([[0.0], np.cumsum(np.where(seen, value, 0.0))])
        count = np.concatenate([[0], np.cumsum(seen)])
        n = count[last] - count[first]
        return np.where(n > 0, (total[last] - total[first]) / np.maximum(n, 1), np.nan)

    def unseen(self, starts: Floats, ends: Floats) -> NDArray[np.bool_]:
        """Whether the face fails in too many rows of clips (k,): they could not be trained on."""
        failed = (self.series.source >= Source.INTERPOLATED).astype(float)
        return np.nan_to_num(self.mean(failed, starts, ends)) >= MAX_FAILED_RATIO

    def height(self, starts: Floats, ends: Floats) -> Floats:
        """How far clips (k,) stand out as a whole; NaN where nothing is known of them."""
        return self.mean(self.smooth, starts, ends)

    def reason(self, clip: Segment) -> str:
        """What is true of a clip against the usual of its video.

        ``laughter`` that is heard, else ``chat`` that laughs, else ``loud_lively``, ``loud`` or ``lively`` where two
        seconds of it are; ``calm`` where as a whole it is neither louder nor livelier than usual; else empty.
        """
        inside = clip.start + SMOOTHING / 2, clip.end - SMOOTHING / 2
        first, last = np.searchsorted(self.series.timestamps, inside)
        most = {name: _greatest(value[first:last]) for name, value in self._smooth_parts.items()}
        for name in ("laughter", "chat"):
            if most.get(name, 0.0) >= HEARD:
                return name
        least = {"loudness": min(STANDS_OUT, LOUDER / self._spread("loudness")), "arousal": STANDS_OUT}
        told = [name for name, part in (("loud", "loudness"), ("lively", "arousal")) if most[part] >= least[part]]
        if told:
            return "_".join(told)
        first, last = np.searchsorted(self.series.timestamps, [clip.start, clip.end])
        parts = [value[first:last] for value in self._features.values()]
        known = [part[~np.isnan(part)].mean() for part in parts if not np.isnan(part).all()]
        return "calm" if known and max(known) <= 0 else ""


def _greatest(value: Floats) -> float:
    known = value[~np.isnan(value)]
    return float(known.max()) if len(known) else float("-inf")


def _middle_and_spread(column: Floats) -> tuple[float, float]:
    """Median and median absolute deviation of what is known of a feature; NaN and 1 where nothing is."""
    known = column[~np.isnan(column)]
    if len(known) == 0:
        return float("nan"), 1.0
    middle = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - middle)))  # a normal distribution's standard deviation
    return middle, max(spread, 1e-3)


def _deviation(column: Floats) -> Floats:
    """A feature in median absolute deviations from its median, at most `MAX_DEVIATION`; NaN stays."""
    middle, spread = _middle_and_spread(column)
    deviation: Floats = np.clip((column - middle) / spread, -MAX_DEVIATION, MAX_DEVIATION)
    return deviation
