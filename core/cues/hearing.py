"""All that is taken from a video's sound, which is decoded once: loudness and pitch, laughter, waveform."""

from __future__ import annotations

from itertools import tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio_feature_extractor import AudioFeatureExtractor
from core.cues.laughter import LaughterReader
from core.cues.waveform import WaveformReader
from core.video.damage import Damage
from core.video.sound import sound_blocks
from core.video.streams import Tracks


class Hearing:
    """Hears a video from its start on; times are asked for in their order.

    Parameters
    ----------
    sample_period
        Seconds between two rows.
    """

    def __init__(self, path: Path, damage: Damage, sample_period: float, tracks: Tracks) -> None:
        features, laughter, waveform = tee(sound_blocks(path, damage=damage, tracks=tracks), 3)
        self._features, self._waveform = AudioFeatureExtractor(features), WaveformReader(waveform)
        self._laughter = LaughterReader(laughter)
        self._period = sample_period

    def rows(
        self, times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]], NDArray[np.int8]]:
        """At (n,) times in seconds: loudness and pitch (n, 2), the cues by name, and the waveform (n, 16, 2)."""
        audio = self._features.features(times, sample_period=self._period)
        cues = {"laughter": self._laughter.rows(times)} if np.isfinite(audio).any() else {}
        return audio, cues, self._waveform.rows(times, sample_period=self._period)
