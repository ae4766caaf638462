"""The process that does the background jobs of one lane, one after the other, and ends when none comes any more."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from filelock import Timeout

from core.actions.background import KINDS
from core.errors import PunchlineError, Sentence
from core.storage.files import write_bytes
from core.video.jpeg import as_jpeg
from core.workspace.jobs import HEARTBEAT, Job, Jobs
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.video_feature_extractor import Seen

SAVE_EVERY = 0.5  # seconds between two states on disk
PREVIEW_EVERY = 1.0  # seconds between two preview pictures
PREVIEW_WIDTH = 480  # pixels
NICENESS = 10  # of a worker, on systems that have it
LINGER = {"short": 60.0}  # seconds a lane's worker waits for more before it ends: its networks stay loaded


class Cancelled(Exception):
    """Somebody asked the job to stop."""


class Report:
    """What a job tells about itself while it runs. Telling raises `Cancelled` where somebody asked it to stop."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self.jobs = jobs
        self.state = replace(job, status="running", started=time.time())
        self._saved = self._previewed = 0.0
        self._n_wishes = 0
        jobs.save(self.state)

    def progress(self, completed: float, total: float) -> None:
        """So much is done, in the unit of the work."""
        if self.jobs.wants_to_stop(self.state):
            raise Cancelled
        if not self.state.begun:
            self.state = replace(self.state, begun_at=completed, begun=time.time())
        self.state = replace(self.state, completed=completed, total=total)
        if time.monotonic() - self._saved > SAVE_EVERY:
            self._saved = time.monotonic()
            self.jobs.save(self.state)

    def wish(self) -> Mapping[str, Any] | None:
        """The latest wish that came since the last call, if any."""
        wishes = self.jobs.wishes(self.state)
        new, self._n_wishes = wishes[self._n_wishes :], len(wishes)
        return new[-1] if new else None

    def seen(self, seen: Seen) -> None:
        """Count faces, and now and then keep the picture with their boxes."""
        self.state = replace(self.state, n_found=self.state.n_found + len(seen.box_xyxy))
        if time.monotonic() - self._previewed < PREVIEW_EVERY:
            return
        self._previewed = time.monotonic()
        with suppress(PunchlineError):  # a preview is not worth a failed job
            write_bytes(self.jobs.preview_path(self.state), _drawn(seen))


def _drawn(seen: Seen) -> bytes:
    """A small JPEG of a picture with a frame around every face."""
    import cv2

    scale = min(1.0, PREVIEW_WIDTH / seen.image.shape[1])
    small = cv2.resize(seen.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for box in seen.box_xyxy * scale:
        left, top, right, bottom = (round(float(x)) for x in box)
        cv2.rectangle(small, (left, top), (right, bottom), (255, 196, 0), 2)
    return as_jpeg(np.asarray(small, np.uint8), quality=80)


def run(jobs: Jobs, job: Job) -> Job:
    """Do one job and keep its state; gives the job as it ended."""
    report = Report(jobs, job)
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            with suppress(OSError):
                jobs.beat(job)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        result = KINDS[job.kind](jobs.workspace, job, report)
        report.state = replace(report.state, status="done", result=result, completed=report.state.total)
    except Cancelled:
        report.state = replace(report.state, status="cancelled", message="stopped; what was finished is kept")
    except PunchlineError as error:
        report.state = replace(report.state, status="failed", message=Sentence.of(error))
    except BaseException as error:  # a fault of ours: told to the user, kept in the log, never silent
        traceback.print_exc()
        report.state = replace(
            report.state,
            status="failed",
            message=Sentence("unexpected fault ({kind}: {cause})", kind=type(error).__name__, cause=error),
        )
        if not isinstance(error, Exception):
            raise
    finally:
        stop.set()
        report.state = replace(report.state, ended=time.time())
        jobs.save(report.state)
    return report.state


def work(root: Path, lane: str) -> None:
    """Do what is queued in a lane of the workspace at `root`; at once done where another worker is at it."""
    jobs = Jobs(Workspace(root))
    starting = jobs.starting_path(lane)
    try:
        while jobs.next_queued(lane) is not None:
            with jobs.worker_lock(lane).acquire(timeout=0):
                starting.unlink(missing_ok=True)
                _work_on(jobs, lane)
    except Timeout:
        return
    finally:
        starting.unlink(missing_ok=True)


def _work_on(jobs: Jobs, lane: str) -> None:
    """Do what is queued until nothing has come for as long as the lane's worker lingers."""
    idle_since = time.monotonic()
    while True:
        if (job := jobs.next_queued(lane)) is not None:
            run(jobs, job)
            idle_since = time.monotonic()
        elif time.monotonic() - idle_since >= LINGER.get(lane, 0.0):
            return
        else:
            time.sleep(0.2)


def give_way() -> None:
    """Leave the processors to the pages and players of the same machine where they want them."""
    lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else NICENESS
    with suppress(psutil.Error, OSError):
        psutil.Process().nice(lower)


if __name__ == "__main__":
    give_way()
    work(Path(sys.argv[1]), sys.argv[2])
