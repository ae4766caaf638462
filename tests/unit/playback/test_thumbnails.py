"""Small pictures of videos, made behind the caller's back and kept."""

import time
from pathlib import Path

import numpy as np
import pytest

from core.playback.thumbnails import Thumbnails, cover
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests import media


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


@pytest.fixture
def video(space: Workspace, tmp_path: Path) -> Video:
    return space.register(media.write(tmp_path / "v.mp4", np.arange(0, 4, 0.2)))


def made(thumbnails: Thumbnails, places: list[tuple[Video, float]]) -> list[Path | None]:
    deadline = time.monotonic() + 20
    while (answer := thumbnails.of(places))[1]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer[0]


def test_places_get_their_pictures_and_near_ones_share_one(space: Workspace, video: Video) -> None:
    thumbnails = Thumbnails(space)
    first = thumbnails.of([(video, 1.0), (video, 1.1), (video, 3.0)])
    assert first == ([None, None, None], True)
    one, near, other = made(thumbnails, [(video, 1.0), (video, 1.1), (video, 3.0)])
    assert one is not None
    assert one == near != other
    assert made(Thumbnails(space), [(video, 1.0)]) == [one]


def test_what_cannot_be_read_is_not_tried_for_ever(space: Workspace, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    assert made(Thumbnails(space), [(Video("abc", (broken,)), 0.0)]) == [None]


def test_a_video_has_a_cover(space: Workspace, video: Video) -> None:
    path = cover(space, video)
    assert path is not None
    assert path.exists()
    assert cover(space, Video("gone", (Path("/nowhere.mp4"),))) is None
