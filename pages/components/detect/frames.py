"""Pictures of places in a video, read behind the page's back and kept in the workspace."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from core.errors import PunchlineError
from core.storage.files import write_bytes
from core.video.video import frame_at
from core.workspace.workspace import Video, Workspace

WIDTH, QUALITY = 224, 72  # pixels; of the JPEG
GRID = 0.5  # seconds: places this close share a picture


class Maker:
    """Reads pictures one after the other in a thread, those asked for last; it ends when there are none left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[tuple[Path, float, Path]] = []
        self._thread: threading.Thread | None = None
        self.failed: set[Path] = set()

    def ask(self, wanted: list[tuple[Path, float, Path]]) -> None:
        """Make these (video, seconds, target) and forget what was asked for before."""
        with self._lock:
            self._wanted = wanted[::-1]
            if wanted and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def _next(self) -> tuple[Path, float, Path] | None:
        with self._lock:
            if not self._wanted:
                self._thread = None
                return None
            return self._wanted.pop()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            video, time, target = job
            try:
                if not target.exists():
                    write_bytes(target, _picture(video, time))
            except (PunchlineError, OSError, ValueError):
                self.failed.add(target)


def _picture(video: Path, time: float) -> bytes:
    """A small JPEG of the frame at a time."""
    import cv2

    image = frame_at(video, time).image
    height = max(2, round(WIDTH * image.shape[0] / image.shape[1]))
    small = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    _ok, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(data.tobytes())


@st.cache_resource(show_spinner=False)
def _maker() -> Maker:
    return Maker()


@st.cache_data(max_entries=2000, show_spinner=False)
def _address(path: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()


def frames_for(space: Workspace, wanted: Iterable[tuple[Video, float]]) -> tuple[list[str], bool]:
    """Pictures of these places as data addresses, empty for one that is not there yet or cannot be made.

    The second is true while some are still being made: ask again soon.
    """
    maker = _maker()
    addresses, missing = [], []
    for video, time in wanted:
        place = round(time / GRID) * GRID
        path = space.picture_path(video.id, place)
        there = path.exists()
        addresses.append(_address(path) if there else "")
        if not there and video.path is not None and path not in maker.failed:
            missing.append((video.path, place, path))
    if missing:
        maker.ask(missing)
    return addresses, bool(missing)
