"""Cuts and converts video files: packets copied, or pictures and sound encoded again as H.264 and AAC in MP4.

What is written has its own time 0 at the wanted second of the source's time (which counts from the container's start).
Memory does not depend on the length: every packet is written as soon as it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import inf, isfinite
from typing import Any, Protocol

import av
import numpy as np

from core.errors import PunchlineError
from core.video.container import Source
from core.video.packets import with_decoding_times
from core.video.picture import Deinterlacer
from core.video.sound_track import SoundSink, n_channels
from core.video.writer import TICK, Writer

RESYNC = 0.04  # seconds between a sound packet's time and the running clock that count as a gap
OVERRUN = 10.0  # seconds to read on for the sound that belongs to the last pictures
LONGEST_HOLD = 1.0  # seconds for which a video's last picture counts as shown

OnProgress = Callable[[float, float], None]


class _Pictures(Protocol):
    """Takes the pictures of a stretch in order; `done` once nothing that follows belongs to it."""

    done: bool

    def add(self, frame: Any, time: float) -> None: ...

    def finish(self) -> None: ...


class ConstantRate:
    """Gives each tick of a constant rate the picture nearest to it, or where none is near, the one shown then.

    Parameters
    ----------
    start, n_ticks
        Seconds of the source at tick 0, and how many ticks there are; inf where the source's end is unknown.
    on_picture
        Called with a picture and its tick, for each tick in turn.
    """

    def __init__(self, rate: Fraction, start: float, n_ticks: float, on_picture: Callable[[Any, int], None]) -> None:
        self._period, self._start, self._n, self._on_picture = float(1 / rate), start, n_ticks, on_picture
        self._next = 0  # the tick that is due
        self._held: tuple[float, Any] | None = None  # the latest picture and its time
        self.done = False

    def add(self, frame: Any, time: float) -> None:
        """The next picture, shown from `time` seconds of the source on."""
        while self._next < self._n and not self._is_nearer(time):
            self._put(self._held[1] if self._held else frame)
        self._held = (time, frame)
        self.done = self._next >= self._n

    def _is_nearer(self, time: float) -> bool:
        """Whether a picture at `time` suits the tick that is due better than the held one."""
        tick = self._start + self._next * self._period
        if time > tick + self._period / 2:
            return False
        return self._held is None or time <= tick or time - tick < tick - self._held[0]

    def _put(self, frame: Any) -> None:
        self._on_picture(frame, self._next)
        self._next += 1

    def finish(self) -> None:
        """Hold the last picture to the end, unless the pictures end before the start."""
        if self._held is None or (self._next == 0 and self._held[0] < self._start - LONGEST_HOLD):
            return
        end = self._n if isfinite(self._n) else self._next + 1
        while self._next < end:
            self._put(self._held[1])


class _OwnTimes:
    """Puts the pictures of ``[start, end)`` into a writer at their own times."""

    def __init__(self, writer: Writer, start: float, end: float) -> None:
        self._writer, self._start = writer, start
        self._per_second = round(1 / TICK)
        self._n: float = round((end - start) * self._per_second) if isfinite(end) else inf
        self._next = 0  # the first tick at which a picture may lie, counted from `start`
        self._held: tuple[float, Any] | None = None
        self.done = False

    def add(self, frame: Any, time: float) -> None:
        ticks = round((time - self._start) * self._per_second)
        if self._next == 0 and 0 < ticks < self._per_second / 1000:
            ticks = 0  # rounding, no picture of its own before it
        if ticks >= self._n:
            self.done = True
            return
        if ticks > 0 and self._next == 0:
            self._put(self._held[1] if self._held else frame, 0)
        self._held = (time, frame)
        if ticks >= self._next:
            self._put(frame, ticks)

    def _put(self, frame: Any, ticks: int) -> None:
        self._writer.picture(self._writer.convert(frame), ticks)
        self._next = ticks + 1

    def finish(self) -> None:
        """Hold the last picture to the end."""
        if self._held is None or not isfinite(self._n):
            return
        if self._next == 0:
            if not self.done and self._held[0] < self._start - LONGEST_HOLD:
                return  # the pictures end before
            self._put(self._held[1], 0)
        last = int(self._n - self._per_second / 30)
        if last > self._next:
            self._put(self._held[1], last)


class Sounds:
    """Puts the sound of ``[start, end)`` into a track, gaps filled with silence, so that it keeps its true time."""

    def __init__(self, track: SoundSink, start: float, end: float) -> None:
        self._track, self._start = track, start
        self._limit: float = round((end - start) * track.rate) if isfinite(end) else inf
        self._first = track.n_written
        self._position = 0  # of the next sample from the resampler, counted from `start`
        self._resampler: Any = None
        self._shape: tuple[Any, ...] = ()
        self._clock = 0.0
        self.done = False

    @property
    def _written(self) -> int:
        return self._track.n_written - self._first

    def add(self, frame: Any, time: float) -> None:
        """The next decoded samples; the first of them is heard at `time` seconds of the source."""
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        if self._resampler is None or shape != self._shape or abs(time - self._clock) > RESYNC:
            self._drain(None)
            position = round((time - self._start) * self._track.rate)
            # Times that stand still, as of aac in avi: the sound runs on.
            self._position = position if self._resampler is None else max(position, self._position)
            self._resampler = av.AudioResampler(format="flt", layout=self._track.layout, rate=self._track.rate)
            self._shape, self._clock = shape, time
        self._clock += frame.samples / frame.sample_rate
        frame.pts = None
        self._drain(frame)
        self.done = self._position >= self._limit

    def _drain(self, frame: Any) -> None:
        for resampled in self._resampler.resample(frame) if self._resampler is not None else ():
            samples = resampled.to_ndarray().reshape(-1, resampled.layout.nb_channels)  # (n, channels)
            position = self._position
            self._position += len(samples)
            self.silence(position)
            early = max(0, self._written - position)
            late = max(0.0, self._position - self._limit)
            kept = samples[early : len(samples) - int(min(late, len(samples)))]
            if len(kept):
                self._track.write(kept.astype(np.float32, copy=False))

    def silence(self, until: float) -> None:
        """Fill up with silence to a sample counted from `start`."""
        channels = n_channels(self._track.layout)
        while (missing := int(min(until, self._limit) - self._written)) > 0:
            self._track.write(np.zeros((min(missing, self._track.rate), channels), np.float32))

    def finish(self, *, pad: bool) -> None:
        """Write what the resampler holds, and with `pad`, silence to the end."""
        self._drain(None)
        if pad and isfinite(self._limit):
            self.silence(self._limit)


def timed_frames(source: Source, packet: Any, deinterlacer: Deinterlacer | None = None) -> Iterator[tuple[Any, float]]:
    """Frames of a packet (of its last ones, where it is the empty one that flushes) with their times in seconds."""
    for frame in source.frames(packet):
        for shown in deinterlacer(frame) if deinterlacer else (frame,):
            yield shown, source.time(shown)
    if deinterlacer and packet.size == 0:
        yield from ((shown, source.time(shown)) for shown in deinterlacer.rest())


def pictures_at(source: Source, rate: Fraction, start: float, n_ticks: int) -> Iterator[Any]:
    """The picture of each tick of a constant rate, from `start` seconds of a source on; none if there is not one."""
    ready: list[Any] = []
    ticks = ConstantRate(rate, start, n_ticks, lambda frame, _: ready.append(frame))
    deinterlacer = Deinterlacer()
    source.go(start)
    for packet in source.packets(source.video):
        for frame, time in timed_frames(source, packet, deinterlacer):
            ticks.add(frame, time)
        yield from ready
        ready.clear()
        if ticks.done:
            return
    ticks.finish()
    yield from ready


def sound_into(source: Source, tracks: Mapping[int, SoundSink], start: float, end: float) -> None:
    """Put ``[start, end)`` of sounds of a source, in seconds, into tracks by their streams' index, silence in gaps."""
    source.go(start)
    takers = {index: Sounds(track, start, end) for index, track in tracks.items()}
    for packet in source.packets(*(stream for stream in source.sounds if stream.index in takers)) if takers else ():
        taker = takers[packet.stream.index]
        for frame, time in timed_frames(source, packet) if not taker.done else ():
            taker.add(frame, time)
        if all(taker.done for taker in takers.values()) or source.time(packet) > end + OVERRUN:
            break
    for taker in takers.values():
        taker.finish(pad=True)


def encode(source: Source, writer: Writer, start: float, end: float, *, on_progress: OnProgress | None = None) -> None:
    """Encode ``[start, end)`` of a source into a writer; in seconds, `end` may be infinite.

    Parameters
    ----------
    on_progress
        Called with seconds done and in all (0 where unknown); what it raises stops the work.

    Raises
    ------
    PunchlineError
        If the source holds no picture there.
    """
    source.go(start)
    pictures = _taker(writer, start, end)
    sounds = {index: Sounds(track, start, end) for index, track in writer.tracks.items()}
    wanted = [stream for stream in source.sounds if stream.index in sounds]
    deinterlacer = Deinterlacer()
    progress = _Progress(start, end, on_progress)
    for packet in source.packets(source.video, *wanted):
        if packet.stream is source.video:
            if packet.dts is not None and source.time(packet) > end + OVERRUN:
                break
            for frame, time in timed_frames(source, packet, deinterlacer) if not pictures.done else ():
                pictures.add(frame, time)
                progress.tell(time)
        elif not (taker := sounds[packet.stream.index]).done:
            for frame, time in timed_frames(source, packet):
                taker.add(frame, time)
        if pictures.done and all(taker.done for taker in sounds.values()):
            break
    pictures.finish()
    check_pictures(source, writer.n_pictures, start, end)
    for taker in sounds.values():
        taker.finish(pad=False)


def _taker(writer: Writer, start: float, end: float) -> _Pictures:
    rate = writer.recipe.rate if writer.recipe else None
    if rate is None:
        return _OwnTimes(writer, start, end)
    n_ticks = round((end - start) * rate) if isfinite(end) else inf
    return ConstantRate(rate, start, n_ticks, lambda frame, tick: writer.picture(writer.convert(frame), tick))


class _Progress:
    """Tells twice a second of video how far the work is."""

    def __init__(self, start: float, end: float, on_progress: OnProgress | None) -> None:
        self._start, self._end, self._on_progress = start, end, on_progress
        self._told = start

    def tell(self, time: float) -> None:
        if self._on_progress is not None and time > self._told + 0.5:
            self._told = time
            total = self._end - self._start if isfinite(self._end) else 0.0
            self._on_progress(min(time, self._end) - self._start, total)


def copy(
    source: Source, writer: Writer, start: float, end: float = inf, *, on_progress: OnProgress | None = None
) -> None:
    """Copy the pictures from the keyframe at `start` to `end` seconds, and each sound track as the writer wants it.

    The file's time 0 is `start`. A few pictures after `end` may follow where the coding needs them.

    Raises
    ------
    PunchlineError
        If the source holds no picture there.
    """
    source.go(start)
    shift = Fraction(start).limit_denominator(1_000_000) + source.start
    sounds = {index: Sounds(track, start, end) for index, track in writer.tracks.items()}
    wanted = [stream for stream in source.sounds if stream.index in sounds or writer.copies(stream)]
    progress = _Progress(start, end, on_progress)
    pictures = _CopiedPictures(start, end)
    for packet in with_decoding_times(source.packets(source.video, *wanted), source.video):
        time = source.time(packet)
        if packet.stream is source.video:
            if pictures.takes(packet, time):
                writer.copy(packet, shift)
                progress.tell(time)
            if time > end + OVERRUN:
                break
        elif packet.stream.index in sounds:
            for frame, moment in timed_frames(source, packet):
                sounds[packet.stream.index].add(frame, moment)
        elif packet.size and start - 1e-4 <= time < end:
            writer.copy(packet, shift)
        heard = all(taker.done for taker in sounds.values())  # decoders may hold sound back for some packets
        if pictures.done and heard and (time > end or not wanted):
            break
    check_pictures(source, writer.n_pictures, start, end)
    for taker in sounds.values():
        taker.finish(pad=False)


class _CopiedPictures:
    """Which packets of pictures belong to a copy of ``[start, end)``: whole runs of those decoded together."""

    def __init__(self, start: float, end: float) -> None:
        self._start, self._end = start, end
        self._begun = self.done = False
        self._newest = -inf  # a picture later than all before ends the run of those decoded with the one before it

    def takes(self, packet: Any, time: float) -> bool:
        if packet.size == 0 or not time >= self._start - 1e-4:
            return False
        self._begun = self._begun or packet.is_keyframe
        self.done = self.done or (time > self._newest and self._newest >= self._end - 1e-4)
        if not self._begun or self.done:
            return False
        self._newest = max(self._newest, time)
        return True


def check_pictures(source: Source, n_pictures: int, start: float, end: float) -> None:
    """Raise PunchlineError where nothing was written of ``[start, end)``."""
    if n_pictures == 0:
        raise PunchlineError(
            "{video}: no picture between {start:.2f} and {end:.2f} s; the file ends before or is damaged",
            video=source.path.name,
            start=start,
            end=end,
        )
