"""Background jobs: what is to be done, how far it is, and whether its worker still lives.

A job is a folder with a request, a state, a heartbeat and perhaps a wish to stop. The jobs of a workspace wait in
lanes, so that a short one need not wait for a long one; in each lane one worker process does them in turn. It outlives
the page that started it.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import WorkspaceFault
from core.storage.files import write_bytes, write_json
from core.workspace.workspace import Workspace

HEARTBEAT = 2.0  # seconds between two signs of life
DEAD_AFTER = 10.0  # seconds without one
LIVE = ("queued", "running")
LANES: Mapping[str, str] = {
    "extract": "long",
    "train": "long",
    "scan": "short",
    "photos": "short",
    "detect": "short",
    "proxy": "files",
    "export": "files",
}
KEPT = 50  # finished jobs that are remembered


@dataclass(frozen=True)
class Job:
    """One piece of work. `subject` is the id of what it is about: a video, or a person.

    `status` is queued, running, done, failed, cancelled or died; `completed` and `total` are in the unit of the work
    (seconds of video), times are seconds since the epoch. `message` is for the user.
    """

    id: str
    kind: str
    subject: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    status: str = "queued"
    completed: float = 0.0
    total: float = 0.0
    stage: str = ""  # what it is doing, where that is not plain from the kind
    n_found: int = 0  # faces, clips, moments: whatever the kind looks for
    begun_at: float = 0.0  # `completed` when this run began: a resumed one does not begin at 0
    message: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    submitted: float = 0.0
    started: float = 0.0
    begun: float = 0.0  # when the first progress of this run was seen: networks are loaded before
    saved: float = 0.0
    ended: float = 0.0

    @property
    def live(self) -> bool:
        """Waiting or at work."""
        return self.status in LIVE

    @property
    def lane(self) -> str:
        """Which jobs it takes its turn with."""
        return LANES.get(self.kind, "long")

    @property
    def share(self) -> float:
        """How much is done, in [0, 1]."""
        return 1.0 if self.status == "done" else min(1.0, self.completed / self.total) if self.total > 0 else 0.0

    @property
    def rate(self) -> float:
        """`completed` a second in this run; 0 where it is not known."""
        seconds = (self.ended or self.saved) - self.begun
        return (self.completed - self.begun_at) / seconds if self.begun and seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate from `rate`; None where it is not known."""
        return max(0.0, self.total - self.completed) / self.rate if self.total > 0 and self.rate > 0 else None


class Jobs:
    """The jobs of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.jobs_folder

    def submit(self, kind: str, subject: str, name: str, settings: Mapping[str, Any] | None = None) -> Job:
        """Queue a job and see that somebody works; one of this kind on this subject that is live is given instead."""
        with self.workspace.lock("jobs"):
            live = next((j for j in self.all() if j.live and (j.kind, j.subject) == (kind, subject)), None)
            job = live or Job(
                id=f"{time.time_ns():020d}-{secrets.token_hex(3)}",
                kind=kind,
                subject=subject,
                name=name,
                settings=dict(settings or {}),
                submitted=time.time(),
            )
            if live is None:
                self._forget_old()
                job = self.save(job)
        self.ensure_worker(job.lane)
        return job

    def all(self) -> list[Job]:
        """All jobs in order of submission; one whose worker shows no life is `died`."""
        found = []
        for path in sorted(self.folder.glob("*/state.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                job = Job(**{f.name: content[f.name] for f in fields(Job) if f.name in content})
            except (OSError, ValueError, TypeError):
                continue
            if job.status == "running" and time.time() - self._last_sign(job) > DEAD_AFTER:
                job = replace(
                    job, status="died", message="the worker was stopped from outside; what was finished is kept"
                )
            found.append(job)
        return found

    def find(self, id: str) -> Job:
        """A job by id. Raises WorkspaceFault where there is none."""
        job = next((job for job in self.all() if job.id == id), None)
        if job is None:
            raise WorkspaceFault(f"{id}: no such job")
        return job

    def cancel(self, id: str) -> None:
        """Ask a job to stop: at once if it waits, else as soon as its worker looks. Finished minutes are kept."""
        with self.workspace.lock("jobs"):
            job = self.find(id)
            if job.status == "queued":
                self.save(replace(job, status="cancelled", ended=time.time()))
            elif job.live:
                write_bytes(self.folder / id / "cancel", b"")

    def resume(self, id: str) -> Job:
        """Queue again a job that was cancelled, failed or died: it goes on after the last finished minute."""
        job = self.find(id)
        if job.live:
            return job
        again = self.submit(job.kind, job.subject, job.name, job.settings)
        self.forget(id)
        return again

    def latest(self, kind: str, subject: str) -> Job | None:
        """The newest job of this kind on this subject."""
        return next((j for j in reversed(self.all()) if (j.kind, j.subject) == (kind, subject)), None)

    def forget(self, id: str) -> None:
        """Take a job that is over out of the list; what it made stays."""
        with self.workspace.lock("jobs"):
            if not self.find(id).live:
                shutil.rmtree(self.folder / id, ignore_errors=True)

    def _forget_old(self) -> None:
        over = [job for job in self.all() if not job.live]
        for job in over[:-KEPT]:
            shutil.rmtree(self.folder / job.id, ignore_errors=True)

    def next_queued(self, lane: str) -> Job | None:
        """The job of a lane that has waited longest."""
        return next((job for job in self.all() if job.status == "queued" and job.lane == lane), None)

    def wants_to_stop(self, job: Job) -> bool:
        """Whether somebody asked this job to stop."""
        return (self.folder / job.id / "cancel").exists()

    def save(self, job: Job) -> Job:
        """Write a job's state, which is a sign of life too."""
        self.beat(job)
        job = replace(job, saved=time.time())
        write_json(self.folder / job.id / "state.json", asdict(job))
        return job

    def beat(self, job: Job) -> None:
        """Give a sign of life."""
        path = self.folder / job.id / "heartbeat"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def _last_sign(self, job: Job) -> float:
        try:
            return (self.folder / job.id / "heartbeat").stat().st_mtime
        except OSError:
            return 0.0

    def preview_path(self, job: Job) -> Path:
        """Where a job keeps a picture of what it is looking at."""
        return self.folder / job.id / "preview.jpg"

    def curve_path(self, job: Job) -> Path:
        """Where a training keeps its losses, one JSON object a line: seed, epoch, loss, validation."""
        return self.folder / job.id / "curve.jsonl"

    def worker_lock(self, lane: str) -> FileLock:
        """Held by the one worker of a lane; the system lets go of it when the process ends, however it ends."""
        return FileLock(self.workspace.lock_path(f"worker-{lane}"))

    def revive(self) -> None:
        """See that somebody works wherever a job waits: its worker may have been stopped from outside."""
        for lane in {job.lane for job in self.all() if job.status == "queued"}:
            self.ensure_worker(lane)

    def ensure_worker(self, lane: str) -> None:
        """Start a worker for a lane in a process of its own, unless one is there."""
        lock = self.worker_lock(lane)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        lock.release()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.actions.worker", str(self.workspace.root), lane],
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=process.wait, daemon=True).start()  # takes note of its end, whenever that is
