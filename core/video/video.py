"""Video and sound files: what they hold, frames at their true times, sound in blocks.

Time 0 is the container's start time, which is the player's ``currentTime`` 0, for pictures and sound alike.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.hwaccel import HWAccel
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from core.errors import Sentence, VideoUnreadable
from core.video.packet_choice import Grid, chosen, decodable, restarts_decoding

FINGERPRINT_BLOCK = 1 << 20  # bytes
AUDIO_RATE = 16_000  # samples per second
SEEK_LEADS = (0.0, 3.0, 10.0, 60.0)  # seconds to aim ahead of the wanted time, as a transport stream may land after it
RESYNC = 0.1  # seconds between a packet's time and the running clock that count as a gap in the sound

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about itself.

    `width` and `height` are those of the upright picture in pixels, `rotation` the display rotation already counted
    in (degrees, counter-clockwise), `duration` seconds from the container's start (0 where unknown), `fps` the mean
    frame rate.
    """

    path: Path
    duration: float
    width: int
    height: int
    rotation: int
    fps: float
    codec: str
    pixel_format: str
    has_audio: bool
    start: float


@dataclass(frozen=True)
class Frame:
    """One sampled time: its PTS in seconds, and the upright RGB picture (h, w, 3) uint8."""

    timestamp: float
    image: Image


@dataclass(frozen=True)
class Picture(Frame):
    """A sampled frame that is also there at a smaller size, `reduced` (h, w, 3), to be searched."""

    reduced: Image


@dataclass
class Damage:
    """What could not be read: counted while a file is read, reported afterwards."""

    bad_packets: int = 0
    frames_without_time: int = 0
    last_timestamp: float = 0.0

    def warnings(self, duration: float) -> list[str]:
        """Sentences for the user; `duration` is what the file claims, in seconds."""
        found: list[str] = []
        if self.bad_packets:
            found.append(Sentence("{bad_packets} damaged packets were skipped", bad_packets=self.bad_packets))
        if self.frames_without_time:
            found.append(
                Sentence(
                    "{frames_without_time} frames without a time of their own were skipped",
                    frames_without_time=self.frames_without_time,
                )
            )
        if duration - self.last_timestamp > max(2.0, 0.02 * duration):
            found.append(
                Sentence(
                    "the file says {duration:.1f} s but its pictures end at {last_timestamp:.1f} s: it is cut "
                    "short or damaged; what could be read is kept",
                    duration=duration,
                    last_timestamp=self.last_timestamp,
                )
            )
        return found


def _open(path: Path, *, hardware: HWAccel | None = None) -> av.container.InputContainer:
    if not path.is_file():
        raise VideoUnreadable("{path}: no such file; check the path, or that the drive is connected", path=path)
    if path.stat().st_size == 0:
        raise VideoUnreadable("{path}: the file is empty (0 bytes); copy or download it again", path=path)
    try:
        return av.open(str(path), hwaccel=hardware)
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoUnreadable(
            "{path}: no readable video ({cause}); expected a video file such as mp4, mkv, mov, webm, ts "
            "or flv. An mp4 that was cut off while being recorded has lost its index: repair it with its "
            "recorder, or record to mkv",
            path=path,
            cause=getattr(error, "strerror", None) or error,
        ) from error


def _picture_stream(container: av.container.InputContainer) -> av.VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    kind = Sentence("only sound" if container.streams.audio else "neither picture nor sound")
    raise VideoUnreadable(
        "{path}: no video stream, {kind}; Punchline needs the picture of a face", path=container.name, kind=kind
    )


def _start(container: av.container.InputContainer) -> float:
    return (container.start_time or 0) / av.time_base


def _duration(container: av.container.InputContainer) -> float:
    duration = (container.duration or 0) / av.time_base
    if duration and "matroska" in container.format.name:  # its header counts from 0, not from the first packet
        duration -= max(0.0, _start(container))
    return max(0.0, duration)


def _upright(frame: av.VideoFrame, rotation: float | None = None) -> Image:
    image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    turns = round((frame.rotation if rotation is None else rotation) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def probe(path: Path) -> VideoInfo:
    """Read what a file says about itself, and decode one frame as proof.

    Raises
    ------
    VideoUnreadable
        If the file is missing, empty, no video, without a video stream, or none of its first frames decodes.
    """
    path = Path(path)
    with _open(path) as container:
        stream = _picture_stream(container)
        first = next(_decoded(container, stream, Damage()), None)
        if first is None:
            raise VideoUnreadable(
                "{path}: not one picture could be decoded; the file is damaged or cut short", path=path
            )
        width, height = first.width, first.height
        if round(first.rotation / 90) % 2:
            width, height = height, width
        return VideoInfo(
            path=path,
            duration=_duration(container),
            width=width,
            height=height,
            rotation=int(first.rotation) % 360,
            fps=float(stream.average_rate or stream.guessed_rate or 0),
            codec=stream.codec_context.name,
            pixel_format=first.format.name,
            has_audio=bool(container.streams.audio),
            start=_start(container),
        )


def fingerprint(path: Path) -> str:
    """A video's identity: hash of its size and of 1 MiB at its start, middle and end; 16 hex digits.

    A renamed, moved or copied file keeps it.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for offset in (0, max(0, size // 2 - FINGERPRINT_BLOCK // 2), max(0, size - FINGERPRINT_BLOCK)):
            file.seek(offset)
            digest.update(file.read(FINGERPRINT_BLOCK))
    return digest.hexdigest()[:16]


def _packets(
    container: av.container.InputContainer, stream: av.VideoStream | av.AudioStream, damage: Damage
) -> Iterator[Any]:
    """Packets of one stream, the last one empty; damaged ones are counted and passed over, a broken end ends it."""
    packets = container.demux(stream)
    failures = 0
    while True:
        try:
            packet = next(packets)
            failures = 0
        except StopIteration:
            return
        except FFmpegError:
            damage.bad_packets += 1
            failures += 1
            if failures > 100:
                return
            packets = container.demux(stream)  # a generator that has raised is finished, the file may not be
            continue
        yield packet


def _decoded(
    container: av.container.InputContainer,
    stream: av.VideoStream | av.AudioStream,
    damage: Damage,
    grid: Grid | None = None,
) -> Iterator[Any]:
    """Frames of one stream, of its kind; damaged packets are counted and passed over.

    With a grid, only frames that are nearest to one of its times, and those that they need, must be among them.
    """
    packets = _packets(container, stream, damage)
    if grid is None:
        for packet in packets:
            yield from _frames_of(packet, damage)
        return
    start, tick = _start(container), stream.time_base or Fraction(1, av.time_base)
    decoder = stream.codec_context

    def restarts(packet: Any) -> bool:
        return packet.is_keyframe and restarts_decoding(bytes(packet), decoder.name, decoder.extradata)

    picked = chosen(packets, grid, lambda ticks: max(0.0, float(ticks * tick) - start))
    for packet, needed in decodable(picked, restarts):
        decoder.skip_frame = "DEFAULT" if needed else "NONREF"
        yield from _frames_of(packet, damage)


def _frames_of(packet: Any, damage: Damage) -> list[Any]:
    try:
        frames: list[Any] = packet.decode()
    except FFmpegError:
        damage.bad_packets += 1
        return []
    return frames


def _timed(
    container: av.container.InputContainer, stream: av.VideoStream, damage: Damage, grid: Grid | None = None
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Frames with their PTS in seconds from the container's start, strictly increasing."""
    start = _start(container)
    last = -np.inf
    for frame in _decoded(container, stream, damage, grid):
        if frame.is_corrupt:
            damage.bad_packets += 1
            continue
        timestamp = -np.inf if frame.pts is None else max(0.0, float(frame.pts * stream.time_base) - start)
        if timestamp <= last:
            damage.frames_without_time += 1
            continue
        last = timestamp
        damage.last_timestamp = timestamp
        yield timestamp, frame


def _timed_from(
    path: Path,
    start: float,
    damage: Damage,
    *,
    grid: Grid | None = None,
    hardware: HWAccel | None = None,
    n_threads: int = 0,
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Like `_timed` of a whole file, but from at most `start` seconds; what comes before it may be left out."""
    with _open(path, hardware=hardware) as container:
        stream = _picture_stream(container)
        stream.thread_type, stream.thread_count = "AUTO", n_threads
        tick = stream.time_base or Fraction(1, av.time_base)
        for lead in SEEK_LEADS if start > 0 else ():
            try:
                offset = int((max(0.0, start - lead) + _start(container)) / tick)
                container.seek(offset, stream=stream, backward=True)
            except FFmpegError:
                break
            frames = _timed(container, stream, damage, grid)
            first = next(frames, None)
            if first is not None and first[0] <= start:
                yield first
                yield from frames
                return
    # From the very start: the first visit, or a file in which seeking fails.
    with _open(path, hardware=hardware) as container:
        stream = _picture_stream(container)
        stream.thread_type, stream.thread_count = "AUTO", n_threads
        yield from _timed(container, stream, damage, grid)


def sampled_frames(
    path: Path,
    sample_rate: float,
    *,
    first_timestamp: float | None = None,
    after: float | None = None,
    damage: Damage | None = None,
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
    sampled = _sampled(path, sample_rate, first_timestamp, after, damage or Damage())
    for timestamp, frame in sampled:
        yield Frame(timestamp, _upright(frame))


def sampled_pictures(
    path: Path,
    sample_rate: float,
    reduction: Callable[[int, int], float],
    *,
    first_timestamp: float | None = None,
    after: float | None = None,
    damage: Damage | None = None,
    gpu: bool = False,
    n_threads: int = 0,
) -> Iterator[Picture]:
    """`sampled_frames` at two sizes.

    Parameters
    ----------
    reduction
        Height and width in pixels -> size of the reduced picture as a share of them, at most 1.
    gpu
        Decode on an NVIDIA GPU where it can.
    n_threads
        For decoding; 0 takes one a processor and one more.
    """
    hardware = HWAccel(device_type="cuda", allow_software_fallback=True) if gpu and not probe(path).rotation else None
    full, small = VideoReformatter(), VideoReformatter()
    damage = damage or Damage()
    sampled = _sampled(path, sample_rate, first_timestamp, after, damage, hardware=hardware, n_threads=n_threads)
    for timestamp, frame in sampled:
        image = _upright(full.reformat(frame, format="rgb24", threads=1), frame.rotation)
        share = reduction(frame.height, frame.width)
        if share >= 1:
            yield Picture(timestamp, image, image)
            continue
        width, height = max(1, round(frame.width * share)), max(1, round(frame.height * share))
        reduced = small.reformat(frame, width, height, "rgb24", interpolation="AREA", threads=1)
        yield Picture(timestamp, image, _upright(reduced, frame.rotation))


def _sampled(
    path: Path,
    sample_rate: float,
    first_timestamp: float | None,
    after: float | None,
    damage: Damage,
    *,
    hardware: HWAccel | None = None,
    n_threads: int = 0,
) -> Iterator[tuple[float, av.VideoFrame]]:
    """What `sampled_frames` gives, as decoded frames."""
    if not 0.5 <= sample_rate < np.inf:
        raise ValueError(f"sample_rate must be at least 0.5 Hz, got {sample_rate}")
    if after is not None and first_timestamp is None:
        raise ValueError("after needs first_timestamp, the origin of the grid; got None")
    period = 1.0 / sample_rate
    grid = Grid(period, first_timestamp)
    last = -np.inf if after is None else after
    k = 0
    held: tuple[float, av.VideoFrame] | None = None  # the latest frame before the current one
    begin = max(0.0, last - 2 * period)
    for timestamp, frame in _timed_from(path, begin, damage, grid=grid, hardware=hardware, n_threads=n_threads):
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
        held = (timestamp, frame)
    if held is not None and grid.origin is not None and held[0] > last:
        target = grid.origin + k * period
        if abs(held[0] - target) <= period / 2 + 1e-6:
            yield held


def frame_at(path: Path, time: float) -> Frame:
    """The frame shown at `time` seconds: the last one whose PTS is not later.

    Raises
    ------
    VideoUnreadable
        If the video ends before, or as `probe`.
    """
    shown = None
    for timestamp, frame in _timed_from(path, max(0.0, time), Damage()):
        if shown is not None and timestamp > time + 1e-6:
            return Frame(shown[0], _upright(shown[1]))
        shown = (timestamp, frame)
        if timestamp > time:
            break
    if shown is None or shown[0] < time - 1.0:
        end = Sentence("holds no picture") if shown is None else Sentence("ends at {end:.2f} s", end=shown[0])
        raise VideoUnreadable(
            "{path}: asked for the picture at {time:.2f} s, but the video {end}", path=path, time=time, end=end
        )
    return Frame(shown[0], _upright(shown[1]))


def key_frame_at(path: Path, time: float) -> Frame:
    """The picture at which decoding towards `time` seconds starts: fast, and up to a key-frame distance earlier.

    Raises
    ------
    VideoUnreadable
        If there is none, or as `probe`.
    """
    for timestamp, frame in _timed_from(path, max(0.0, time), Damage()):
        return Frame(timestamp, _upright(frame))
    raise VideoUnreadable(
        "{path}: asked for a key frame at {time:.2f} s, but the video holds no picture there", path=path, time=time
    )


@dataclass(frozen=True)
class SoundBlock:
    """A run of mono samples (n,) float32 in [-1, 1] at `AUDIO_RATE`; `start` is the index of the first since time 0."""

    start: int
    samples: NDArray[np.float32]


def sound_blocks(path: Path, *, damage: Damage | None = None) -> Iterator[SoundBlock]:
    """The sound of a video as consecutive blocks: mean of the channels, resampled to 16 kHz, at its true time.

    The track's own offset is honoured: a track that starts late starts at a later index, and a hole in the track is
    a hole between blocks. Memory does not depend on the length. A file without sound gives nothing.

    Raises
    ------
    VideoUnreadable
        If the file cannot be opened.
    """
    damage = damage if damage is not None else Damage()
    with _open(Path(path)) as container:
        if not container.streams.audio:
            return
        for block in _placed(container, container.streams.audio[0], damage):
            early = max(0, -block.start)  # samples before time 0
            if early < len(block.samples):
                yield SoundBlock(block.start + early, block.samples[early:])


def _placed(container: av.container.InputContainer, stream: av.AudioStream, damage: Damage) -> Iterator[SoundBlock]:
    """The blocks of `sound_blocks`, also those that begin before time 0."""
    stream.codec_context.thread_type = "AUTO"
    start = _start(container)
    resampler: av.AudioResampler | None = None
    shape: tuple[int, str] | None = None
    clock = 0.0  # seconds at which the next packet is due
    position = -sys.maxsize  # index of the next sample to give out
    for frame in _decoded(container, stream, damage):
        if frame.pts is None:
            damage.frames_without_time += 1
            continue
        timestamp = float(frame.pts * frame.time_base) - start
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
