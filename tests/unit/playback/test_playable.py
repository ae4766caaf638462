"""What a page can play of a video: the file, its proxy, or a piece of it that is ready."""

from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.actions.background import begin_playable
from core.actions.worker import run
from core.playback.playable import piece_paths, playable
from core.playback.route import media_address, media_routes
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests.media import Sound, tone, write


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    return Workspace(tmp_path / "space")


def registered(space: Workspace, tmp_path: Path, name: str, **options: object) -> Video:
    path = write(tmp_path / name, np.arange(40) / 10, Sound(tone(440, 4.0), codec="aac"), **options)  # type: ignore[arg-type]
    return space.register(path)


def test_a_file_that_browsers_know_is_played_as_it_lies(space: Workspace, tmp_path: Path) -> None:
    shown = playable(space, registered(space, tmp_path, "a.mp4"))
    assert (shown.state, shown.offset) == ("direct", 0.0)
    assert shown.src.startswith("/vod/")


def test_a_file_that_is_gone_is_said(space: Workspace, tmp_path: Path) -> None:
    video = registered(space, tmp_path, "a.mp4")
    (tmp_path / "a.mp4").unlink()
    assert playable(space, video).state == "gone"


def test_another_file_gets_a_proxy(space: Workspace, tmp_path: Path) -> None:
    video = registered(space, tmp_path, "stream.ts")
    shown = playable(space, video)
    assert shown.state == "needed"
    assert shown.src == ""
    assert shown.estimated_bytes > 0
    job = begin_playable(space, video, wanted=1.0)
    assert playable(space, video).state == "preparing"
    done = run(Jobs(space), job)
    assert done.status == "done", done.message
    shown = playable(space, video)
    assert shown.state == "proxy"
    client = TestClient(Starlette(routes=media_routes(space.root)), base_url="http://localhost")
    assert client.get(shown.src).content == space.proxy_path(video.id).read_bytes()
    assert not space.proxy_path(video.id).with_suffix("").exists()


def test_a_piece_that_is_ready_plays_while_the_whole_is_made(space: Workspace, tmp_path: Path) -> None:
    video = registered(space, tmp_path, "stream.ts")
    piece, note = piece_paths(space, video.id, 0)
    piece.parent.mkdir(parents=True)
    piece.write_bytes(b"piece")
    note.write_text("0.0 60.0")
    shown = playable(space, video, wanted=30.0)
    assert (shown.state, shown.offset, shown.end) == ("minute", 0.0, 60.0)
    assert playable(space, video, wanted=70.0).state == "needed"


def test_a_proxy_of_an_unsigned_name_is_refused(space: Workspace, tmp_path: Path) -> None:
    video = registered(space, tmp_path, "a.mp4")
    client = TestClient(Starlette(routes=media_routes(space.root)), base_url="http://localhost")
    signature = media_address(video.id).split("/")[2]
    assert client.get(f"/vod/{signature}/{video.id}.proxy").status_code == 404
    assert client.get(media_address(video.id, "../../people/x")).status_code == 404
