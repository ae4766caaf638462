"""What a video file says about itself, and its identity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import Sentence
from core.video.container import Source
from core.video.picture import orientation_of, shape_of
from core.video.streams import AUTOMATIC, MIX, Tracks

FINGERPRINT_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about itself.

    `width` and `height` are those of the upright picture in square pixels, `rotation` the display rotation already
    counted in (degrees, counter-clockwise), `duration` seconds from the container's start (None where unknown), `fps`
    the mean frame rate. `video_track` and `audio_track` say which of the tracks of their kind these are, counted from
    1, and `warnings` why where it is not the first; `audio_track` is None where no sound can be read, and
    `MIX` where all are mixed.
    """

    path: Path
    duration: float | None
    width: int
    height: int
    rotation: int
    fps: float
    codec: str
    pixel_format: str
    has_audio: bool
    start: float
    video_track: int = 1
    audio_track: int | None = None
    n_video_tracks: int = 1
    n_audio_tracks: int = 0
    warnings: tuple[str, ...] = ()


def probe(path: Path, *, tracks: Tracks = AUTOMATIC) -> VideoInfo:
    """Read what a file says about itself, and decode one frame as proof.

    Raises
    ------
    VideoUnreadable
        If the file is missing, empty, no video, without a video stream, or none of its first frames decodes.
    """
    path = Path(path)
    with Source(path, tracks=tracks) as source:
        stream, sound = source.video, source.sound
        first = source.first_picture()
        width, height = shape_of(first, source.pixel_aspect).square
        streams = source.container.streams
        video_track = 1 + list(streams.video).index(stream)
        audio_track = None if sound is None else 1 + list(streams.audio).index(sound)
        mixed = MIX if sound is not None and tracks.audio == MIX else audio_track
        return VideoInfo(
            path=path,
            duration=source.duration,
            width=width,
            height=height,
            rotation=orientation_of(first).rotation,
            fps=float(stream.average_rate or stream.guessed_rate or 0),
            codec=stream.codec_context.name,
            pixel_format=first.format.name,
            has_audio=sound is not None,
            start=float(source.start),
            video_track=video_track,
            audio_track=mixed,
            n_video_tracks=len(streams.video),
            n_audio_tracks=len(streams.audio),
            warnings=(*_choice(tracks, video_track, audio_track, len(streams.audio)), *_mended(source)),
        )


def _choice(tracks: Tracks, video: int, audio: int | None, n_audio: int) -> tuple[str, ...]:
    """What is to be said of tracks that are not the first and that nobody asked for."""
    sentences: list[str] = []
    if video != 1 and tracks.video is None:
        sentences.append(
            Sentence(
                "video track {track} is read: others are stills, smaller, not the default, or cannot be decoded",
                track=video,
            )
        )
    if audio is None and n_audio:
        sentences.append("none of its sound tracks can be decoded")
    elif audio not in (None, 1) and tracks.audio is None:
        sentences.append(
            Sentence(
                "sound track {track} is read: others are silent, commentaries, not the default, of another "
                "programme, or cannot be decoded",
                track=audio,
            )
        )
    return tuple(sentences)


def _mended(source: Source) -> Iterator[str]:
    if source.clock.n_jumps:
        yield Sentence(
            "the file's clock starts again or jumps ({n_jumps} times); its parts are taken to follow each other",
            n_jumps=source.clock.n_jumps,
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
