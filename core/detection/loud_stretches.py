"""Where it is loud while the face is not seen: people turn away or cover the face when they laugh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.segment import Segment
from core.series import LOUDNESS, TimeSeries
from core.sliding_window_processor import Windows, runs

LOUD = 6.0  # dB above the usual loudness
LOUD_SHARE = 0.90  # of the video is less loud than what counts as loud
LOUD_GAP, LOUD_LEAST = 2.0, 1.0  # seconds of quiet inside a loud stretch, and of its length
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class LoudStretch(Segment):
    """A stretch where the face is not seen and it is loud: people turn away or cover the face when they laugh.

    `loudness` is the loudest, in dB above what is usual in the video.
    """

    loudness: float


def loudness_by_step(series: TimeSeries, windows: Windows, usual: float) -> Floats:
    """The loudest row (n_steps,) of each step in dB above what is usual; NaN where no row has sound."""
    loudest = np.full(windows.n_steps, np.nan)
    step = np.floor((series.timestamps - windows.origin) / windows.step + 1e-9).astype(np.intp)
    inside = (step >= 0) & (step < windows.n_steps)
    np.fmax.at(loudest, step[inside], series.values[inside, LOUDNESS] - usual)
    return loudest


def loud_stretches(loudness: Floats, windows: Windows, not_judged: NDArray[np.bool_]) -> list[LoudStretch]:
    """The stretches that are loud among those that are not judged."""
    known = loudness[~np.isnan(loudness)]
    if len(known) == 0 or not not_judged.any():
        return []
    limit = max(LOUD, float(np.quantile(known, LOUD_SHARE)))
    stretches = []
    for begin, end in runs(not_judged).tolist():
        with np.errstate(invalid="ignore"):
            loud = runs(loudness[begin:end] >= limit)
        breaks = np.flatnonzero(loud[1:, 0] - loud[:-1, 1] > LOUD_GAP / windows.step) + 1
        for group in np.split(loud, breaks) if len(loud) else []:
            a, b = begin + int(group[0, 0]), begin + int(group[-1, 1])
            if (b - a) * windows.step >= LOUD_LEAST:
                stretches.append(LoudStretch(windows.time(a), windows.time(b), float(np.nanmax(loudness[a:b]))))
    return stretches
