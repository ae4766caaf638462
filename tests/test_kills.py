"""Work that is killed leaves old files whole, is done again with the same end, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from core.actions.background import begin_export
from core.actions.worker import work
from core.export.formats import ExportOptions, export
from core.segment import Detection
from core.storage.files import write_json
from core.workspace import jobs as jobs_module
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests import media
from tests.processes import ROOT, run
from tests.unit.workspace.test_library import add_person

MOMENTS = [Detection(2.0 * k, 2.0 * k + 1.5, 0.5) for k in range(8)]
EXPORT = """
import sys
from pathlib import Path
from core.export.formats import ExportOptions, export
from core.segment import Detection
from core.video.writer import Writer
import time
picture = Writer.picture
def slowly(self, *given):
    time.sleep(0.01)
    return picture(self, *given)
Writer.picture = slowly
moments = [Detection(2.0 * k, 2.0 * k + 1.5, 0.5) for k in range(8)]
export(moments, Path(sys.argv[1]), Path(sys.argv[2]), format=sys.argv[3], options=ExportOptions(captions=True),
    on_progress=lambda completed, total: time.sleep(0.05))
"""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sound = media.Sound(media.tone(440, 16.0), codec="aac")
    return media.write(tmp_path_factory.mktemp("kills") / "v.mp4", np.arange(400) / 25, sound)


def killed(command: list[str], folder: Path, how: signal.Signals) -> int:
    """Start a program and end it while it writes its first file in a folder; its exit code."""
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not any(folder.glob(".punchline-*.part")):  # a short clip reaches the disk at its end alone
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(how)
    return process.wait(60)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("format", ["reel", "clips"])
def test_a_killed_export_leaves_nothing_once_it_is_done_again(
    video: Path, tmp_path: Path, format: str, how: signal.Signals
) -> None:
    (tmp_path / ".somebodys_download.part").write_text("not ours")
    os.utime(tmp_path / ".somebodys_download.part", (0, 0))
    target = tmp_path / "reel.mp4" if format == "reel" else tmp_path
    assert killed(["-c", EXPORT, str(video), str(target), format], tmp_path, how) != 0
    written = export(MOMENTS, video, target, format=format, options=ExportOptions(captions=True)).paths
    assert {path.name for path in tmp_path.iterdir()} == {".somebodys_download.part", *(path.name for path in written)}


def test_a_killed_job_is_told_and_can_be_resumed(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Workspace(tmp_path / "space")
    person, known, out = add_person(space, "지은"), space.register(video), tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    jobs = Jobs(space)
    job = begin_export(space, known, person, MOMENTS, out / "reel.mp4", format="reel", options=ExportOptions())
    script = EXPORT.split("moments =")[0] + "from core.actions.worker import work\nwork(Path(sys.argv[1]), 'files')\n"
    assert killed(["-c", script, str(space.root)], out, signal.SIGKILL) == -signal.SIGKILL
    monkeypatch.setattr(jobs_module, "DEAD_AFTER", 0.0)
    assert jobs.find(job.id).status == "died"
    assert "what was finished is kept" in jobs.find(job.id).message
    resumed = jobs.resume(job.id)
    monkeypatch.setattr("core.actions.worker.LINGER", {})
    work(space.root, "files")
    assert jobs.find(resumed.id).status == "done"
    assert [path.name for path in out.iterdir()] == ["reel.mp4"]


@pytest.mark.parametrize("moment", ["before fsync", "before replace", "after replace"])
def test_a_kill_during_the_commit_leaves_the_old_file_or_the_new_one(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"n": 1})
    when, name = moment.split()
    ended = run(
        f"""
        import os, signal
        from pathlib import Path
        from core.storage.files import write_json
        real = os.{name}
        def kill(*given):
            {"real(*given)" if when == "after" else "pass"}
            os.kill(os.getpid(), signal.SIGKILL)
        os.{name} = kill
        write_json(Path({str(path)!r}), {{"n": 2}})
        """
    )
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text().split() == ["{", '"n":', "2" if when == "after" else "1", "}"]
    write_json(path, {"n": 3})
    assert [left.name for left in tmp_path.iterdir()] == ["x.json"]
