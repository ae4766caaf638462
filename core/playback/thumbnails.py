"""Small pictures of videos and of places in them, made once and kept in the workspace."""

from __future__ import annotations

import threading
from collections.abc import Iterable
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
_Place = tuple[Video, float, Path]  # seconds, and where the picture goes


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


class Thumbnails:
    """Pictures of places, read one after the other in a thread of its own, those asked for last first.

    The thread ends when nothing is left to do. A place that cannot be read is not tried again.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = threading.Lock()
        self._wanted: list[_Place] = []
        self._thread: threading.Thread | None = None
        self._unreadable: set[Path] = set()

    def of(self, places: Iterable[tuple[Video, float]]) -> tuple[list[Path | None], bool]:
        """The pictures of places, (video, seconds), None for one that is not there yet or cannot be made.

        The second is true while some are still being made: ask again soon. What was asked for before is forgotten.
        """
        there: list[Path | None] = []
        missing = []
        for video, seconds in places:
            place = round(seconds / GRID) * GRID
            path = self.workspace.picture_path(video.id, place)
            there.append(path if path.exists() else None)
            if there[-1] is None and video.path is not None and path not in self._unreadable:
                missing.append((video, place, path))
        if missing:
            self._ask(missing)
        return there, bool(missing)

    def _ask(self, wanted: list[_Place]) -> None:
        with self._lock:
            self._wanted = wanted[::-1]
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def _next(self) -> _Place | None:
        with self._lock:
            if self._wanted:
                return self._wanted.pop()
            self._thread = None
            return None

    def _work(self) -> None:
        while (job := self._next()) is not None:
            video, seconds, target = job
            try:
                if not target.exists():
                    image = frame_at(video.existing_path(), seconds, tracks=video.tracks).image
                    write_bytes(target, as_jpeg(image, width=PLACE_WIDTH, quality=PLACE_QUALITY))
            except (PunchlineError, OSError, ValueError):
                self._unreadable.add(target)
