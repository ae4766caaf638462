"""Frames of a video at their true times: upright, square, progressive RGB in BT.709.

Time 0 is the container's start time, which is the player's ``currentTime`` 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from core.errors import Sentence, VideoUnreadable
from core.video.ahead import Ahead
from core.video.clock import seconds_since
from core.video.container import Source
from core.video.damage import Damage
from core.video.hardware import nvdec
from core.video.packet_choice import Grid, Standing, chosen, decodable, restarts_decoding, spared
from core.video.picture import Image, Images, progressive
from core.video.references import Coded, References
from core.video.streams import AUTOMATIC, Tracks

FRAMES_AHEAD = 2  # that are decoded while the one before is converted
LEEWAY = 1 / 6  # of the time between two samples: as far away a picture may be that is quicker to decode than a nearer


@dataclass(frozen=True)
class Frame:
    """One sampled time: its PTS in seconds, and the upright RGB picture (h, w, 3) uint8."""

    timestamp: float
    image: Image


@dataclass(frozen=True)
class Picture(Frame):
    """A sampled frame that is also there at a smaller size, `reduced` (h, w, 3), to be searched."""

    reduced: Image


@dataclass(frozen=True, eq=False)
class _Read:
    """A packet, with what its head says of an H.264 picture, and whether others near it are to be chosen instead."""

    packet: Any
    pts: int | None
    dts: int | None
    coded: Coded | None
    aside: bool


def _read(source: Source, grid: Grid, seconds: Callable[[int], float]) -> Iterator[_Read]:
    decoder, standing = source.video.codec_context, Standing(grid.leeway)
    references = References(decoder.extradata) if decoder.name == "h264" else None
    for packet in source.packets(source.video):
        coded = references.of(bytes(packet)) if references else None
        aside = packet.pts is not None and standing.aside(seconds(packet.pts), coded)
        yield _Read(packet, packet.pts, packet.dts, coded, aside)


def _decoded(source: Source, grid: Grid | None = None) -> Iterator[av.VideoFrame]:
    """Pictures from where a source stands; with a grid, only those nearest to one of its times and what they need."""
    if grid is None:
        for packet in source.packets(source.video):
            yield from source.frames(packet)
        return
    decoder, tick = source.video.codec_context, source.video.time_base or Fraction(0)

    def seconds(ticks: int) -> float:
        return max(0.0, seconds_since(source.start, ticks, tick))

    def restarts(read: _Read) -> bool:
        packet = read.packet
        return packet.is_keyframe and restarts_decoding(bytes(packet), decoder.name, decoder.extradata)

    picked = decodable(chosen(_read(source, grid, seconds), grid, seconds, lambda read: read.aside), restarts)
    aside: set[int] = set()  # when they are shown: some are decoded, for others
    for read, left_out in spared(picked, lambda read: None if decoder.is_hwaccel else read.coded):
        if read.aside and read.pts is not None:
            aside.add(read.pts)
        decoder.skip_frame = left_out
        for frame in source.frames(read.packet):
            if frame.pts not in aside:
                yield frame
            if frame.pts is not None:
                aside = {pts for pts in aside if pts > frame.pts}


def _timed(source: Source, grid: Grid | None = None) -> Iterator[tuple[float, av.VideoFrame]]:
    """Pictures with their PTS in seconds from the container's start, strictly increasing."""
    last = -np.inf
    # Of interlaced material all are decoded, for fields are compared with those of the neighbours.
    for frame in progressive(_decoded(source, None if source.interlaced else grid)):
        timestamp = max(0.0, source.time(frame)) if frame.pts is not None else -np.inf
        if timestamp <= last:
            source.damage.frames_without_time += 1
            continue
        last = timestamp
        source.damage.last_timestamp = timestamp
        yield timestamp, frame


def _timed_from(source: Source, start: float, grid: Grid | None = None) -> Iterator[tuple[float, av.VideoFrame]]:
    """Like `_timed` of a whole file, but from at most `start` seconds; what comes before it may be left out."""
    if start > 0:
        source.go(start)
    yield from _timed(source, grid)


def sampled_frames(
    path: Path,
    sample_rate: float,
    *,
    first_timestamp: float | None = None,
    after: float | None = None,
    damage: Damage | None = None,
    tracks: Tracks = AUTOMATIC,
) -> Iterator[Frame]:
    """Frames of a video at `sample_rate` per second, each with its true PTS.

    The grid is ``first + k / sample_rate`` from the first frame on. For each grid time the frame closest to it is
    taken, once; a grid time without a frame within half a sample period has none. So a file with a variable frame
    rate gives fewer samples where it holds fewer pictures, and never a made-up time.

    Parameters
    ----------
    sample_rate
        Hz, at least 0.5; above the video's own rate every frame is taken.
    first_timestamp, after
        To go on where an earlier reading stopped: the first and the last timestamp it gave. The frames that follow
        are the same as in an unbroken reading. `after` needs `first_timestamp`.
    damage
        Counts what could not be read.

    Raises
    ------
    ValueError
        If `sample_rate` is below 0.5 or not finite, or `after` is given alone.
    VideoUnreadable
        As `probe`.
    """
    with Source(path, tracks=tracks, damage=damage) as source:
        images = Images(source.size_of)
        for timestamp, frame in _sampled(source, sample_rate, first_timestamp, after):
            yield Frame(timestamp, images(frame))


def sampled_pictures(
    path: Path,
    sample_rate: float,
    reduction: Callable[[int, int], float],
    *,
    first_timestamp: float | None = None,
    after: float | None = None,
    damage: Damage | None = None,
    tracks: Tracks = AUTOMATIC,
    gpu: bool = False,
    n_threads: int = 0,
) -> Iterator[Picture]:
    """`sampled_frames` at two sizes; decoded by a thread of its own while they are brought to these.

    A B picture of H.264 leaves its place to another at most `LEEWAY` away, which is decoded in any case: that spares a
    quarter of decoding.

    Parameters
    ----------
    reduction
        Height and width in pixels -> size of the reduced picture as a share of them, at most 1.
    gpu
        Decode on an NVIDIA GPU where it can.
    n_threads
        For decoding; 0 takes one a processor and one more.
    """
    hardware = nvdec(path) if gpu else None
    with Source(path, tracks=tracks, damage=damage, hardware=hardware, n_threads=n_threads) as source:
        images = Images(source.size_of)
        frames = Ahead(_sampled(source, sample_rate, first_timestamp, after, LEEWAY), limit=FRAMES_AHEAD)
        with closing(frames):
            for timestamp, frame in frames:
                image = images(frame)
                share = reduction(*image.shape[:2])
                yield Picture(timestamp, image, image if share >= 1 else images.reduced(frame, share))
                del frame, image


def _sampled(
    source: Source,
    sample_rate: float,
    first_timestamp: float | None = None,
    after: float | None = None,
    leeway: float = 0.0,
) -> Iterator[tuple[float, av.VideoFrame]]:
    """What `sampled_frames` gives, as decoded frames; `leeway` as `LEEWAY`."""
    if not 0.5 <= sample_rate < np.inf:
        raise ValueError(f"sample_rate must be at least 0.5 Hz, got {sample_rate}")
    if after is not None and first_timestamp is None:
        raise ValueError("after needs first_timestamp, the origin of the grid; got None")
    period = 1.0 / sample_rate
    grid = Grid(period, first_timestamp, leeway * period)
    last = -np.inf if after is None else after
    k = 0
    held: tuple[float, av.VideoFrame] | None = None  # the latest frame before the current one
    begin = max(0.0, last - 2 * period)
    for timestamp, frame in _timed_from(source, begin, grid):
        if grid.origin is None:
            grid.origin = timestamp
        origin = grid.origin
        if held is None and timestamp > origin:  # entered after the start: skip the grid times before this frame
            k = max(k, int(np.ceil((timestamp - origin) * sample_rate - 1e-6)))
        while (target := origin + k * period) <= timestamp + 1e-6:
            nearest = held if held is not None and target - held[0] <= timestamp - target else (timestamp, frame)
            if nearest[0] > last and abs(nearest[0] - target) <= period / 2 + 1e-6:
                last = nearest[0]
                yield last, nearest[1]
                k += 1
            else:  # on to the first time that may be this frame's: a damaged time can lie years ahead
                k = max(k + 1, int(np.ceil((timestamp - origin) * sample_rate - 0.5 - 1e-6)))
        held = (timestamp, frame)
    if held is not None and grid.origin is not None and held[0] > last:
        target = grid.origin + k * period
        if abs(held[0] - target) <= period / 2 + 1e-6:
            yield held


def frame_at(path: Path, time: float, *, tracks: Tracks = AUTOMATIC) -> Frame:
    """The frame shown at `time` seconds: the last one whose PTS is not later.

    Raises
    ------
    VideoUnreadable
        If the video ends before, or as `probe`.
    """
    shown = None
    with Source(path, tracks=tracks) as source:
        images = Images(source.size_of)
        for timestamp, frame in _timed_from(source, max(0.0, time)):
            if shown is not None and timestamp > time + 1e-6:
                return Frame(shown[0], images(shown[1]))
            shown = (timestamp, frame)
            if timestamp > time:
                break
        if shown is not None and shown[0] >= time - 1.0:
            return Frame(shown[0], images(shown[1]))
    end = Sentence("holds no picture") if shown is None else Sentence("ends at {end:.2f} s", end=shown[0])
    raise VideoUnreadable(
        "{path}: asked for the picture at {time:.2f} s, but the video {end}", path=path, time=time, end=end
    )


def key_frame_at(path: Path, time: float, *, tracks: Tracks = AUTOMATIC) -> Frame:
    """The picture at which decoding towards `time` seconds starts: fast, and up to a key-frame distance earlier.

    Raises
    ------
    VideoUnreadable
        If there is none, or as `probe`.
    """
    with Source(path, tracks=tracks) as source:
        for timestamp, frame in _timed_from(source, max(0.0, time)):
            return Frame(timestamp, Images(source.size_of)(frame))
    raise VideoUnreadable(
        "{path}: asked for a key frame at {time:.2f} s, but the video holds no picture there", path=path, time=time
    )
