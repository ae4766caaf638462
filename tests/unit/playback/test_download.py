"""Exported files by address: one as it is, several as a ZIP, nothing else of the disk."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.playback.download import DOWNLOADS, download_address, download_routes
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


@pytest.fixture
def client(space: Workspace) -> TestClient:
    return TestClient(Starlette(routes=download_routes(space.root)), base_url="http://localhost")


def exported(space: Workspace, folder: Path, *names: str, **more: str) -> Job:
    """A finished export that wrote these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(name.encode() * 1000)
    result = {"files": [str(folder / name) for name in names]}
    job = Job(id=f"job-{folder.name}", kind="export", subject="v", name="v", status="done", result=result)
    return Jobs(space).save(replace(job, **more))


def test_one_file_comes_as_it_is_and_several_as_a_zip(client: TestClient, space: Workspace, tmp_path: Path) -> None:
    reel = exported(space, tmp_path / "reel", "웃음.mp4")
    answer = client.get(download_address([reel.id]))
    assert answer.content == "웃음.mp4".encode() * 1000
    assert "attachment" in answer.headers["content-disposition"]
    clips = exported(space, tmp_path / "clips", "1.mp4", "2.mp4")
    more = exported(space, tmp_path / "other", "1.mp4")
    answer = client.get(download_address([clips.id, more.id]))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["1.mp4", "2.mp4", "1 (2).mp4"]
        assert archive.testzip() is None
        assert archive.read("2.mp4") == b"2.mp4" * 1000


def test_forged_addresses_and_other_jobs_give_nothing(client: TestClient, space: Workspace, tmp_path: Path) -> None:
    good, other = exported(space, tmp_path / "a", "a.mp4"), exported(space, tmp_path / "b", "b.mp4")
    running = exported(space, tmp_path / "c", "c.mp4", status="running")
    signature = download_address([good.id]).split("/")[2]
    for address in (
        f"{DOWNLOADS}/{signature}/{other.id}",
        f"{DOWNLOADS}/{'0' * 32}/{good.id}",
        download_address([running.id]),
        download_address(["no-such-job"]),
    ):
        assert client.get(address).status_code == 404, address
    assert client.get(download_address([good.id]), headers={"sec-fetch-site": "cross-site"}).status_code == 403
