"""The packets of a video file, picture and sound together, from any time on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.error import FFmpegError

from core.errors import VideoUnreadable
from core.video.picture import Shape, shape_of
from core.video.video import SEEK_LEADS

MAX_FAILURES = 100  # damaged packets one after the other until a file counts as ended
MOST_REORDERED = 32  # pictures whose order of decoding is another than that of showing


class Source:
    """A video that is read: packets of its picture and of its sound tracks, from a time on.

    `sounds` are all tracks that can be decoded, in the file's order; `shape` is that of the first picture.
    """

    sounds: tuple[av.AudioStream, ...]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        path = self.path
        try:
            self.container = av.open(str(path), metadata_errors="ignore")
        except (FFmpegError, OSError) as error:
            raise VideoUnreadable(
                "{path}: cannot be opened ({cause}); check that the file is still there", path=path, cause=error
            ) from error
        streams = self.container.streams.video
        pictures = [s for s in streams if not s.disposition & av.stream.Disposition.attached_pic]
        if not pictures:
            self.container.close()
            raise VideoUnreadable("{path}: no video stream; expected a video", path=path)
        self.video = pictures[0]
        self.sounds = tuple(stream for stream in self.container.streams.audio if stream.codec_context is not None)
        self.video.thread_type = "AUTO"
        self.start = Fraction(self.container.start_time or 0, av.time_base)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    @property
    def states_times(self) -> bool:
        """Whether the container says when each picture is shown, so that its packets can be copied; avi does not."""
        return str(self.container.format.name) != "avi"

    @cached_property
    def shape(self) -> Shape:
        """The shape of the first picture that can be decoded.

        Raises
        ------
        VideoUnreadable
            If there is none.
        """
        with Source(self.path) as source:
            for packet in source.packets(source.video):
                for frame in source.frames(packet):
                    return shape_of(frame, source.video.sample_aspect_ratio)
        raise VideoUnreadable(
            "{path}: not one picture could be decoded; the file is damaged or cut short", path=self.path
        )

    def frames(self, packet: Any) -> Iterator[Any]:
        """Decoded frames of a packet that have a time and are whole; none of a damaged packet."""
        try:
            for frame in packet.decode():
                if not (frame.is_corrupt or frame.pts is frame.dts is None):
                    yield frame
        except FFmpegError:  # the pictures around it stay
            return

    def time(self, packet: Any) -> float:
        """Seconds from the container's start of a packet or frame; NaN where it has no time."""
        pts = packet.pts if packet.pts is not None else packet.dts
        return float(pts * packet.time_base - self.start) if pts is not None else float("nan")

    def packets(self, *streams: Any) -> Iterator[Any]:
        """Packets of some streams (picture and all sounds by default) in the file's order from where it stands.

        At last comes one a stream to flush its decoder; damaged ones are left out.
        """
        streams = streams or (self.video, *self.sounds)
        packets = self.container.demux(streams)
        failures = 0
        while failures <= MAX_FAILURES:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError:
                failures += 1
                packets = self.container.demux(streams)  # a generator that has raised is finished
                continue
            failures = 0
            yield packet

    def go(self, time: float) -> None:
        """Stand so that every picture from `time` on can be decoded from the packets that follow."""
        for lead in SEEK_LEADS if time > 0 else ():
            offset = int((max(0.0, time - lead) + self.start) * av.time_base)
            try:
                self.container.seek(offset, backward=True)
                key = next((packet for packet in self.packets(self.video) if packet.is_keyframe), None)
                if key is None or not self.time(key) <= time:
                    continue
                self.container.seek(offset, backward=True)
            except FFmpegError:
                break
            return
        self.container.close()
        self._open()  # from the very start: also where seeking fails

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
            if packet.dts is not None and float(packet.dts * packet.time_base - self.start) > last:
                break
        earlier = [time for time in times if time <= first]
        return [time for time in times if time >= (earlier[-1] if earlier else -inf)]


def with_decoding_times(packets: Iterable[Any], stream: Any) -> Iterator[Any]:
    """Packets, those of `stream` each with a time of decoding.

    Some containers state only when a picture is shown. FFmpeg then learns its time of decoding from those before, so
    the first ones after a seek lack it; they are held back until one has it, and get theirs before it.
    """
    waiting: list[Any] = []
    for packet in packets:
        if packet.stream is not stream:
            yield packet
            continue
        if packet.dts is None and packet.pts is not None and len(waiting) < MOST_REORDERED:
            waiting.append(packet)
            continue
        yield from _filled(waiting, packet.dts)
        waiting = []
        yield packet
    yield from _filled(waiting, None)


def _filled(packets: list[Any], following: int | None) -> list[Any]:
    """Packets without time of decoding, before one that is decoded at `following`; they are evenly apart."""
    shown = sorted(packet.pts for packet in packets)
    step = min((b - a for a, b in pairwise(shown) if b > a), default=1)
    if packets and following is None:  # none says: early enough for each
        following = min(packet.pts + (len(packets) - k) * step for k, packet in enumerate(packets))
    for k, packet in enumerate(packets):
        packet.dts = (following or 0) - (len(packets) - k) * step
    return packets
