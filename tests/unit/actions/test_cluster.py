"""Ray with two processes here stands in for a cluster: its files are those of one process, whatever is lost."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.actions import cluster
from core.actions.cluster import ClusterUnavailable, connected, needs_of, read_range
from core.actions.outcome import outcome_of
from core.actions.ranges import Range
from core.errors import VideoUnreadable
from core.video_feature_extractor import ExtractionSettings, Stretch
from core.workspace.registry import Video
from tests.portraits import COLLINS, HOPPER, make_video
from tests.processes import ROOT
from tests.unit.actions.test_workers import SHOTS
from tests.unit.test_multimodal_processor import same_arrays

HAS_RAY = importlib.util.find_spec("ray") is not None
RAY = ("--engine", "ray", "--workers", "2")


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterUnavailable, match="uv sync --extra cluster"), connected(None, 1):
        pass


def test_a_task_keeps_processors_busy_and_a_part_of_a_gpu_where_it_uses_one() -> None:
    assert needs_of(ExtractionSettings()) == {"num_cpus": 2, "num_gpus": 0}
    assert needs_of(ExtractionSettings(device="cuda")) == {"num_cpus": 2, "num_gpus": cluster.GPU}


def test_errors_of_ours_are_outcomes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(video: Video) -> dict[str, object]:
        raise VideoUnreadable("{path}: no video", path=video.name)

    outcome = outcome_of(refuse, Video("v1", (Path("방송.mp4"),)))
    assert str(outcome.result) == "방송.mp4: no video"
    monkeypatch.setattr(cluster, "_models", lambda settings: type("Models", (), {"gpu": False}))
    missing = Stretch(tmp_path / "gone.mp4", ExtractionSettings(device="cpu"), first_timestamp=0.0)
    assert isinstance(read_range(Range(missing, 0.0, 60.0, 0.0)), VideoUnreadable)


def start(space: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "core.cli", "--workspace", str(space), *map(str, arguments), "--json"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str], *, code: int = 0) -> dict[str, Any]:
    stdout, stderr = process.communicate()
    assert process.returncode == code, stderr
    return json.loads(stdout)


def kill_one(process: subprocess.Popen[str], task: str) -> None:
    """End a process of Ray that does a task."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if child.cmdline()[:1] == [f"ray::{task}"]:
                    time.sleep(1.0)  # in the middle
                    child.kill()
                    return
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        time.sleep(0.05)
    raise AssertionError(f"nobody did {task}")


def same_results(a: Sequence[dict[str, Any]], b: Sequence[dict[str, Any]]) -> None:
    one, two = ({r["video"]: {k: v for k, v in r.items() if k != "created"} for r in results} for results in (a, b))
    assert one == two


@pytest.mark.slow
@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed (uv sync --extra cluster)")
@pytest.mark.timeout(900)
def test_two_workers_give_the_files_of_one_although_one_is_lost(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    videos = [make_video(tmp_path / f"v{k}.mp4", [(8.0 + k, [(COLLINS, HOPPER)[k % 2]])], fps=5) for k in range(11)]
    samples = ROOT / "assets"
    answer(start(here, "extract", samples / "sample.mp4"))
    answer(start(here, "person", "add", "Grace", HOPPER))
    answer(start(here, "labels", "import", samples / "sample_labels.csv", "--person", "Grace"))
    answer(start(here, "train", "--person", "Grace", "--model", "logistic"))
    for video in videos:
        answer(start(here, "extract", video))
    shutil.copytree(here, there)
    shutil.rmtree(there / "features")

    process = start(there, "extract", samples / "sample.mp4", *videos, *RAY)
    kill_one(process, "outcome_of")
    extracted = answer(process)
    assert len(extracted["videos"]) == 12
    for path in (here / "features").glob("*.h5"):
        same_arrays(path, there / "features" / path.name)

    found = [answer(start(space, "detect", *videos, *how)) for space, how in ((here, ()), (there, RAY))]
    same_results(found[0]["videos"], found[1]["videos"])

    ids = {result["video"]: result["id"] for result in extracted["videos"]}
    videos[0].write_bytes(b"no video" * 1000)
    refused = answer(start(there, "extract", "--no-resume", ids["v0.mp4"], ids["v1.mp4"], *RAY), code=1)
    assert [result["video"] for result in refused["videos"]] == ["v1.mp4"]
    assert [failure["video"] for failure in refused["failed"]] == [ids["v0.mp4"]]  # as it was given


@pytest.mark.slow
@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed (uv sync --extra cluster)")
@pytest.mark.timeout(600)
def test_the_minutes_of_one_video_are_split_over_both(tmp_path: Path) -> None:
    film = make_video(tmp_path / "film.mp4", SHOTS, fps=4)
    here, there = tmp_path / "here", tmp_path / "there"
    answer(start(here, "extract", film))
    process = start(there, "extract", film, *RAY)
    kill_one(process, "read_range")
    answer(process)
    (path,) = (here / "features").glob("*.h5")
    same_arrays(path, there / "features" / path.name)
