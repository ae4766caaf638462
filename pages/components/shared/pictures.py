"""Small pictures of videos, made once and kept in the workspace."""

from __future__ import annotations

from pathlib import Path

from core.errors import PunchlineError
from core.storage.files import write_bytes
from core.video.video import frame_at, probe
from core.workspace.workspace import Video, Workspace

WIDTH = 320  # pixels
PLACE = 0.1  # of the video's length: openings are often black


def thumbnail(workspace: Workspace, video: Video) -> Path | None:
    """A picture of a video; None where it cannot be read."""
    path = workspace.thumbnail_path(video.id)
    if path.exists():
        return path
    if video.path is None:
        return None
    import cv2

    try:
        image = frame_at(video.path, PLACE * probe(video.path).duration).image
        height = round(WIDTH * image.shape[0] / image.shape[1])
        small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        write_bytes(path, data.tobytes())
    except PunchlineError:
        return None
    return path
