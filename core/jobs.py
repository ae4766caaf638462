"""Background jobs: what is to be done, how far it is, and whether its worker still lives.

A job is a folder with a request, a state, a heartbeat and perhaps a wish to stop. One worker process does the jobs of a
workspace in turn; it outlives the page that started it.
"""

from __future__ import annotations

import json
import secrets
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
from core.storage import write_bytes, write_json
from core.workspace import Workspace

HEARTBEAT = 2.0  # seconds between two signs of life
DEAD_AFTER = 10.0  # seconds without one
LIVE = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """One piece of work on one video.

    `status` is queued, running, done, failed, cancelled or died; `completed` and `total` are in the unit of the work
    (seconds of video), times are seconds since the epoch. `message` is for the user.
    """

    id: str
    kind: str
    video_id: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    status: str = "queued"
    completed: float = 0.0
    total: float = 0.0
    begun_at: float = 0.0  # `completed` when this run began: a resumed one does not begin at 0
    message: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    submitted: float = 0.0
    started: float = 0.0
    ended: float = 0.0

    @property
    def live(self) -> bool:
        """Waiting or at work."""
        return self.status in LIVE


class Jobs:
    """The jobs of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.root / "jobs"

    def submit(self, kind: str, video_id: str, name: str, settings: Mapping[str, Any] | None = None) -> Job:
        """Queue a job and see that somebody works; a video's job that is live already is given instead."""
        with self.workspace.lock("jobs"):
            live = next((j for j in self.all() if j.live and (j.kind, j.video_id) == (kind, video_id)), None)
            job = live or Job(
                id=f"{time.time_ns():020d}-{secrets.token_hex(3)}",
                kind=kind,
                video_id=video_id,
                name=name,
                settings=dict(settings or {}),
                submitted=time.time(),
            )
            if live is None:
                self.save(job)
        self.ensure_worker()
        return job

    def all(self) -> list[Job]:
        """All jobs in order of submission; one whose worker shows no life is `died`."""
        found = []
        for path in sorted(self.folder.glob("*/state.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                job = Job(**{f.name: content[f.name] for f in fields(Job)})
            except (OSError, ValueError, KeyError):
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
        return job if job.live else self.submit(job.kind, job.video_id, job.name, job.settings)

    def next_queued(self) -> Job | None:
        """The job that has waited longest."""
        return next((job for job in self.all() if job.status == "queued"), None)

    def wants_to_stop(self, job: Job) -> bool:
        """Whether somebody asked this job to stop."""
        return (self.folder / job.id / "cancel").exists()

    def save(self, job: Job) -> None:
        """Write a job's state, which is a sign of life too."""
        self.beat(job)
        write_json(self.folder / job.id / "state.json", asdict(job))

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

    def worker_lock(self) -> FileLock:
        """Held by the one worker of this workspace; the system lets go of it when the process ends, however it ends."""
        return FileLock(self.workspace.root / "locks" / "worker.lock")

    def ensure_worker(self) -> None:
        """Start a worker in a process of its own, unless one is there."""
        lock = self.worker_lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        lock.release()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.worker", str(self.workspace.root)],
                cwd=Path(__file__).resolve().parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=process.wait, daemon=True).start()  # takes note of its end, whenever that is
