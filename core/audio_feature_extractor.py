"""Loudness and pitch of a video's sound at given times, decoded in blocks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.series import PITCH_REFERENCE
from core.video.sound import AUDIO_RATE, HeldSound, SoundBlock

LOUDNESS_FLOOR = -80.0  # dBFS
F0_MIN, F0_MAX = 65.0, 1000.0  # Hz
PITCH_HOP = AUDIO_RATE // 100  # audio samples between two pitch frames
PITCH_WINDOW = 512  # audio samples over which a pitch frame compares the sound with its shifted self
VOICED_THRESHOLD = 0.2  # aperiodicity below which a frame is voiced
VOICED_FLOOR = 1e-6  # mean square below which a frame is silence (-60 dBFS)
MIN_VOICED_SHARE = 0.25
MAX_SPAN = 60.0  # seconds of sound held at once

# What defines the two audio features: a change of any of these is another feature.
AUDIO_PARAMETERS = {
    "audio_rate": AUDIO_RATE,
    "loudness_floor": LOUDNESS_FLOOR,
    "pitch_reference": PITCH_REFERENCE,
    "f0_min": F0_MIN,
    "f0_max": F0_MAX,
    "pitch_hop": PITCH_HOP,
    "pitch_window": PITCH_WINDOW,
    "voiced_threshold": VOICED_THRESHOLD,
    "min_voiced_share": MIN_VOICED_SHARE,
}

_MIN_LAG = int(AUDIO_RATE / F0_MAX)
_MAX_LAG = int(np.ceil(AUDIO_RATE / F0_MIN)) + 1
_REACH = PITCH_WINDOW + _MAX_LAG  # audio samples that one pitch frame reads


def yin(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Fundamental frequency by YIN: de Cheveigné & Kawahara 2002, J. Acoust. Soc. Am. 111, doi:10.1121/1.1458024.

    The difference function of step 2, its cumulative mean normalisation (step 3), the first dip below the absolute
    threshold (step 4) and parabolic interpolation (step 5).

    Parameters
    ----------
    frames
        (n, `PITCH_WINDOW` + longest lag) samples at `AUDIO_RATE`, without NaN.

    Returns
    -------
    F0 in Hz (n,); NaN where the frame is not voiced: no dip below `VOICED_THRESHOLD`, or silence.
    """
    import scipy.fft  # slow to import

    n_fft = scipy.fft.next_fast_len(_REACH, real=True)
    head = scipy.fft.rfft(frames[:, :PITCH_WINDOW], n_fft)
    whole = scipy.fft.rfft(frames, n_fft)
    correlation = scipy.fft.irfft(np.conj(head) * whole, n_fft)[:, : _MAX_LAG + 1]  # (n, lags)
    energy = np.cumsum(np.square(frames, dtype=np.float64), axis=1)
    power = energy[:, PITCH_WINDOW - 1 :].copy()  # of the window shifted by each lag
    power[:, 1:] -= energy[:, :_MAX_LAG]
    difference = np.maximum(power[:, :1] + power - 2 * correlation, 0)
    difference[:, 0] = 0
    lags = np.arange(1, _MAX_LAG + 1)
    normalised = np.ones_like(difference)
    normalised[:, 1:] = difference[:, 1:] * lags / np.maximum(np.cumsum(difference[:, 1:], axis=1), 1e-12)
    inner = normalised[:, _MIN_LAG:_MAX_LAG]
    dip = (
        (inner < VOICED_THRESHOLD)
        & (inner <= normalised[:, _MIN_LAG + 1 :])
        & (inner < normalised[:, _MIN_LAG - 1 : -2])
    )
    lag = dip.argmax(axis=1) + _MIN_LAG
    rows = np.arange(len(frames))
    before, at, after = (difference[rows, lag + k] for k in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend > 0, 0.5 * (before - after) / np.where(bend > 0, bend, 1), 0.0)
    f0 = AUDIO_RATE / (lag + np.clip(shift, -0.5, 0.5))
    voiced = dip.any(axis=1) & (power[:, 0] / PITCH_WINDOW > VOICED_FLOOR)
    return np.where(voiced, f0, np.nan)


class AudioFeatureExtractor:
    """Reads a video's sound once, from start to end, and gives the features of rows in order of time.

    Memory does not depend on the length of the video.
    """

    def __init__(self, blocks: Iterable[SoundBlock]) -> None:
        self._sound = HeldSound(blocks)

    def features(self, timestamps: NDArray[np.float64], *, sample_period: float) -> NDArray[np.float32]:
        """Loudness and pitch of the sound within half a sample period of each timestamp.

        Parameters
        ----------
        timestamps
            (n,) seconds, increasing, and not before those of an earlier call.

        Returns
        -------
        (n, 2): loudness in dBFS of the RMS over the row's sound and channels, at least -80; pitch, the median F0 of its
        voiced 10 ms frames in semitones above 55 Hz, 0 if under a quarter of them is voiced. Both are NaN where less
        than half of the row has sound.
        """
        out = np.full((len(timestamps), 2), np.nan, np.float32)
        first = 0
        while first < len(timestamps):
            last = max(first + 1, int(np.searchsorted(timestamps, timestamps[first] + MAX_SPAN)))
            out[first:last] = self._span(timestamps[first:last], sample_period)
            first = last
        return out

    def _span(self, timestamps: NDArray[np.float64], sample_period: float) -> NDArray[np.float32]:
        from librosa.core.convert import hz_to_midi  # half a second, and only where sound is read

        edges = np.maximum(timestamps[:, None] + np.array([-0.5, 0.5]) * sample_period, 0.0)
        bounds = np.round(edges * AUDIO_RATE).astype(np.int64)  # (n, 2)
        origin = max(0, int(bounds[0, 0]) - _REACH)
        samples = self._sound.samples(origin, int(bounds[-1, 1]) + _REACH)
        power = self._sound.power(origin, int(bounds[-1, 1]) + _REACH)
        heard = ~np.isnan(samples)
        samples = np.where(heard, samples, 0).astype(np.float32)
        f0, centre = self._pitch_frames(samples, origin, bounds)
        out = np.full((len(timestamps), 2), np.nan, np.float32)
        for row, (a, b) in enumerate(bounds - origin):
            n = int(heard[a:b].sum())
            if b <= a or 2 * n < b - a:
                continue
            mean_square = max(power[a:b].sum() / n, 10 ** (LOUDNESS_FLOOR / 10))
            inside = f0[np.searchsorted(centre, a + origin) : np.searchsorted(centre, b + origin)]
            voiced = inside[~np.isnan(inside)]
            sung = len(voiced) >= MIN_VOICED_SHARE * len(inside) and len(voiced) > 0
            out[row, 0] = 10 * np.log10(mean_square)
            out[row, 1] = hz_to_midi(np.median(voiced)) - hz_to_midi(PITCH_REFERENCE) if sung else 0.0
        return out

    @staticmethod
    def _pitch_frames(
        samples: NDArray[np.float32], origin: int, bounds: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """F0 (n_frames,) and the frames' centres as sample indices, on a grid that does not depend on the call."""
        first, last = -(-int(bounds[0, 0]) // PITCH_HOP), -(-int(bounds[-1, 1]) // PITCH_HOP)
        centre = np.arange(first, last) * PITCH_HOP
        begin = centre - origin - _REACH // 2
        padding = max(0, -int(begin.min(initial=0)))
        padded = np.pad(samples, (padding, _REACH))
        f0 = np.empty(len(centre))
        for part in range(0, len(centre), 1000):
            index = begin[part : part + 1000, None] + padding + np.arange(_REACH)
            f0[part : part + 1000] = yin(padded[index])
        return f0, centre
