"""Videos are served in short ranges, by signed id, to this site alone."""

from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.playback import route as media
from core.playback.access import Access, access_middleware
from core.playback.route import LONGEST_ANSWER, media_address, media_routes, stills_address
from core.workspace.workspace import Workspace
from tests import media as made

SIZE = LONGEST_ANSWER + 5000


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "stream.mp4"
    path.write_bytes(bytes(k % 251 for k in range(SIZE)))
    return path


@pytest.fixture
def id(video: Path, tmp_path: Path) -> str:
    return Workspace(tmp_path / "space").register(video).id


@pytest.fixture
def client(tmp_path: Path, id: str) -> TestClient:
    app = Starlette(routes=media_routes(tmp_path / "space"), middleware=access_middleware(Access()))
    return TestClient(app, base_url="http://localhost")


def test_a_range_is_served_and_says_so(client: TestClient, id: str, video: Path) -> None:
    answer = client.get(media_address(id), headers={"range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.content == video.read_bytes()[100:200]
    assert answer.headers["content-range"] == f"bytes 100-199/{SIZE}"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=0-", f"bytes=0-{SIZE}"])
def test_an_answer_is_never_longer_than_the_limit(client: TestClient, id: str, asked: str) -> None:
    answer = client.get(media_address(id), headers={"range": asked})
    assert answer.status_code == 206
    assert len(answer.content) == LONGEST_ANSWER


def test_the_end_and_what_lies_behind_it(client: TestClient, id: str, video: Path) -> None:
    tail = client.get(media_address(id), headers={"range": "bytes=-10"})
    assert tail.status_code == 206
    assert tail.content == video.read_bytes()[-10:]
    assert client.get(media_address(id), headers={"range": f"bytes={SIZE}-"}).status_code == 416


def test_a_moved_video_is_served_from_its_new_place(client: TestClient, id: str, video: Path, tmp_path: Path) -> None:
    moved = video.rename(tmp_path / "moved.mp4")
    assert client.get(media_address(id)).status_code == 404
    Workspace(tmp_path / "space").register(moved)
    assert client.get(media_address(id), headers={"range": "bytes=0-9"}).status_code == 206


def test_forged_and_foreign_addresses_are_not_found(client: TestClient, id: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"x" * 10)
    good = media_address(id)
    signature = good.split("/")[2]
    for address in (
        f"{media.PREFIX}/{'0' * 32}/{id}",
        f"{media.PREFIX}/{signature[:-1]}/{id}",
        f"{media.PREFIX}/서명/{id}",
        f"{media.PREFIX}/{signature}/secret.mp4",
        f"{media.PREFIX}/{signature}/..%2F..%2Fsecret.mp4",
        f"{media.PREFIX}/{signature}/../../secret.mp4",
        media_address("../secret.mp4"),
        media_address(str(secret)),
        media_address("0123456789abcdef"),
    ):
        assert client.get(address).status_code == 404, address


def test_behind_a_path_it_is_served_there(id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_BASE_URL", "https://team.example/punchline")
    client = TestClient(Starlette(routes=media_routes(tmp_path / "space")), base_url="http://localhost")
    assert media_address(id).startswith("/punchline/vod/")
    assert client.get(media_address(id)).status_code == 200


def test_another_site_and_another_host_are_refused(client: TestClient, id: str) -> None:
    address = media_address(id)
    assert client.get(address, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(address, headers={"sec-fetch-site": "same-site"}).status_code == 403
    assert client.get(address, headers={"host": "evil.example"}).status_code == 400
    assert client.get(address, headers={"sec-fetch-site": "same-origin", "range": "bytes=0-1"}).status_code == 206


def test_only_reading_is_possible(client: TestClient, id: str) -> None:
    assert client.head(media_address(id)).status_code == 200
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, media_address(id)).status_code == 405


def test_files_that_are_no_playable_video_are_not_served(client: TestClient, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("private")
    id = Workspace(tmp_path / "space").register(text).id
    assert client.get(media_address(id)).status_code == 404


def test_pictures_of_places_are_made_when_asked_for(client: TestClient, tmp_path: Path, id: str) -> None:
    film = Workspace(tmp_path / "space").register(made.write(tmp_path / "film.mp4", np.arange(0, 4, 0.2)))
    address = stills_address(film.id)
    answer = client.get(f"{address}1.5")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"
    forged = f"{address.replace(film.id, id)}1.5"
    for asked in (forged, f"{address}no", f"{stills_address(id)}1.5", f"{stills_address('0123456789abcdef')}1.5"):
        assert client.get(asked).status_code == 404, asked
    assert client.get(f"{address}1.5", headers={"sec-fetch-site": "cross-site"}).status_code == 403
