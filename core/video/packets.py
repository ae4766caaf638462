"""The packets of a video file, picture and sound together, from any time on."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.error import FFmpegError

from core.errors import VideoUnreadable
from core.video.video import SEEK_LEADS

MAX_FAILURES = 100  # damaged packets one after the other until a file counts as ended


class Source:
    """A video that is read: packets of its picture and of its first sound track, from a time on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        path = self.path
        try:
            self.container = av.open(str(path))
        except (FFmpegError, OSError) as error:
            raise VideoUnreadable(f"{path}: cannot be opened ({error}); check that the file is still there") from error
        streams = self.container.streams.video
        pictures = [s for s in streams if not s.disposition & av.stream.Disposition.attached_pic]
        if not pictures:
            self.container.close()
            raise VideoUnreadable(f"{path}: no video stream; expected a video")
        self.video = pictures[0]
        self.audio = self.container.streams.audio[0] if self.container.streams.audio else None
        self.video.thread_type = "AUTO"
        self.start = Fraction(self.container.start_time or 0, av.time_base)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    def time(self, packet: Any) -> float:
        """Seconds from the container's start of a packet or frame; NaN where it has no time."""
        pts = packet.pts if packet.pts is not None else packet.dts
        return float(pts * packet.time_base - self.start) if pts is not None else float("nan")

    def packets(self) -> Iterator[Any]:
        """Packets in the file's order from where it stands, at last one a stream to flush; damaged ones left out."""
        streams = [stream for stream in (self.video, self.audio) if stream is not None]
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
                key = next((p for p in self.packets() if p.stream is self.video and p.is_keyframe), None)
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
        found: list[float] = []
        for packet in self.packets():
            if packet.stream is not self.video or packet.size == 0:
                continue
            time = self.time(packet)
            if packet.is_keyframe and time <= last:
                found.append(time)
            if packet.dts is not None and float(packet.dts * packet.time_base - self.start) > last:
                break
        earlier = [time for time in found if time <= first]
        return [time for time in found if time >= (earlier[-1] if earlier else -inf)]
