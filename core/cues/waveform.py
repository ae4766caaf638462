"""The shape of a video's sound, for drawing: lowest and highest sample of short stretches."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.video.sound import AUDIO_RATE, HeldSound, SoundBlock

N_PARTS = 16  # stretches of a row; 48 a second at 3 Hz


def waveform_line(
    timestamps: NDArray[np.float64], waveform: NDArray[np.int8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A waveform (n, parts, 2) as a line through its extremes: times and values (n * parts * 2,) in [-1, 1]."""
    n_parts = waveform.shape[1]
    period = float(np.median(np.diff(timestamps)))
    times = timestamps[:, None] + ((np.arange(2 * n_parts) + 0.5) / (2 * n_parts) - 0.5) * period
    line = np.maximum.accumulate(times.ravel())  # rows of a variable frame rate may come closer than usual
    return line, waveform.reshape(-1) / np.float64(127)


class WaveformReader:
    """Reads a sound once, from start to end, and gives the extremes of rows in order of time."""

    def __init__(self, blocks: Iterable[SoundBlock]) -> None:
        self._sound = HeldSound(blocks)

    def rows(self, timestamps: NDArray[np.float64], *, sample_period: float) -> NDArray[np.int8]:
        """Lowest and highest sample (n, `N_PARTS`, 2) within half a sample period of each timestamp.

        127 stands for 1.0; both are 0 where there is no sound, as it is drawn.
        """
        out = np.zeros((len(timestamps), N_PARTS, 2), np.int8)
        for row, time in enumerate(timestamps):
            edges = np.round(np.linspace(time - sample_period / 2, time + sample_period / 2, N_PARTS + 1) * AUDIO_RATE)
            bounds = edges.astype(np.int64)
            samples = np.nan_to_num(self._sound.samples(int(bounds[0]), int(bounds[-1])))
            starts = np.minimum(bounds[:-1] - bounds[0], max(0, len(samples) - 1))
            if len(samples):
                extremes = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
                out[row] = np.clip(np.round(np.stack(extremes, axis=1) * 127), -127, 127)
        return out
