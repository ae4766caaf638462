"""The sound of a video in blocks at their true time, one voice and the level of all channels."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from core.video.container import Source
from core.video.damage import Damage
from core.video.streams import AUTOMATIC, MIX, Tracks

AUDIO_RATE = 16_000  # samples per second
CENTRE_HEARD = 0.01  # of the strongest channel's power: from there on the centre is taken for the voice
SWITCH = 2.0  # times as strong as the present one another channel must be, so that two alike do not take turns
LOUDEST = 30.0  # times full scale: no recording is that loud
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
        n, n_channels = channels.shape
        kept = np.exp(-n / AUDIO_RATE)
        # Blocks are short: numpy's `mean` takes several times as long as the sum and the division it stands for.
        self._power = kept * self._power + (1 - kept) * (np.add.reduce(squares, axis=0) / n)
        power = np.add.reduce(squares, axis=1) / n_channels
        return SoundBlock(start, np.ascontiguousarray(channels[:, self._chosen()]), power)

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
        if tracks.audio == MIX and len(source.sounds) > 1:
            numbers = [1 + list(source.container.streams.audio).index(sound) for sound in source.sounds]
            yield from _mixed([HeldSound(sound_blocks(path, damage=damage, tracks=Tracks(audio=n))) for n in numbers])
            return
        for block in _placed(source):
            early = max(0, -block.start)  # samples before time 0
            if early < len(block.samples):
                yield block.after(early)


class HeldSound:
    """A stretch of a sound that is read once, from start to end: what lies before the latest request is forgotten."""

    def __init__(self, blocks: Iterable[SoundBlock]) -> None:
        self._blocks = iter(blocks)
        self._held: deque[SoundBlock] = deque()
        self._end = 0  # index behind the last sample read
        self.ended = False

    def samples(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples [start, stop), start not before that of an earlier call; NaN where there is no sound."""
        out = np.full(stop - start, np.nan, np.float32)
        for block, own, wanted in self._within(start, stop):
            out[wanted] = block.samples[own]
        return out

    def power(self, start: int, stop: int) -> NDArray[np.float64]:
        """The channels' mean square at each sample of [start, stop), as `samples`; 0 where there is no sound."""
        out = np.zeros(stop - start)
        for block, own, wanted in self._within(start, stop):
            power = np.square(block.samples[own], dtype=np.float64) if block.power is None else block.power[own]
            out[wanted] = power
        return out

    def _within(self, start: int, stop: int) -> Iterator[tuple[SoundBlock, slice, slice]]:
        """The blocks of a stretch, each with the part of it that lies there, and where that lies in the stretch."""
        while self._end < stop and not self.ended:
            block = next(self._blocks, None)
            if block is None:
                self.ended = True
                break
            self._end = block.start + len(block.samples)
            self._held.append(block)
            while self._held and self._held[0].start + len(self._held[0].samples) <= start:
                self._held.popleft()
        for block in self._held:
            a, b = max(start, block.start), min(stop, block.start + len(block.samples))
            if a < b:
                yield block, slice(a - block.start, b - block.start), slice(a - start, b - start)


def _mixed(sounds: Sequence[HeldSound]) -> Iterator[SoundBlock]:
    """Several sounds as one, a second at a time: their voices and their powers are added."""
    start = 0
    while not all(sound.ended for sound in sounds):
        stop = start + AUDIO_RATE
        voices = np.stack([sound.samples(start, stop) for sound in sounds])  # (n_sounds, n)
        power = np.sum([sound.power(start, stop) for sound in sounds], axis=0)
        heard = ~np.isnan(voices).all(axis=0)
        mixed = np.asarray(np.nansum(voices, axis=0), np.float32)
        edges = np.flatnonzero(np.diff(heard, prepend=False, append=False))
        for begin, end in edges.reshape(-1, 2):
            yield SoundBlock(start + int(begin), mixed[begin:end], power[begin:end])
        start = stop


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
            for block in _resampled(resampler, None, voice, position, source.damage):
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
        for block in _resampled(resampler, frame, voice, position, source.damage):
            position = block.start + len(block.samples)
            yield block
    yield from _resampled(resampler, None, voice, position, source.damage)


def _resampled(
    resampler: av.AudioResampler | None, frame: av.AudioFrame | None, voice: _Voice, position: int, damage: Damage
) -> Iterator[SoundBlock]:
    """What a frame adds to the resampled sound, from index `position` on; None flushes."""
    for resampled in resampler.resample(frame) if resampler is not None else ():
        # Packed, for with eight or more planes PyAV's to_ndarray reads beyond the frame and crashes.
        samples = np.asarray(resampled.to_ndarray(), np.float32)
        channels = samples.reshape(-1, resampled.layout.nb_channels)  # (n, channels)
        if len(channels) and np.abs(channels).max() <= LOUDEST:
            yield voice.block(position, channels)
        elif len(channels):  # what decoders make of damaged packets
            damage.bad_packets += 1
        position += len(channels)
