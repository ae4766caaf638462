"""Moments as video files of their own: copied without loss where a keyframe allows it, else encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.export.timecode import Media, Piece
from core.storage.files import writing
from core.video.container import Source
from core.video.streams import Tracks
from core.video.transcode import OnProgress, copy, encode
from core.video.writer import Recipe, Writer

COPIED_PICTURES = {"h264", "hevc"}
COPIED_SOUNDS = {"aac", "mp3", "ac3", "eac3", "alac"}
TOLERANCE = 0.5  # seconds by which a margin may differ so that nothing needs to be encoded again


@dataclass(frozen=True)
class Clip:
    """A written clip: `start` is the source's time in seconds of the clip's time 0."""

    path: Path
    start: float
    copied: bool


def _keyframe(source: Source, piece: Piece, tolerance: float, rate: float) -> float | None:
    """The keyframe at which a copy may begin: close to the cut's start, and not after the moment's.

    Where nothing is asked for before the moment it is the moment's own first picture, or none.
    """
    codec = source.video.codec_context.name
    if codec not in COPIED_PICTURES or not source.copyable:
        return None
    if piece.moment.start - piece.cut.start < 0.5 / rate:
        tolerance = 0.5 / rate
    allowed = [
        time
        for time in source.keyframes(piece.cut.start, piece.cut.start + tolerance)
        if abs(time - piece.cut.start) <= tolerance and time <= piece.moment.start + 0.5 / rate and time < piece.cut.end
    ]
    return min(allowed, key=lambda time: abs(time - piece.cut.start), default=None)


def write_clip(
    path: Path,
    piece: Piece,
    media: Media,
    *,
    tolerance: float = TOLERANCE,
    audio_track: int | None = None,
    on_progress: OnProgress | None = None,
) -> Clip:
    """Write a piece as MP4; the file is whole or not there.

    Progressive H.264 and HEVC are copied where a keyframe lies within `tolerance` seconds of the cut's start and not
    after the moment's, or at its first picture where the cut begins with the moment, with what the source says of
    rotation, shape of pixels and colours. Else pictures are encoded as H.264 from the frame at the cut's start:
    upright, square pixels, progressive, BT.709. Every sound track, or the one of number `audio_track`, is copied or
    becomes AAC with its channels.

    Raises
    ------
    PunchlineError
        If the video holds no picture there.
    VideoUnreadable
        If it has no such sound track.
    StorageFault
        If the file cannot be written.
    """
    first, last = (float(frame / media.rate) for frame in piece.frames(media))
    heard = media.info.audio_track if audio_track is None else audio_track
    with Source(media.info.path, tracks=Tracks(media.info.video_track, heard)) as source:
        start = _keyframe(source, piece, tolerance, float(media.rate))
        recipe = None
        if start is None:
            recipe = Recipe(*source.shape.even(), rate=None if media.variable else media.rate)
        sounds = source.sounds if audio_track is None else (source.sound,)
        copied_sounds = COPIED_SOUNDS if recipe is None else ()
        with (
            writing(path) as partial,
            Writer(partial, source, recipe=recipe, sounds=sounds, copied_sounds=copied_sounds) as writer,
        ):
            if start is not None:
                copy(source, writer, start, last, on_progress=on_progress)
                return Clip(path, start, copied=True)
            encode(source, writer, first, last, on_progress=on_progress)
    return Clip(path, first, copied=False)
