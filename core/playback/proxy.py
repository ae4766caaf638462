"""What a browser can play, and a copy of a video that it can: repacked where that is enough, else encoded again.

A proxy's time is the source's time: both count from the source container's start.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any, Literal

from core.errors import PunchlineError, StorageFault
from core.storage.files import writing
from core.video.container import Source
from core.video.probe import VideoInfo, probe
from core.video.streams import AUTOMATIC, Tracks
from core.video.transcode import OnProgress, copy, encode
from core.video.writer import Recipe, Writer

SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm"}
PIXEL_FORMATS = {"yuv420p", "yuvj420p"}
# container -> the codecs that browsers play in it
PICTURES = {"mov": {"h264", "vp9", "av1"}, "matroska": {"h264", "vp8", "vp9", "av1"}}
SOUNDS = {"mov": {"aac", "mp3", "opus", "flac"}, "matroska": {"aac", "mp3", "opus", "vorbis", "flac"}}
HEIGHT = 540  # pixels: a face is still seen well
MINUTE = 60.0  # seconds
BITS_PER_PIXEL = 0.1  # the most that a proxy's picture takes
LEAST_BIT_RATE = 100_000  # bits a second; small pictures too have edges
SOUND_BIT_RATE = 160_000
# Seconds. Chromium's currentTime counts from 0, not from where the file's times begin; less is not seen.
LATEST_START = 0.05
SPARE = 64 << 20  # bytes of disk that stay free


@dataclass(frozen=True)
class Playback:
    """How a browser can play a file: as it is, after repacking, or after encoding. The bytes are those of the proxy."""

    mode: Literal["direct", "remux", "transcode"]
    reason: str
    estimated_bytes: int


@dataclass(frozen=True)
class Proxy:
    """A written proxy: its time 0 is the source's `offset` in seconds."""

    path: Path
    offset: float
    mode: Literal["remux", "transcode"]


def plan(path: Path, *, tracks: Tracks = AUTOMATIC) -> Playback:
    """Whether a browser plays a file, and what is needed where it does not.

    Raises
    ------
    VideoUnreadable
        If the file is missing or no video.
    """
    info = probe(path, tracks=tracks)
    with Source(path, tracks=tracks) as source:
        return _plan(info, source)


def _plan(info: VideoInfo, source: Source) -> Playback:
    sound = source.sound.codec_context.name if source.sound is not None else None
    first = (source.pictures[0], *source.sounds[:1])
    form = source.container.format.name
    family = form.split(",")[0]
    repackable = info.codec in PICTURES["mov"] and source.copyable
    if info.pixel_format not in PIXEL_FORMATS:
        reason = f"browsers do not play {info.codec} in {info.pixel_format}, only 8 bit 4:2:0"
    elif family not in PICTURES or info.path.suffix.lower() not in SUFFIXES:
        reason = (
            f"browsers do not play {form} files" if family not in PICTURES else "the file's suffix is not a video's"
        )
    elif info.codec not in PICTURES[family]:
        reason = f"browsers do not play {info.codec} in {form} files"
    elif sound is not None and sound not in SOUNDS[family]:
        reason = f"browsers do not play {sound} sound in {form} files"
    elif source.interlaced:
        reason = "browsers show interlaced pictures with combs"
    elif first != _watched(source):
        reason = "browsers play the first tracks of a file, and others are the ones to watch"
    elif source.start > LATEST_START:
        reason = "the file's times do not begin at 0, and browsers do not take that into account"
    else:
        return Playback("direct", f"browsers play {info.codec}" + (f" with {sound}" if sound else ""), 0)
    if repackable and info.pixel_format in PIXEL_FORMATS:
        return Playback("remux", reason, info.path.stat().st_size)
    return Playback("transcode", reason, _transcoded(info, HEIGHT))


def _watched(source: Source) -> tuple[Any, ...]:
    """The tracks that are shown and heard: the picture, and the sound where there is one."""
    return (source.video,) if source.sound is None else (source.video, source.sound)


def _bit_rate(width: int, height: int, fps: float) -> int:
    return max(LEAST_BIT_RATE, round(BITS_PER_PIXEL * width * height * min(60.0, max(15.0, fps))))


def _transcoded(info: VideoInfo, height: int, duration: float | None = None) -> int:
    """The most bytes that a proxy takes: two seconds more than its length, for the encoder may save bits for later.

    Where the length is unknown, the file's size stands for it.
    """
    scale = min(1.0, height / info.height)
    rate = _bit_rate(round(info.width * scale), round(info.height * scale), info.fps)
    seconds = info.duration if duration is None else duration
    if seconds is None:
        return info.path.stat().st_size
    return round(1.02 * ((seconds + 2) * rate + seconds * SOUND_BIT_RATE * info.has_audio) / 8)


def make_proxy(
    path: Path,
    target: Path,
    *,
    tracks: Tracks = AUTOMATIC,
    on_progress: OnProgress | None = None,
    start: float = 0.0,
    end: float | None = None,
    height: int = HEIGHT,
) -> Proxy:
    """Write what a browser plays of a video, or of ``[start, end)`` in seconds, as MP4; whole or not at all.

    Packets are copied where `plan` says that repacking is enough, and a part then begins at the keyframe at or before
    `start`; else pictures are encoded as H.264 at their own times, at most `height` pixels high, and sound as AAC.

    Parameters
    ----------
    on_progress
        Called with seconds done and in all (0 where unknown); what it raises stops the work and removes the file.

    Raises
    ------
    VideoUnreadable
        If the file is missing or no video.
    PunchlineError
        If the part lies outside the video.
    StorageFault
        If the disk has too little room, or the folder cannot be written.
    """
    info = probe(path, tracks=tracks)
    last = inf if end is None else end
    if not (0 <= start < last) or (info.duration is not None and start >= info.duration):
        raise PunchlineError(
            "{path}: asked for {start:.1f} to {last:.1f} s of {duration} s; expected a part of the video",
            path=path,
            start=start,
            last=last,
            duration="?" if info.duration is None else f"{info.duration:.1f}",
        )
    with Source(path, tracks=tracks) as source:
        copied = _plan(info, source).mode != "transcode" and info.codec in PICTURES["mov"]
        copied = copied and source.copyable and _begins(source)
        _check_room(target, _needed(info, start, last, height, copied=copied))
        sounds: Any = {"sounds": _watched(source)[1:], "most_channels": 2}
        if copied:
            offset = next(reversed(source.keyframes(start, start)), start) if start > 0 else 0.0
            with (
                writing(target) as partial,
                Writer(partial, source, recipe=None, copied_sounds=SOUNDS["mov"], **sounds) as writer,
            ):
                copy(source, writer, offset, last, on_progress=on_progress)
            return Proxy(target, offset, "remux")
        width, high = source.shape.even(height)
        recipe = Recipe(width, high, crf=26, preset="veryfast", max_bit_rate=_bit_rate(width, high, info.fps))
        with writing(target) as partial, Writer(partial, source, recipe=recipe, **sounds) as writer:
            encode(source, writer, start, last, on_progress=on_progress)
        return Proxy(target, start, "transcode")


def make_minute(path: Path, target: Path, minute: int, **options: Any) -> Proxy:
    """Write the proxy of one minute, ``[60 k, 60 k + 60)`` seconds: what is wanted first; options as `make_proxy`.

    Its own time starts at 0, which is the source's `Proxy.offset`: 60 k, or the keyframe before where it is copied.
    """
    start = minute * MINUTE
    return make_proxy(path, target, start=start, end=start + MINUTE, **options)


def _begins(source: Source) -> bool:
    """Whether copied packets begin at the container's start, so that the proxy's time 0 is the source's."""
    starts = [
        stream.start_time * (stream.time_base or 0) - source.start
        for stream in _watched(source)
        if stream.start_time is not None
    ]
    return bool(starts) and abs(min(starts)) <= Fraction(1, 100)


def _needed(info: VideoInfo, start: float, end: float, height: int, *, copied: bool) -> int:
    if info.duration is None:
        return info.path.stat().st_size
    duration = min(end, info.duration) - start
    if copied:
        return round(info.path.stat().st_size * duration / info.duration)
    return _transcoded(info, height, duration)


def _check_room(target: Path, needed: int) -> None:
    folder = next((parent for parent in target.absolute().parents if parent.is_dir()), None)
    free = shutil.disk_usage(folder).free if folder is not None else 0
    if free < needed + SPARE:
        raise StorageFault(
            "{target}: the proxy needs up to {needed_mb:.0f} MB and {free_mb:.0f} MB are free; free some "
            "space, or choose a smaller height",
            target=target,
            needed_mb=needed / 1000000.0,
            free_mb=free / 1000000.0,
        )
