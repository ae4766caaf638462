"""The sound of a video in blocks at their true time, one voice and the level of all channels."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from core.video.container import Source
from core.video.damage import Damage
from core.video.streams import AUTOMATIC, Tracks

AUDIO_RATE = 16_000  # samples per second
CENTRE_HEARD = 0.01  # of the strongest channel's power: from there on the centre is taken for the voice
SWITCH = 2.0  # times as strong as the present one another channel must be, so that two alike do not take turns
RESYNC = 0.1  # seconds between a packet's time and the running clock that count as a gap in the sound


@dataclass(frozen=True)
class SoundBlock:
    """A run of the voice's samples (n,) float32 in [-1, 1] at `AUDIO_RATE`; `start` is the first one's index since 0 s.

    `power` (n,) is the mean of the channels' squared samples, None where there is one channel, whose square it is.
    """

    start: int
    samples: NDArray[np.float32]
    power: NDArray[np.float64] | None = None

    def after(self, n: int) -> SoundBlock:
        """The block without its first `n` samples."""
        return SoundBlock(self.start + n, self.samples[n:], None if self.power is None else self.power[n:])


class _Voice:
    """The channel in which somebody speaks: the centre where it is heard, else the strongest of the last second.

    A mean of the channels would lose what is in one of them, and all of what two hold in opposite phase.
    """

    def __init__(self, layout: av.AudioLayout) -> None:
        names = [channel.name for channel in layout.channels]
        self._centre = names.index("FC") if "FC" in names else None
        self._power = np.zeros(len(names))
        self._channel: int | None = None

    def block(self, start: int, channels: NDArray[np.float32]) -> SoundBlock:
        """A block of samples (n, channels) from index `start` on."""
        if channels.shape[1] == 1:
            return SoundBlock(start, channels[:, 0])
        squares = np.square(channels, dtype=np.float64)
        kept = np.exp(-len(channels) / AUDIO_RATE)
        self._power = kept * self._power + (1 - kept) * squares.mean(axis=0)
        return SoundBlock(start, np.ascontiguousarray(channels[:, self._chosen()]), squares.mean(axis=1))

    def _chosen(self) -> int:
        strongest = int(self._power.argmax())
        if self._centre is not None and self._power[self._centre] > CENTRE_HEARD * self._power[strongest]:
            strongest = self._centre
        elif self._channel is not None and self._power[strongest] < SWITCH * self._power[self._channel]:
            strongest = self._channel
        self._channel = strongest
        return strongest


def sound_blocks(path: Path, *, damage: Damage | None = None, tracks: Tracks = AUTOMATIC) -> Iterator[SoundBlock]:
    """The sound of a video as consecutive blocks: its voice and its channels' power at 16 kHz, at its true time.

    The track's own offset is honoured: a track that starts late starts at a later index, and a hole in the track is
    a hole between blocks. Memory does not depend on the length. A file without sound gives nothing.

    Raises
    ------
    VideoUnreadable
        If the file cannot be opened.
    """
    with Source(Path(path), tracks=tracks, damage=damage) as source:
        for block in _placed(source):
            early = max(0, -block.start)  # samples before time 0
            if early < len(block.samples):
                yield block.after(early)


def _placed(source: Source) -> Iterator[SoundBlock]:
    """The blocks of `sound_blocks`, also those that begin before time 0."""
    stream = source.sound
    if stream is None:
        return
    stream.codec_context.thread_type = "AUTO"
    resampler: av.AudioResampler | None = None
    voice = _Voice(av.AudioLayout("mono"))
    shape: tuple[int, str] | None = None
    clock = 0.0  # seconds at which the next packet is due
    position = -sys.maxsize  # index of the next sample to give out
    for frame in (frame for packet in source.packets(stream) for frame in source.frames(packet)):
        if frame.pts is None:
            source.damage.frames_without_time += 1
            continue
        timestamp = source.time(frame)
        if resampler is None or shape != (frame.rate, frame.layout.name) or abs(timestamp - clock) > RESYNC:
            for block in _resampled(resampler, None, voice, position):
                position = block.start + len(block.samples)
                yield block
            if shape is None or shape[1] != frame.layout.name:
                voice = _Voice(frame.layout)
            shape = (frame.rate, frame.layout.name)
            resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=AUDIO_RATE)
            position = max(position, round(timestamp * AUDIO_RATE))
            clock = timestamp
        clock += frame.samples / frame.rate
        frame.pts = None
        for block in _resampled(resampler, frame, voice, position):
            position = block.start + len(block.samples)
            yield block
    yield from _resampled(resampler, None, voice, position)


def _resampled(
    resampler: av.AudioResampler | None, frame: av.AudioFrame | None, voice: _Voice, position: int
) -> Iterator[SoundBlock]:
    """What a frame adds to the resampled sound, from index `position` on; None flushes."""
    for resampled in resampler.resample(frame) if resampler is not None else ():
        # Packed, for with eight or more planes PyAV's to_ndarray reads beyond the frame and crashes.
        samples = np.asarray(resampled.to_ndarray(), np.float32)
        channels = samples.reshape(-1, resampled.layout.nb_channels)  # (n, channels)
        if len(channels):
            yield voice.block(position, channels)
        position += len(channels)
