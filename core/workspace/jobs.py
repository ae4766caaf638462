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
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import Sentence, WorkspaceFault
from core.storage.files import write_bytes, write_json
from core.storage.program import PROGRAM, WINDOWS
from core.workspace.workspace import Workspace

HEARTBEAT = 2.0  # seconds between two signs of life
DEAD_AFTER = 10.0  # seconds without one
STARTING = 60.0  # seconds that a worker is waited for before another one is started
STEADY_AFTER = 4.0  # seconds from which a rate says how long is left
LIVE = ("queued", "running")
LANES: Mapping[str, str] = {
    "extract": "long",
    "sample": "long",
    "train": "long",
    "hear": "long",
    "scan": "short",
    "references": "short",
    "photos": "short",
    "detect": "short",
    "dataset": "short",
    "proxy": "files",
    "export": "files",
}
APART_ON_WINDOWS = 0x00000200 | 0x08000000  # a process group of its own, and no console
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
    n_found: int = 0  # faces, clips, moments: whatever the kind looks for
    begun_at: float = 0.0  # `completed` when this run began: a resumed one does not begin at 0
    message: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    submitted: float = 0.0
    started: float = 0.0
    begun: float = 0.0  # when the first progress of this run was seen: networks are loaded before
    saved: float = 0.0
    ended: float = 0.0
    hastened: float = 0.0  # when somebody asked for it to be next

    @property
    def live(self) -> bool:
        """Waiting or at work."""
        return self.status in LIVE

    @property
    def resumable(self) -> bool:
        """Over before its time, with what it needs still there: photos go when their job ends."""
        return self.status == "died" or (self.status in ("cancelled", "failed") and self.kind != "photos")

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
        """Estimate from `rate`; None where it is not known, or not steady yet."""
        steady = self.begun and (self.ended or self.saved) - self.begun >= STEADY_AFTER
        return max(0.0, self.total - self.completed) / self.rate if steady and self.rate > 0 < self.total else None


def _apart() -> dict[str, Any]:
    """What lets a worker outlive the process that starts it, and that one's console."""
    return {"creationflags": APART_ON_WINDOWS} if WINDOWS else {"start_new_session": True}


def _new_id() -> str:
    return f"{time.time_ns():020d}-{secrets.token_hex(3)}"


class Jobs:
    """The jobs of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.jobs_folder

    def submit(
        self,
        kind: str,
        subject: str,
        name: str,
        settings: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        wish: Mapping[str, Any] | None = None,
    ) -> Job:
        """Queue a job and see that somebody works; the same one that is live is given instead.

        Parameters
        ----------
        settings
            What JSON can hold. A live job of this kind on this subject is the same one only if it has the same.
        files
            Contents by name, kept in `files_folder` until the job ends.
        wish
            Something urgent that does not make another job of it; it reaches the job also while it runs.
        """
        wanted = json.loads(json.dumps(dict(settings or {})))  # as it is read again
        with self.workspace.lock("jobs"):
            live = (job for job in self.all() if job.live and (job.kind, job.subject) == (kind, subject))
            same = next((job for job in live if job.settings == wanted), None)
            job = same or Job(
                id=_new_id(),
                kind=kind,
                subject=subject,
                name=name,
                settings=wanted,
                submitted=time.time(),
            )
            if same is None:
                self._forget_old()
                for file, content in (files or {}).items():
                    write_bytes(self.files_folder(job) / file, content)
                job = self.save(job)
            if wish is not None and self.wishes(job)[-1:] != [dict(wish)]:
                with (self.folder / job.id / "wishes.jsonl").open("a", encoding="utf-8") as file_:
                    file_.write(json.dumps(dict(wish)) + "\n")
        self.ensure_worker(job.lane)
        return job

    def record(self, kind: str, subject: str, name: str, result: Mapping[str, Any]) -> Job:
        """Note work that was done at once, without a worker, as a job that is over."""
        now = time.time()
        job = Job(_new_id(), kind, subject, name, status="done", result=result, submitted=now, ended=now)
        with self.workspace.lock("jobs"):
            self._forget_old()
            return self.save(job)

    def wishes(self, job: Job) -> list[dict[str, Any]]:
        """What was asked of a job beside its settings, in order."""
        try:
            lines = (self.folder / job.id / "wishes.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        except OSError:
            return []
        return [json.loads(line) for line in lines]

    def all(self) -> list[Job]:
        """All jobs in order of submission; one whose worker shows no life is `died`."""
        jobs = []
        for path in sorted(self.folder.glob("*/state.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                job = Job(**{f.name: content[f.name] for f in fields(Job) if f.name in content})
                job = replace(job, message=Sentence.of(job.message))
            except (OSError, ValueError, TypeError):
                continue
            if job.status == "running" and time.time() - self._last_sign(job) > DEAD_AFTER:
                job = replace(
                    job, status="died", message="the worker was stopped from outside; what was finished is kept"
                )
            jobs.append(job)
        return jobs

    def find(self, id: str) -> Job:
        """A job by id. Raises WorkspaceFault where there is none."""
        job = next((job for job in self.all() if job.id == id), None)
        if job is None:
            raise WorkspaceFault("{id}: no such job", id=id)
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
        files = {path.name: path.read_bytes() for path in self.files_folder(job).glob("*")}
        wishes = self.wishes(job)
        wish = wishes[-1] if wishes else None
        again = self.submit(job.kind, job.subject, job.name, job.settings, files=files, wish=wish)
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
        """The job of a lane that was hastened last, else the one that has waited longest."""
        waiting = (job for job in self.all() if job.status == "queued" and job.lane == lane)
        return max(waiting, key=lambda job: job.hastened, default=None)

    def ahead_of(self, job: Job) -> list[Job]:
        """The jobs for which one that waits has to wait: at work in its lane, or next before it."""
        turn = (-job.hastened, job.id)
        others = (other for other in self.all() if other.live and other.lane == job.lane and other.id != job.id)
        return [other for other in others if other.status == "running" or (-other.hastened, other.id) < turn]

    def hasten(self, id: str) -> None:
        """Have a job that waits be the next of its lane."""
        with self.workspace.lock("jobs"):
            job = self.find(id)
            if job.status == "queued":
                self.save(replace(job, hastened=time.time()))

    def wants_to_stop(self, job: Job) -> bool:
        """Whether somebody asked this job to stop."""
        return (self.folder / job.id / "cancel").exists()

    def save(self, job: Job) -> Job:
        """Write a job's state, which is a sign of life too."""
        self.beat(job)
        job = replace(job, saved=time.time())
        write_json(self.folder / job.id / "state.json", asdict(job))
        if not job.live:
            shutil.rmtree(self.files_folder(job), ignore_errors=True)
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

    def files_folder(self, job: Job) -> Path:
        """Where the files that came with a job lie until it ends."""
        return self.folder / job.id / "files"

    def candidates_path(self, job: Job) -> Path:
        """Where a reading of photos keeps faces of which the user must say who it is."""
        return self.folder / job.id / "candidates.h5"

    def curve_path(self, job: Job) -> Path:
        """Where a training keeps its losses, one JSON object a line: seed, epoch, loss, validation."""
        return self.folder / job.id / "curve.jsonl"

    def worker_lock(self, lane: str) -> FileLock:
        """Held by the one worker of a lane; the system lets go of it when the process ends, however it ends."""
        return FileLock(self.workspace.lock_path(f"worker-{lane}"))

    def starting_path(self, lane: str) -> Path:
        """There from a worker's start until it holds its lock, which takes long on a busy machine."""
        return self.folder / f"{lane}.starting"

    def revive(self) -> None:
        """See that somebody works wherever a job waits: its worker may have been stopped from outside."""
        for lane in {job.lane for job in self.all() if job.status == "queued"}:
            self.ensure_worker(lane)

    def ensure_worker(self, lane: str) -> None:
        """Start a worker for a lane in a process of its own, unless one is there or about to be."""
        lock = self.worker_lock(lane)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        lock.release()
        starting = self.starting_path(lane)
        with suppress(FileNotFoundError):
            if 0 <= time.time() - starting.stat().st_mtime < STARTING:
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        starting.touch()
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.actions.worker", str(self.workspace.root), lane],
                cwd=PROGRAM,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_apart(),
            )
        threading.Thread(target=process.wait, daemon=True).start()  # takes note of its end, whenever that is
