"""Small pictures of videos and of places in them, made once and kept in the workspace."""

from __future__ import annotations

import threading
from pathlib import Path

from core.errors import PunchlineError
from core.storage.files import write_bytes
from core.video.frames import frame_at
from core.video.jpeg import as_jpeg
from core.video.probe import probe
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

COVER_WIDTH, PLACE_WIDTH = 320, 224  # pixels
PLACE_QUALITY = 72  # of the JPEG
COVER_PLACE = 0.1  # of the video's length: openings are often black
GRID = 0.5  # seconds: places this close share a picture

_decoding = threading.Lock()  # pictures are asked for by the dozen, and the machine plays a video meanwhile


def cover(workspace: Workspace, video: Video) -> Path | None:
    """The picture of a video; None where it cannot be read."""
    path = workspace.thumbnail_path(video.id)
    if path.exists():
        return path
    if video.path is None:
        return None
    try:
        time = COVER_PLACE * (probe(video.path, tracks=video.tracks).duration or 0)
        image = frame_at(video.path, time, tracks=video.tracks).image
        write_bytes(path, as_jpeg(image, width=COVER_WIDTH))
    except Exception:  # decoders raise anything; one file must not take the page down
        return None
    return path


def picture(workspace: Workspace, video: Video, seconds: float) -> Path | None:
    """The picture of a place, in seconds; None where it cannot be read. One is made at a time."""
    place = round(seconds / GRID) * GRID
    path = workspace.picture_path(video.id, place)
    if path.exists():
        return path
    if video.path is None:
        return None
    with _decoding:
        try:
            if not path.exists():
                image = frame_at(video.path, place, tracks=video.tracks).image
                write_bytes(path, as_jpeg(image, width=PLACE_WIDTH, quality=PLACE_QUALITY))
        except (PunchlineError, OSError, ValueError):
            return None
    return path
