"""Training clips made a little different each time they are seen: noise, lost rows, mixtures, another start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.classifiers.inputs import Inputs
from core.segment import LabeledSegment
from core.series import Sampling, TimeSeries, centred, row_times, rows_at

Floats = NDArray[np.floating]
# (rng, clips by index (n,)) -> other clips around the same labels (n, rows, d), timestamps (n, rows) in seconds
Augment = Callable[[np.random.Generator, NDArray[np.integer]], tuple[Floats, Floats]]

NOISE = 0.1  # of a feature's deviation
LOST_ROWS = 0.1  # share of rows
MIXUP = 0.2  # both parameters of the beta distribution (Zhang et al. 2018, arXiv:1710.09412)
MAX_SHIFT = 0.75  # seconds
DURATIONS = (5.0, 7.0)  # seconds


def disturbed(inputs: Inputs, rng: np.random.Generator) -> Inputs:
    """The clips with noise on what is seen, and some rows taken away; a row that was missing stays so."""
    noise = rng.normal(0, NOISE, inputs.values.shape).astype(np.float32)
    kept = rng.random(inputs.seen.shape[:2]) >= LOST_ROWS * rng.random((len(inputs), 1)) * 2
    seen = inputs.seen & (kept | ~inputs.present)[..., None]
    return replace(inputs, values=np.where(seen, inputs.values + noise, 0).astype(np.float32), seen=seen)


def mixing(n: int, rng: np.random.Generator) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
    """For mixup: with which other clip each of n is mixed, and its own share (n,) of at least a half."""
    share = rng.beta(MIXUP, MIXUP, n).astype(np.float32)
    return rng.permutation(n), np.maximum(share, 1 - share)


@dataclass(frozen=True, eq=False)
class Drawable:
    """A labelled clip and what it can be cut from anew: the series, how it is sampled, what is usual there (12,)."""

    segment: LabeledSegment
    series: TimeSeries
    sampling: Sampling
    usual: Floats


@dataclass(frozen=True, eq=False)
class Redrawn:
    """Draws clips anew from the series they came from: the start up to `MAX_SHIFT` away, the length in `DURATIONS`.

    One label stays one clip. A clip that would leave its series is moved back inside.
    """

    clips: Sequence[Drawable]
    n_rows: int = 15

    def __call__(self, rng: np.random.Generator, index: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Other clips (n, n_rows, 12), centred, and their timestamps (n, n_rows) in seconds."""
        shift = rng.uniform(-MAX_SHIFT, MAX_SHIFT, len(index))
        duration = rng.uniform(*DURATIONS, len(index))
        X = np.empty((len(index), self.n_rows, 12), np.float32)
        timestamps = np.empty((len(index), self.n_rows))
        of_series: dict[int, list[int]] = {}
        for k, i in enumerate(index.tolist()):
            of_series.setdefault(id(self.clips[i].series), []).append(k)
        for places in of_series.values():
            drawn = [self.clips[int(index[k])] for k in places]
            series, length = drawn[0].series, duration[places]
            first, last = series.timestamps[0], series.timestamps[-1] + series.sample_period
            start = np.array([clip.segment.start for clip in drawn]) + shift[places]
            start = np.clip(start, first, np.maximum(first, last - length))
            targets = np.clip(row_times(start, start + length, self.n_rows), first, series.timestamps[-1])
            rows = rows_at(series, targets, sampling=drawn[0].sampling)
            X[places] = centred(rows.values, np.array([clip.usual for clip in drawn])[:, None])
            timestamps[places] = rows.sample_timestamps
        return X, timestamps
