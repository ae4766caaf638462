"""Which of a file's streams is its video, and which its sound.

Recorders put slides, covers, muted microphones and tracks of unknown codecs before what is wanted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Disposition

from core.errors import Sentence, VideoUnreadable
from core.video.programmes import programme_of

LOOK = 10.0  # seconds of packets that are counted to tell a film from slides
LISTEN = 2.0  # seconds of sound that are listened to at each place
PLACES = (0.02, 0.3, 0.6, 0.9)  # of the length, at which sound is listened to
SILENT = 1e-6  # mean square below which a track counts as muted (-60 dBFS)
HEARD = 1e-3  # of the loudest track's power, below which a track is the noise of an open microphone
BESIDE = Disposition.comment | Disposition.hearing_impaired | Disposition.visual_impaired | Disposition.descriptions
NO_FILM = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
MAX_PACKETS = 5000
MIX = 0
S = TypeVar("S", av.VideoStream, av.AudioStream)
UNREADABLE = (FFmpegError, IndexError)  # the latter where a damaged file names a stream that it does not have


@dataclass(frozen=True)
class Tracks:
    """Which tracks are wanted, counted from 1 among those of their kind; None is the best one.

    An `audio` of `MIX` is all sound tracks together; where only one can be taken, it is the best one.
    """

    video: int | None = None
    audio: int | None = None


AUTOMATIC = Tracks()


def pictures_of(container: av.container.InputContainer) -> tuple[av.VideoStream, ...]:
    """Streams of pictures that can be decoded, without covers."""
    streams = (stream for stream in container.streams.video if stream.codec_context is not None)
    return tuple(stream for stream in streams if not stream.disposition & NO_FILM)


def sounds_of(container: av.container.InputContainer) -> tuple[av.AudioStream, ...]:
    """Sound tracks that can be decoded."""
    return tuple(stream for stream in container.streams.audio if stream.codec_context is not None)


def best_picture(container: av.container.InputContainer) -> int | None:
    """Index of the stream that is the film: it moves, is marked as default, is the largest, has the most pictures."""
    streams = pictures_of(container)
    if len(streams) < 2:
        return streams[0].index if streams else None
    counts = Counter[int]()
    decoded = set[int]()
    for packet in _packets(container, streams, LOOK):
        counts[packet.stream.index] += packet.size > 0
        if packet.stream.index not in decoded and _decoded(packet):
            decoded.add(packet.stream.index)

    def rank(stream: av.VideoStream) -> tuple[Any, ...]:
        n = counts[stream.index]
        moves = n > 1 and 8 * n >= max(counts.values())
        default = bool(stream.disposition & Disposition.default)
        return stream.index in decoded, moves, default, stream.width * stream.height, n, -stream.index

    return max(streams, key=rank).index


def best_sound(container: av.container.InputContainer, picture: int | None) -> int | None:
    """Index of the track that is listened to beside a picture: of those that are not silent, of its programme.

    Among these it is marked as default, or is the first; no commentary, unless there are others.
    """
    streams = sounds_of(container)
    if len(streams) > 1:
        programme = programme_of(container, picture)
        streams = tuple(stream for stream in streams if stream.id in programme) or streams
    if len(streams) < 2:
        return streams[0].index if streams else None
    power = dict.fromkeys((stream.index for stream in streams), 0.0)
    for place in PLACES if container.duration else PLACES[:1]:
        try:
            if place and container.duration:
                container.seek(int((container.start_time or 0) + place * container.duration))
        except FFmpegError:
            break
        for packet in _packets(container, streams, LISTEN):
            for frame in _decoded(packet):
                power[packet.stream.index] = max(power[packet.stream.index], _power(frame))

    def rank(stream: av.AudioStream) -> tuple[bool, bool, bool, int]:
        heard = power[stream.index] > max(SILENT, HEARD * max(power.values()))
        default = bool(stream.disposition & Disposition.default)
        return heard, not stream.disposition & BESIDE, default, -stream.index

    return max(streams, key=rank).index


def _power(frame: Any) -> float:
    """The loudest channel's mean square, full scale being 1."""
    resampled = av.AudioResampler(format="flt", layout=frame.layout).resample(frame)
    return max((float(np.square(part.to_ndarray(), dtype=np.float64).mean()) for part in resampled), default=0.0)


def _decoded(packet: Any) -> list[Any]:
    try:
        frames: list[Any] = packet.decode()
    except FFmpegError:
        return []
    return frames


def _packets(container: av.container.InputContainer, streams: Any, seconds: float) -> Iterator[Any]:
    """Packets of some streams over so many seconds from where the container stands, as far as they can be read."""
    packets = container.demux(streams)
    first: dict[int, float] = {}  # of each stream, for those of other programmes have clocks of their own
    for _ in range(MAX_PACKETS):
        try:
            packet = next(packets)
        except (StopIteration, *UNREADABLE):
            return
        if packet.dts is not None:
            time = float(packet.dts * packet.time_base)
            if time > first.setdefault(packet.stream_index, time) + seconds:
                return
        yield packet


def numbered(path: Path, kind: str, all_tracks: Sequence[S], readable: Sequence[S], wanted: int) -> S:
    """The `wanted`-th track of a kind, counted from 1. Raises VideoUnreadable where it is not `readable`."""
    if 1 <= wanted <= len(all_tracks) and all_tracks[wanted - 1] in readable:
        return all_tracks[wanted - 1]
    numbers = [str(k) for k, stream in enumerate(all_tracks, 1) if stream in readable]
    raise VideoUnreadable(
        "{path}: {kind} {wanted} cannot be read; expected one of: {numbers}",
        path=path,
        kind=kind,
        wanted=wanted,
        numbers=", ".join(numbers) or "none",
    )


def no_picture(path: Path, container: av.container.InputContainer) -> VideoUnreadable:
    """Why a file without a readable picture is refused."""
    if any(not stream.disposition & NO_FILM for stream in container.streams.video):
        return VideoUnreadable(
            "{path}: no decoder knows the codec of its picture; convert it to H.264 first", path=path
        )
    kind = Sentence("only sound" if container.streams.audio else "neither picture nor sound")
    return VideoUnreadable(
        "{path}: no video stream, {kind}; Punchline needs the picture of a face", path=path, kind=kind
    )
