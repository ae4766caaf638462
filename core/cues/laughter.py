"""Laughter, speech, music and crowd that are heard, row by row: decoded sound -> columns of the cue `laughter`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.video.sound import AUDIO_RATE, HeldSound, SoundBlock

if TYPE_CHECKING:  # torch is loaded when sound is heard
    from core.cues.yamnet import Yamnet

COLUMNS = ("laughter", "speech", "music", "crowd")
STEP = 7680  # audio samples between two patches: 0.48 s, YAMNet's own
AROUND = 15360  # audio samples that a patch is said to cover: 0.96 s
BLOCK = 32  # patches heard at once

# Class numbers of YAMNet: first, behind the last.
CLASSES = {"laughter": (13, 19), "speech": (0, 6), "music": (132, 277), "crowd": (61, 65)}

# The network's scores carry the odds of AudioSet, in which some 5,000 of 2 million clips are laughter: 0.3 %. In the
# streams that this is for it is taken to fill 5 % of the seconds. Log-odds are moved by the difference: Saerens et al.
# 2002, Neural Computation 14, doi:10.1162/089976602753284446. A score of .06 becomes .5, one of .2 .8.
LAUGHTER_SHARE = 0.05
PRIOR_SHIFT = float(np.log(LAUGHTER_SHARE / (1 - LAUGHTER_SHARE)) - np.log(0.003 / 0.997))
# Music and crowds are what the network takes for laughter: where one is heard for certain, laughter must be e^2 and e^1
# times as likely. Both are choices; no recording was used to set them.
MUSIC_DOUBT, CROWD_DOUBT = 2.0, 1.0
# Other bursts of a voice, which is one thing at a time: shouts and screams, crying. Laughter's probability is shared
# with them by their scores (docs/evaluation.md, Laughter beside other voices).
OTHER_VOICES = ((6, 12), (19, 23))


def columns_of(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores (n, 521) -> `COLUMNS` (n, 4), each the highest of its classes; laughter as a calibrated probability."""
    laughter, speech, music, crowd = (scores[:, a:b].max(axis=1) for a, b in (CLASSES[name] for name in COLUMNS))
    p = np.clip(laughter, 1e-6, 1 - 1e-6)
    log_odds = np.log(p / (1 - p)) + PRIOR_SHIFT - MUSIC_DOUBT * music - CROWD_DOUBT * crowd
    share = p / (p + np.max([scores[:, a:b].max(axis=1) for a, b in OTHER_VOICES], axis=0))
    return np.stack([share / (1 + np.exp(-log_odds)), speech, music, crowd], axis=1).astype(np.float32)


class LaughterReader:
    """Hears a video's sound once, from start to end, and gives the columns of rows in order of time.

    Patches lie each 0.48 s from time 0, whatever is asked for, so that the values do not depend on the calls. Memory
    does not depend on the length.
    """

    def __init__(self, blocks: Iterable[SoundBlock], network: Yamnet | None = None) -> None:
        self._sound = HeldSound(blocks)
        self._network = network
        self._first = 0  # index of the first patch in `_heard`
        self._heard = np.empty((0, len(COLUMNS)), np.float32)

    def rows(self, timestamps: NDArray[np.float64]) -> NDArray[np.float32]:
        """`COLUMNS` (n, 4) of the 0.96 s around each timestamp: the patch nearest to it, at most 0.24 s away.

        Parameters
        ----------
        timestamps
            (n,) seconds, increasing, and not before those of an earlier call.

        Returns
        -------
        NaN where less than half of the patch has sound.
        """
        if not len(timestamps):
            return np.empty((0, len(COLUMNS)), np.float32)
        patch = np.round(timestamps * AUDIO_RATE / STEP).astype(np.int64)
        self._forget(int(patch[0]))
        while self._first + len(self._heard) <= patch[-1]:
            self._heard = np.concatenate([self._heard, self._block((self._first + len(self._heard)) // BLOCK)])
        return self._heard[patch - self._first]

    def _forget(self, patch: int) -> None:
        """Drop whole blocks before a patch; what lies between is not heard."""
        first = patch // BLOCK * BLOCK
        if first > self._first:
            self._heard = self._heard[first - self._first :]
            self._first = first

    def _block(self, index: int) -> NDArray[np.float32]:
        """The patches [index * BLOCK, (index + 1) * BLOCK)."""
        from core.cues.yamnet import N_FRAMES, PATCH, Yamnet

        self._network = self._network or Yamnet()
        start = index * BLOCK * STEP - AROUND // 2
        samples = self._sound.samples(start, start + (BLOCK - 1) * STEP + PATCH)
        present = ~np.isnan(samples)
        begin = np.arange(BLOCK) * STEP
        covered = np.array([present[a : a + AROUND].mean() >= 0.5 for a in begin])
        if not covered.any():
            return np.full((BLOCK, len(COLUMNS)), np.nan, np.float32)
        spectra = self._network.log_mel(np.where(present, samples, 0).astype(np.float32))
        step = STEP // 160
        patches = np.stack([spectra[k * step : k * step + N_FRAMES] for k in range(BLOCK)])
        columns = columns_of(self._network.scores(patches))
        return np.where(covered[:, None], columns, np.nan).astype(np.float32)
