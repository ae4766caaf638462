"""Jobs go on without the page, one a video, and their end is never in doubt."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.actions.worker import work
from core.errors import WorkspaceFault
from core.workspace import jobs as jobs_module
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from tests.portraits import COLLINS, make_video

SETTINGS = {"sample_rate": 0.5, "device": "cpu"}


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(Workspace(tmp_path / "space"))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes."""
    return make_video(tmp_path_factory.mktemp("video") / "long.mp4", [(180.0, [COLLINS])], fps=2)


def submitted(jobs: Jobs, path: Path) -> Job:
    return jobs.submit("extract", jobs.workspace.register(path).id, path.name, SETTINGS)


def wait_for(jobs: Jobs, job: Job, met: Callable[[Job], bool], *, timeout: float = 100) -> Job:
    deadline = time.monotonic() + timeout
    while not met(found := jobs.find(job.id)):
        assert time.monotonic() < deadline, f"still {found}"
        time.sleep(0.05)
    return found


@pytest.fixture
def without_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)


def test_a_job_is_submitted_once_whoever_asks(jobs: Jobs, without_worker: None) -> None:
    first = jobs.submit("extract", "v1", "a.mp4")
    assert Jobs(jobs.workspace).submit("extract", "v1", "a.mp4").id == first.id
    assert jobs.submit("extract", "v2", "b.mp4").id != first.id
    assert [job.subject for job in jobs.all()] == ["v1", "v2"]
    assert jobs.next_queued("long") == first


def test_a_job_is_hastened_before_those_that_wait_longer(jobs: Jobs, without_worker: None) -> None:
    first, second, third = (jobs.submit("extract", f"v{k}", "a.mp4") for k in range(3))
    jobs.hasten(second.id)
    jobs.hasten(third.id)
    order = []
    while (job := jobs.next_queued("long")) is not None:
        order.append(job.id)
        jobs.cancel(job.id)
    assert order == [third.id, second.id, first.id]


def test_a_job_knows_for_which_others_it_waits(jobs: Jobs, without_worker: None) -> None:
    first, second, third = (jobs.submit("extract", f"v{k}", "a.mp4") for k in range(3))
    jobs.submit("export", "v0", "a.mp4")  # of another lane
    assert jobs.ahead_of(first) == []
    assert [job.id for job in jobs.ahead_of(third)] == [first.id, second.id]
    jobs.hasten(third.id)
    assert jobs.ahead_of(jobs.find(third.id)) == []
    jobs.save(replace(second, status="running"))
    assert [job.id for job in jobs.ahead_of(jobs.find(third.id))] == [second.id]


def test_work_done_at_once_is_found_among_the_jobs(jobs: Jobs) -> None:
    jobs.record("export", "v1/p/csv", "a.mp4", {"files": ["a.csv"]})
    found = jobs.latest("export", "v1/p/csv")
    assert found is not None
    assert (found.status, found.result["files"]) == ("done", ["a.csv"])


def test_another_wish_is_another_job(jobs: Jobs, without_worker: None) -> None:
    first = jobs.submit("extract", "v1", "a.mp4", {"sample_rate": 3.0, "sizes": (1, 2)})
    assert jobs.submit("extract", "v1", "a.mp4", {"sample_rate": 3.0, "sizes": [1, 2]}).id == first.id
    other = jobs.submit("extract", "v1", "a.mp4", {"sample_rate": 5.0, "sizes": (1, 2)})
    assert other.id != first.id
    assert other.settings["sample_rate"] == 5.0


def test_an_urgent_wish_reaches_the_job_that_is_there(jobs: Jobs, without_worker: None) -> None:
    first = jobs.submit("proxy", "v1", "a.ts", wish={"minute": 0})
    jobs.save(replace(first, status="running"))
    for minute in (7, 7, 3):
        assert jobs.submit("proxy", "v1", "a.ts", wish={"minute": minute}).id == first.id
    assert jobs.wishes(first) == [{"minute": 0}, {"minute": 7}, {"minute": 3}]


def test_files_that_came_with_a_job_go_with_its_end(jobs: Jobs, without_worker: None) -> None:
    cancelled, done, died = (jobs.submit("photos", name, name, files={"a.jpg": b"photo"}) for name in ("A", "B", "C"))
    assert all((jobs.files_folder(job) / "a.jpg").read_bytes() == b"photo" for job in (cancelled, done, died))
    jobs.cancel(cancelled.id)
    jobs.save(replace(done, status="done"))
    jobs.save(replace(died, status="running"))
    old = time.time() - jobs_module.DEAD_AFTER - 1
    os.utime(jobs.folder / died.id / "heartbeat", (old, old))
    assert [jobs.files_folder(job).exists() for job in (cancelled, done, died)] == [False, False, True]
    assert [jobs.find(job.id).resumable for job in (cancelled, done, died)] == [False, False, True]
    again = jobs.resume(died.id)
    assert (jobs.files_folder(again) / "a.jpg").read_bytes() == b"photo"
    assert not jobs.files_folder(died).exists()


def test_a_waiting_job_is_cancelled_at_once_and_can_be_resumed(jobs: Jobs, without_worker: None) -> None:
    job = jobs.submit("extract", "v1", "a.mp4", SETTINGS)
    jobs.cancel(job.id)
    assert jobs.find(job.id).status == "cancelled"
    again = jobs.resume(job.id)
    assert again.id != job.id
    assert again.settings == SETTINGS
    assert again.live


def test_a_silent_worker_is_noticed(jobs: Jobs, without_worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.submit("extract", "v1", "a.mp4")
    path = jobs.folder / job.id / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "running"}))
    assert jobs.find(job.id).status == "running"
    old = time.time() - jobs_module.DEAD_AFTER - 1
    os.utime(jobs.folder / job.id / "heartbeat", (old, old))
    died = jobs.find(job.id)
    assert died.status == "died"
    assert "kept" in died.message


def test_a_damaged_state_does_not_hide_the_other_jobs(jobs: Jobs, without_worker: None) -> None:
    kept = jobs.submit("extract", "v1", "a.mp4")
    broken = jobs.submit("extract", "v2", "b.mp4")
    (jobs.folder / broken.id / "state.json").write_text("{")
    assert [job.id for job in jobs.all()] == [kept.id]
    with pytest.raises(WorkspaceFault, match="no such job"):
        jobs.find(broken.id)


@pytest.mark.timeout(400)
def test_a_killed_worker_is_said_and_its_job_resumed(jobs: Jobs, video: Path) -> None:
    """The whole life of a job: work, kill -9, noticed in time, resumed, cancelled from elsewhere, resumed, done."""
    job = submitted(jobs, video)
    assert submitted(jobs, video).id == job.id
    kept = jobs.workspace.minutes(job.subject).folder
    wait_for(jobs, job, lambda j: j.status == "running" and any(kept.glob("minute_*.h5")))
    pid = _worker_of(jobs)
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    died = wait_for(jobs, job, lambda j: j.status == "died", timeout=15)
    assert time.monotonic() - began < 15
    assert "kept" in died.message

    again = jobs.resume(job.id)
    running = wait_for(jobs, again, lambda j: j.status == "running" and j.total > 0)
    assert running.begun_at > 59, f"it began anew, at {running.begun_at} s"
    Jobs(jobs.workspace).cancel(again.id)
    wait_for(jobs, again, lambda j: not j.live)
    assert jobs.find(again.id).status in ("cancelled", "done")

    last = wait_for(jobs, jobs.resume(again.id), lambda j: not j.live)
    assert last.status == "done", last.message
    assert last.result["n_frames"] == 91
    assert jobs.workspace.features_path(last.subject).exists()


@pytest.mark.timeout(200)
def test_a_video_that_cannot_be_read_fails_with_its_reason(jobs: Jobs, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video")
    failed = wait_for(jobs, submitted(jobs, path), lambda j: not j.live)
    assert failed.status == "failed"
    assert "no readable video" in failed.message


def _worker_of(jobs: Jobs) -> int:
    """The process that works for this workspace."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"core.actions.worker" in arguments and str(jobs.workspace.root).encode() in arguments:
            return int(folder.name)
    raise AssertionError("no worker found")


def test_a_job_of_a_short_lane_does_not_wait_for_a_long_one(jobs: Jobs, without_worker: None) -> None:
    long, short = jobs.submit("extract", "v1", "a.mp4"), jobs.submit("scan", "v1", "a.mp4")
    assert (jobs.next_queued("long"), jobs.next_queued("short")) == (long, short)
    assert jobs.next_queued("files") is None


def test_only_what_is_over_is_forgotten(jobs: Jobs, without_worker: None) -> None:
    job = jobs.submit("extract", "v1", "a.mp4")
    jobs.forget(job.id)
    assert jobs.find(job.id).live
    jobs.cancel(job.id)
    assert jobs.latest("extract", "v1") is not None
    jobs.forget(job.id)
    assert jobs.all() == []
    assert jobs.latest("extract", "v1") is None


def test_old_jobs_are_forgotten_by_and_by(jobs: Jobs, without_worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "KEPT", 3)
    for k in range(6):
        jobs.cancel(jobs.submit("extract", f"v{k}", "a.mp4").id)
    assert [job.subject for job in jobs.all()] == ["v2", "v3", "v4", "v5"]


def test_rate_and_time_left_follow_from_this_run() -> None:
    job = Job("1", "extract", "v", "a.mp4", total=100.0, completed=60.0, begun_at=40.0, begun=1000.0, saved=1010.0)
    assert job.rate == pytest.approx(2.0)
    assert job.seconds_left == pytest.approx(20.0)
    assert replace(job, saved=1001.0).seconds_left is None  # too early to tell
    assert job.share == pytest.approx(0.6)
    assert Job("1", "extract", "v", "a.mp4").seconds_left is None
    assert Job("1", "extract", "v", "a.mp4", status="done").share == 1.0


def test_waiting_jobs_get_a_worker_again(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: started.append(lane))
    jobs.submit("extract", "v1", "a.mp4")
    started.clear()
    jobs.revive()
    assert started == ["long"]


@pytest.mark.parametrize("windows", [True, False])
def test_a_worker_outlives_its_starter_on_every_system(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, windows: bool
) -> None:
    options: dict[str, object] = {}

    class Process:
        def __init__(self, command: list[str], **chosen: object) -> None:
            options.update(chosen)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(jobs_module, "WINDOWS", windows)
    monkeypatch.setattr(jobs_module.subprocess, "Popen", Process)
    jobs.ensure_worker("long")
    assert options.get("start_new_session", False) is not windows
    assert ("creationflags" in options) is windows


def test_a_worker_that_is_still_starting_is_not_started_again(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    class Process:
        def __init__(self, command: list[str], **chosen: object) -> None:
            begun.append(command[-1])

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(jobs_module.subprocess, "Popen", Process)
    for _ in range(3):
        jobs.ensure_worker("long")
    Jobs(jobs.workspace).ensure_worker("long")  # of another process
    jobs.ensure_worker("short")
    assert begun == ["long", "short"]
    work(jobs.workspace.root, "long")  # it is there, finds nothing to do, and ends
    jobs.ensure_worker("long")
    assert begun == ["long", "short", "long"]
    os.utime(jobs.starting_path("long"), (0, 0))  # one that never came
    jobs.ensure_worker("long")
    assert begun == ["long", "short", "long", "long"]
