"""Small pictures of videos, made once and kept."""

from pathlib import Path

import numpy as np
import pytest

from core.playback.thumbnails import cover, picture
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests import media


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


@pytest.fixture
def video(space: Workspace, tmp_path: Path) -> Video:
    return space.register(media.write(tmp_path / "v.mp4", np.arange(0, 4, 0.2)))


def test_places_get_their_pictures_and_near_ones_share_one(space: Workspace, video: Video) -> None:
    one, near, other = (picture(space, video, t) for t in (1.0, 1.1, 3.0))
    assert one is not None
    assert one.stat().st_size > 0
    assert one == near != other


def test_what_cannot_be_read_has_no_picture(space: Workspace, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    assert picture(space, Video("abc", (broken,)), 0.0) is None
    assert picture(space, Video("gone", (Path("/nowhere.mp4"),)), 0.0) is None


def test_a_video_has_a_cover(space: Workspace, video: Video) -> None:
    path = cover(space, video)
    assert path is not None
    assert path.exists()
    assert cover(space, Video("gone", (Path("/nowhere.mp4"),))) is None
