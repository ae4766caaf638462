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
RESYNC = 0.1  # seconds between a packet's time and the running clock that count as a gap in the sound


@dataclass(frozen=True)
class SoundBlock:
    """A run of mono samples (n,) float32 in [-1, 1] at `AUDIO_RATE`; `start` is the index of the first since time 0."""

    start: int
    samples: NDArray[np.float32]


def sound_blocks(path: Path, *, damage: Damage | None = None, tracks: Tracks = AUTOMATIC) -> Iterator[SoundBlock]:
    """The sound of a video as consecutive blocks: mean of the channels, resampled to 16 kHz, at its true time.

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
                yield SoundBlock(block.start + early, block.samples[early:])


def _placed(source: Source) -> Iterator[SoundBlock]:
    """The blocks of `sound_blocks`, also those that begin before time 0."""
    stream = source.sound
    if stream is None:
        return
    stream.codec_context.thread_type = "AUTO"
    resampler: av.AudioResampler | None = None
    shape: tuple[int, str] | None = None
    clock = 0.0  # seconds at which the next packet is due
    position = -sys.maxsize  # index of the next sample to give out
    for frame in (frame for packet in source.packets(stream) for frame in source.frames(packet)):
        if frame.pts is None:
            source.damage.frames_without_time += 1
            continue
        timestamp = source.time(frame)
        if resampler is None or shape != (frame.rate, frame.layout.name) or abs(timestamp - clock) > RESYNC:
            for block in _mono(resampler, None, position):
                position = block.start + len(block.samples)
                yield block
            shape = (frame.rate, frame.layout.name)
            resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=AUDIO_RATE)
            position = max(position, round(timestamp * AUDIO_RATE))
            clock = timestamp
        clock += frame.samples / frame.rate
        frame.pts = None
        for block in _mono(resampler, frame, position):
            position = block.start + len(block.samples)
            yield block
    yield from _mono(resampler, None, position)


def _mono(resampler: av.AudioResampler | None, frame: av.AudioFrame | None, position: int) -> Iterator[SoundBlock]:
    """What a frame adds to the resampled sound, from index `position` on; None flushes."""
    for resampled in resampler.resample(frame) if resampler is not None else ():
        # Packed, for with eight or more planes PyAV's to_ndarray reads beyond the frame and crashes.
        channels = resampled.to_ndarray().reshape(-1, resampled.layout.nb_channels)  # (n, channels)
        samples = channels.mean(axis=1, dtype=np.float32)
        yield SoundBlock(position, samples)
        position += len(samples)
