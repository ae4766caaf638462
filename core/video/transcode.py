"""Cuts and converts video files: packets copied, or pictures and sound encoded again as H.264 and AAC in MP4.

What is written has its own time 0 at the wanted second of the source's time (which counts from the container's start).
Memory does not depend on the length: every packet is written as soon as it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import inf, isfinite
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from core.errors import PunchlineError
from core.video.packets import Source
from core.video.writer import TICK, Writer

RESYNC = 0.04  # seconds between a sound packet's time and the running clock that count as a gap
OVERRUN = 10.0  # seconds to read on for the sound that belongs to the last pictures

LONGEST_HOLD = 1.0  # seconds for which a video's last picture counts as shown

OnProgress = Callable[[float, float], None]


class _Pictures:
    """Puts the pictures of ``[start, end)`` into a writer, from its time `at` on."""

    def __init__(self, writer: Writer, start: float, end: float, at: float) -> None:
        rate = writer.recipe.rate if writer.recipe else None
        self._writer, self._fixed = writer, rate is not None
        self._per_second = float(rate or 1 / TICK)
        self._start, self._first = start, round(at * self._per_second)
        self._n: float = round((end - start) * self._per_second) if isfinite(end) else inf
        self._next = 0  # the tick that is due, counted from `start`
        self._held: Any = None  # the latest picture before it
        self._held_time = 0.0
        self.done = False

    def add(self, frame: Any, time: float) -> None:
        ticks = round((time - self._start) * self._per_second)
        if not self._fixed and self._next == 0 and 0 < ticks < 90:
            ticks = 0  # rounding, no picture of its own before it
        if ticks >= self._n:
            self.done = True
            return
        if ticks > 0 and (self._next == 0 or self._fixed):
            self._repeat(self._held or frame, ticks if self._fixed else 1)
        self._held, self._held_time = frame, time
        if ticks >= self._next:
            self._put(frame, ticks)

    def _repeat(self, frame: Any, until: int) -> None:
        while self._next < until:
            self._put(frame, self._next)

    def _put(self, frame: Any, ticks: int) -> None:
        self._writer.picture(frame, self._first + ticks)
        self._next = ticks + 1

    def finish(self) -> None:
        """Hold the last picture to the end."""
        if self._held is None or not isfinite(self._n):
            return
        if self._next == 0 and not self.done and self._held_time < self._start - LONGEST_HOLD:
            return  # the pictures end before
        if self._fixed:
            self._repeat(self._held, int(self._n))
            return
        if self._next == 0:
            self._put(self._held, 0)
        last = int(self._n - self._per_second / 30)
        if last > self._next:
            self._put(self._held, last)


class _Sounds:
    """Puts the sound of ``[start, end)`` into a writer, gaps filled with silence, so that it keeps its true time."""

    def __init__(self, writer: Writer, start: float, end: float, at: float) -> None:
        self._writer, self._start = writer, start
        self._rate = writer.audio_rate
        self._first = round(at * self._rate)  # in samples of the file that is written
        self._limit: float = round((end - start) * self._rate) if isfinite(end) else inf
        self._position = 0  # of the next sample from the resampler, counted from `start`
        self._resampler: Any = None
        self._shape: tuple[Any, ...] = ()
        self._clock = 0.0
        self.done = False

    @property
    def _written(self) -> int:
        return self._writer.n_sound - self._first

    def add(self, frame: Any, time: float) -> None:
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        if self._resampler is None or shape != self._shape or abs(time - self._clock) > RESYNC:
            self._drain(None)
            layout = self._writer.audio.codec_context.layout
            self._resampler = av.AudioResampler(format="flt", layout=layout, rate=self._rate)
            self._shape, self._clock = shape, time
            self._position = round((time - self._start) * self._rate)
        self._clock += frame.samples / frame.sample_rate
        frame.pts = None
        self._drain(frame)
        self.done = self._position >= self._limit

    def _drain(self, frame: Any) -> None:
        for made in self._resampler.resample(frame) if self._resampler is not None else ():
            samples = made.to_ndarray().reshape(-1, made.layout.nb_channels)  # (n, channels)
            position = self._position
            self._position += len(samples)
            self.silence(position)
            early = max(0, self._written - position)
            late = max(0.0, self._position - self._limit)
            kept = samples[early : len(samples) - int(min(late, len(samples)))]
            if len(kept):
                self._writer.sound(kept.astype(np.float32, copy=False))

    def silence(self, until: float) -> None:
        """Fill up with silence to a sample counted from `start`."""
        n_channels = self._writer.audio.codec_context.layout.nb_channels
        while (missing := int(min(until, self._limit) - self._written)) > 0:
            self._writer.sound(np.zeros((min(missing, self._rate), n_channels), np.float32))

    def finish(self, *, pad: bool) -> None:
        self._drain(None)
        if pad and isfinite(self._limit):
            self.silence(self._limit)


def encode(
    source: Source,
    writer: Writer,
    start: float,
    end: float,
    *,
    at: float = 0.0,
    pad: bool = False,
    on_progress: OnProgress | None = None,
) -> None:
    """Encode ``[start, end)`` of a source into a writer from its time `at` on; all in seconds, `end` may be infinite.

    Parameters
    ----------
    pad
        Fill the sound with silence to the end, so that the next piece can follow.
    on_progress
        Called with seconds done and in all (0 where unknown); what it raises stops the work.

    Raises
    ------
    PunchlineError
        If the source holds no picture there.
    """
    source.go(start)
    n_before = writer.n_pictures
    pictures = _Pictures(writer, start, end, at)
    sounds = _Sounds(writer, start, end, at) if writer.audio is not None else None
    told = start
    for packet in source.packets():
        is_picture = packet.stream is source.video
        taker = pictures if is_picture else sounds
        if is_picture and packet.dts is not None and source.time(packet) > end + OVERRUN:
            break
        if taker is not None and not taker.done:
            for frame, time in _frames(source, packet):
                taker.add(frame, time)
                if is_picture and on_progress is not None and time > told + 0.5:
                    told = time
                    on_progress(min(time, end) - start, end - start if isfinite(end) else 0.0)
        if pictures.done and (sounds is None or sounds.done):
            break
    pictures.finish()
    _check_pictures(source, writer.n_pictures - n_before, start, end)
    if sounds is not None:
        sounds.finish(pad=pad)


def _frames(source: Source, packet: Any) -> Iterator[tuple[Any, float]]:
    try:
        for frame in packet.decode():
            time = source.time(frame)
            if time == time and not frame.is_corrupt:
                yield frame, time
    except FFmpegError:  # a damaged packet: the pictures around it stay
        return


def copy(
    source: Source,
    writer: Writer,
    start: float,
    end: float = inf,
    *,
    on_progress: OnProgress | None = None,
) -> None:
    """Copy the pictures from the keyframe at `start` to `end` seconds, and the sound as the writer wants it.

    The file's time 0 is `start`. A few pictures after `end` may follow where the coding needs them.

    Raises
    ------
    PunchlineError
        If the source holds no picture there.
    """
    source.go(start)
    shift = Fraction(start).limit_denominator(1_000_000) + source.start
    sounds = None if writer.audio is None or writer.copies_sound else _Sounds(writer, start, end, 0.0)
    told, begun = start, False
    newest = -inf  # a picture later than all before ends the run of those that are decoded with the one before it
    duration = end - start if isfinite(end) else 0.0
    picture_done = False
    for packet in source.packets():
        time = source.time(packet)
        if packet.stream is source.video:
            if packet.size == 0 or time != time or time < start - 1e-4:
                continue
            begun = begun or packet.is_keyframe
            picture_done = picture_done or (time > newest and newest >= end - 1e-4)
            if begun and not picture_done:
                newest = max(newest, time)
                writer.copy(packet, writer.video, shift)
                if on_progress is not None and time > told + 0.5:
                    told = time
                    on_progress(time - start, duration)
            if time > end + OVERRUN:
                break
        elif sounds is not None:
            for frame, moment in _frames(source, packet):
                sounds.add(frame, moment)
        elif packet.size and start - 1e-4 <= time < end:
            writer.copy(packet, writer.audio, shift)
        if picture_done and (time > end or writer.audio is None):
            break
    _check_pictures(source, writer.n_pictures, start, end)
    if sounds is not None:
        sounds.finish(pad=False)


def _check_pictures(source: Source, n_pictures: int, start: float, end: float) -> None:
    if n_pictures == 0:
        raise PunchlineError(
            f"{source.path.name}: no picture between {start:.2f} and {end:.2f} s; the file ends before or is damaged"
        )
