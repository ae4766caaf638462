"""Moments as video files of their own: copied without loss where a keyframe allows it, else encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.export.timecode import Media, Piece
from core.storage.files import writing
from core.video.packets import Source
from core.video.transcode import OnProgress, copy, encode
from core.video.writer import Recipe, Writer, even_size

COPIED_PICTURES = {"h264", "hevc"}
COPIED_SOUND = {"aac", "mp3", "ac3"}
TOLERANCE = 0.5  # seconds by which a margin may differ so that nothing needs to be encoded again


@dataclass(frozen=True)
class Clip:
    """A written clip: `start` is the source's time in seconds of the clip's time 0."""

    path: Path
    start: float
    copied: bool


def _keyframe(source: Source, piece: Piece, tolerance: float, rate: float) -> float | None:
    """The keyframe at which a copy may begin: close to the cut's start, and not after the moment's."""
    found = source.keyframes(piece.cut.start, piece.cut.start + tolerance)
    allowed = [
        time
        for time in found
        if abs(time - piece.cut.start) <= tolerance and time <= piece.moment.start + 0.5 / rate and time < piece.cut.end
    ]
    return min(allowed, key=lambda time: abs(time - piece.cut.start), default=None)


def write_clip(
    path: Path, piece: Piece, media: Media, *, tolerance: float = TOLERANCE, on_progress: OnProgress | None = None
) -> Clip:
    """Write a piece as MP4; the file is whole or not there.

    H.264 and HEVC are copied where a keyframe lies within `tolerance` seconds of the cut's start and not after the
    moment's, else encoded as H.264 from the frame at the cut's start. Sound is copied or becomes AAC, stereo at most.

    Raises
    ------
    PunchlineError
        If the video holds no picture there.
    StorageFault
        If the file cannot be written.
    """
    first, last = (frame / media.rate for frame in piece.frames(media))
    with Source(media.info.path) as source:
        start = None
        if source.video.codec_context.name in COPIED_PICTURES and media.info.rotation == 0:
            start = _keyframe(source, piece, tolerance, float(media.rate))
        with writing(path) as partial:
            if start is not None:
                sound = source.audio is not None and source.audio.codec_context.name in COPIED_SOUND
                with Writer(partial, source, recipe=None, copy_sound=sound) as writer:
                    copy(source, writer, start, float(last), on_progress=on_progress)
            else:
                width, height = even_size(source, media.info)
                recipe = Recipe(width, height, rate=None if media.variable else media.rate)
                with Writer(partial, source, recipe=recipe) as writer:
                    encode(source, writer, float(first), float(last), on_progress=on_progress)
    return Clip(path, float(first) if start is None else start, start is not None)
