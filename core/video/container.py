"""A video file that is open for reading: the one place that opens containers, demuxes over damage and seeks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from math import inf
from pathlib import Path
from typing import Any, Self

import av
from av.codec.hwaccel import HWAccel
from av.error import FFmpegError

from core.errors import Sentence, VideoUnreadable
from core.video.clock import JUMPING, Clock, read_clock, seconds_since
from core.video.damage import Damage
from core.video.due_times import HELD_BACK_BY_ONE, DueTimes
from core.video.edits import Edits, read_edits
from core.video.opening import opened
from core.video.outliers import in_order
from core.video.packet_choice import restarts_decoding
from core.video.picture import Shape, shape_of
from core.video.programmes import programme_of
from core.video.streams import (
    AUTOMATIC,
    MIX,
    UNREADABLE,
    Tracks,
    best_picture,
    best_sound,
    no_picture,
    numbered,
    pictures_of,
    sounds_of,
)

MAX_FAILURES = 100  # damaged packets one after the other until a file counts as ended
ORDERED = {"avi", "asf"}  # formats that state only when a picture is decoded
FARTHEST = 10, 600  # of the stated length, and seconds more: a time behind that is damaged
PROGRESSIVE = 1  # FFmpeg's number of that order of fields; 0 is unknown, higher ones are interlaced
SEEK_LEADS = (0.0, 3.0, 10.0, 60.0)  # seconds to aim ahead of the wanted time, as a transport stream may land after it


@lru_cache(maxsize=256)
def _best(path: Path, size: int, modified: int) -> tuple[int | None, int | None]:
    """Index of the best picture and of the best sound among the decodable streams of a file in this state."""
    with opened(path) as container:
        picture = best_picture(container)
    with opened(path) as container:
        return picture, best_sound(container, picture)


@lru_cache(maxsize=256)
def _clock(path: Path, size: int, modified: int) -> Clock:
    picture, _ = _best(path, size, modified)
    with opened(path) as container:
        return read_clock(container, programme_of(container, picture))


@lru_cache(maxsize=256)
def _edits(path: Path, size: int, modified: int, index: int) -> Edits:
    with opened(path) as container:
        return read_edits(container, index)


class Source:
    """A video that is read: packets of its picture and of its sound tracks, from a time on.

    Parameters
    ----------
    tracks
        Which picture and sound are wanted.
    damage
        Counts what could not be read.
    hardware, n_threads
        For decoding the picture; 0 takes one thread a processor and one more.

    Attributes
    ----------
    sounds
        All tracks that can be decoded, in the file's order.
    start
        Seconds of the container's clock at time 0.

    Raises
    ------
    VideoUnreadable
        If the file is missing, empty or no video.
    """

    sounds: tuple[av.AudioStream, ...]

    def __init__(
        self,
        path: Path,
        *,
        tracks: Tracks = AUTOMATIC,
        damage: Damage | None = None,
        hardware: HWAccel | None = None,
        n_threads: int = 0,
    ) -> None:
        self.path = Path(path)
        self.damage = damage if damage is not None else Damage()
        self._tracks, self._hardware, self._n_threads = tracks, hardware, n_threads
        self._open()

    def _open(self) -> None:
        self.container = opened(self.path, self._hardware)
        self.pictures = pictures_of(self.container)
        self.sounds = sounds_of(self.container)
        self._places: dict[int, int] = {}  # where the latest packet of each stream lies
        self.clock = _clock(self.path, *self._state) if self.container.format.name in JUMPING else Clock()
        self._has_clock = any(stream.start_time is not None for stream in self.container.streams)
        start = round(self.clock.starts[0] * av.time_base) if self.clock.is_part else self.container.start_time
        self.start = Fraction(start or 0, av.time_base)
        self._due: DueTimes | None = None  # where packets do not say when they are shown
        self._video: av.VideoStream | None = None
        self._stated_size = 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.container.close()

    @property
    def video(self) -> av.VideoStream:
        """The stream of pictures that is wanted, or the best one.

        Raises
        ------
        VideoUnreadable
            If there is none.
        """
        if self._video is None:
            self._video = self._picture
            self._stated_size = self._video.width, self._video.height  # the decoder changes it on the way
            self._video.thread_type, self._video.thread_count = "AUTO", self._n_threads
            if not self.states_times:
                self._due = DueTimes(self._video, has_clock=self._has_clock)
                if self._video.codec_context.name in HELD_BACK_BY_ONE:
                    self._video.thread_type = "SLICE"
        return self._video

    @property
    def _picture(self) -> av.VideoStream:
        wanted = self._tracks.video
        if wanted is not None:
            return numbered(self.path, Sentence("video track"), self.container.streams.video, self.pictures, wanted)
        if not self.pictures:
            raise no_picture(self.path, self.container)
        best = self._best[0] if len(self.container.streams.video) > 1 else None
        return next((stream for stream in self.pictures if stream.index == best), self.pictures[0])

    @property
    def sound(self) -> av.AudioStream | None:
        """The sound track that is wanted, or the best one; None where there is none."""
        wanted = self._tracks.audio
        if wanted is not None and wanted != MIX:
            return numbered(self.path, Sentence("sound track"), self.container.streams.audio, self.sounds, wanted)
        best = self._best[1] if len(self.sounds) > 1 else None
        return next((stream for stream in self.sounds if stream.index == best), next(iter(self.sounds), None))

    @cached_property
    def _best(self) -> tuple[int | None, int | None]:
        return _best(self.path, *self._state)

    @property
    def _state(self) -> tuple[int, int]:
        state = self.path.stat()
        return state.st_size, state.st_mtime_ns

    @property
    def duration(self) -> float | None:
        """Seconds from the container's start, as the file says; None where it does not."""
        duration = (self.container.duration or 0) / av.time_base
        if (self.clock.n_jumps or self.clock.is_part) and self.clock.end is not None:
            return self.clock.end - float(self.start)
        if "matroska" in self.container.format.name:  # its header counts from 0, not from the first packet
            duration -= max(0.0, float(self.start))
        return duration if duration > 0 else None

    @property
    def states_times(self) -> bool:
        """Whether the container says when each picture is shown."""
        return self.container.format.name not in ORDERED and self._has_clock

    @cached_property
    def copyable(self) -> bool:
        """Whether packets of its pictures, copied, show what it shows: whole pictures, all of them, at stated times."""
        return self.states_times and not self.interlaced and not _edits(self.path, *self._state, self.video.index).any

    @property
    def pixel_aspect(self) -> Fraction | None:
        """How much wider than high a stored pixel is shown; None where the file does not say."""
        return self.video.sample_aspect_ratio or self.video.codec_context.sample_aspect_ratio or None

    @cached_property
    def interlaced(self) -> bool:
        """Whether the stream says that its pictures are made of two fields of different times."""
        return self.video.codec_context.field_order > PROGRESSIVE

    @cached_property
    def shape(self) -> Shape:
        """The shape of the first picture that can be decoded.

        Raises
        ------
        VideoUnreadable
            If there is none.
        """
        with Source(self.path, tracks=self._tracks) as source:
            return shape_of(source.first_picture(), source.pixel_aspect)

    def size_of(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height of an upright picture in square pixels: that of the first, also where others follow."""
        if (frame.width, frame.height) == self._stated_size:
            return shape_of(frame, self.pixel_aspect).square
        return self.shape.square

    def first_picture(self) -> av.VideoFrame:
        """The first picture that can be decoded from where it stands.

        Raises
        ------
        VideoUnreadable
            If there is none.
        """
        for packet in self.packets(self.video):
            frame: av.VideoFrame | None = next(self.frames(packet), None)
            if frame is not None:
                return frame
        raise VideoUnreadable(
            "{path}: not one picture could be decoded; the file is damaged or cut short", path=self.path
        )

    def frames(self, packet: Any) -> Iterator[Any]:
        """Decoded frames of a packet that are whole, with a time where one is known; none of a damaged packet."""
        try:
            frames = packet.decode()
        except FFmpegError:  # the pictures around it stay
            self.damage.bad_packets += 1
            frames = []
        if self._due is not None and packet.stream.type == "video":
            self._due.date(packet, frames)
        for frame in frames:
            if frame.is_corrupt:
                self.damage.bad_packets += 1
            else:
                yield frame

    def time(self, packet: Any) -> float:
        """Seconds from the container's start of a packet or frame; NaN where it has no time."""
        pts = packet.pts if packet.pts is not None else packet.dts
        return seconds_since(self.start, pts, packet.time_base) if pts is not None else float("nan")

    def packets(self, *streams: Any) -> Iterator[Any]:
        """Packets of some streams (picture and all sounds by default) in the file's order from where it stands.

        At last comes one a stream to flush its decoder; damaged ones are left out.
        """
        return in_order(self._readable(*(streams or (self.video, *self.sounds))), self.damage)

    def _readable(self, *streams: Any) -> Iterator[Any]:
        packets = self.container.demux(streams)
        failures = 0
        farthest = inf if self.duration is None else FARTHEST[0] * self.duration + FARTHEST[1]
        while failures <= MAX_FAILURES:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except UNREADABLE:
                self.damage.bad_packets += 1
                failures += 1
                packets = self.container.demux(streams)  # a generator that has raised is finished
                continue
            failures = 0
            if packet.stream.type == "video" and packet.dts is not None and not self.states_times:
                packet.pts = None  # a guess of FFmpeg's, which knows nothing of the pictures' order
            if self.clock.n_jumps:
                self._mend(packet)
            if self.time(packet) > farthest:
                self.damage.bad_packets += 1
                continue
            yield packet

    def _mend(self, packet: Any) -> None:
        """Move a packet to where it lies on the clock that runs on."""
        place = self._places[packet.stream.index] = packet.pos or self._places.get(packet.stream.index, 0)
        ticks = round(self.clock.shift(place) / packet.time_base) if packet.size else 0
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks

    def go(self, time: float) -> None:
        """Stand so that every picture from `time` on can be decoded from the packets that follow."""
        decoder = self.video.codec_context
        for seek in self._seeks(time) if time > 0 and self._has_clock else ():
            try:
                seek()
                key = next((packet for packet in self.packets(self.video) if packet.is_keyframe), None)
                if key is None or not self.time(key) <= time:
                    continue
                seek()
                # Else whole pictures may come only some later, as of streams that spread their keyframes.
                if decoder.name == "h264" and not restarts_decoding(bytes(key), "h264", decoder.extradata):
                    shown = next((frame for packet in self.packets(self.video) for frame in self.frames(packet)), None)
                    if shown is None or self.time(shown) > time:
                        continue
                    seek()
            except FFmpegError:
                break
            return
        self.container.close()
        self._open()  # from the very start: also where seeking fails

    def _seeks(self, time: float) -> Iterator[Callable[[], None]]:
        """Ways to stand at or before a time, ever earlier."""
        if self.clock.n_jumps:
            for place in self.clock.places_before(time + float(self.start)):
                yield partial(self._seek, place, unsupported_byte_offset=True)
        if self.clock.n_jumps or _edits(self.path, *self._state, self.video.index).inside:
            return
        tick = self.video.time_base or Fraction(1, av.time_base)
        for lead in SEEK_LEADS[self.container.format.name == "mpeg" :]:  # where few packets state a time
            ticks = int((Fraction(max(0.0, time - lead)) + self.start) / tick)
            yield partial(self._seek, ticks, backward=True, stream=self.video)

    def _seek(self, offset: int, **how: Any) -> None:
        self.container.seek(offset, **how)
        if self._due:
            self._due.clear()
        self._places.clear()

    def keyframes(self, first: float, last: float) -> list[float]:
        """Times of the keyframes from the one at or before `first` to `last`, without decoding."""
        self.go(first)
        times: list[float] = []
        for packet in self.packets(self.video):
            if packet.size == 0:
                continue
            time = self.time(packet)
            if packet.is_keyframe and time <= last:
                times.append(time)
            if packet.dts is not None and seconds_since(self.start, packet.dts, packet.time_base) > last:
                break
        earlier = [time for time in times if time <= first]
        return [time for time in times if time >= (earlier[-1] if earlier else -inf)]
