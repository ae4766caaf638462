"""The process that does a workspace's background jobs, one after the other, and ends when none is left."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from filelock import Timeout

from core.errors import PunchlineError, VideoUnreadable
from core.jobs import HEARTBEAT, Job, Jobs
from core.multimodal_processor import ExtractionSettings, OnProgress, extract, summary
from core.workspace import Workspace

SAVE_EVERY = 0.5  # seconds between two states on disk


class Cancelled(Exception):
    """Somebody asked the job to stop."""


def do_extract(workspace: Workspace, job: Job, on_progress: OnProgress) -> Mapping[str, Any]:
    """Read a video into its feature file; the settings are those of `ExtractionSettings`."""
    video = next((video for video in workspace.videos() if video.id == job.video_id), None)
    if video is None or video.path is None:
        raise VideoUnreadable(f"{job.name}: the video is gone; add it again from its new place")
    with workspace.lock(f"extract-{video.id}", timeout=0):
        features = extract(
            video.path,
            workspace.features_path(video.id),
            settings=ExtractionSettings(**job.settings),
            on_progress=on_progress,
            writing=partial(workspace.lock, f"features-{video.id}", timeout=60),
        )
    return summary(features)


KINDS: Mapping[str, Callable[[Workspace, Job, OnProgress], Mapping[str, Any]]] = {"extract": do_extract}


def run(jobs: Jobs, job: Job) -> Job:
    """Do one job and keep its state; gives the job as it ended."""
    state = replace(job, status="running", started=time.time())
    jobs.save(state)
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            with suppress(OSError):
                jobs.beat(state)

    last_save = 0.0

    def on_progress(completed: float, total: float) -> None:
        nonlocal state, last_save
        if jobs.wants_to_stop(job):
            raise Cancelled
        begun_at = state.begun_at if state.total else completed
        state = replace(state, completed=completed, total=total, begun_at=begun_at)
        if time.monotonic() - last_save > SAVE_EVERY:
            last_save = time.monotonic()
            jobs.save(state)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        result = KINDS[job.kind](jobs.workspace, job, on_progress)
        state = replace(state, status="done", result=result, completed=state.total)
    except Cancelled:
        state = replace(state, status="cancelled", message="stopped; what was finished is kept")
    except PunchlineError as error:
        state = replace(state, status="failed", message=str(error))
    except BaseException as error:  # a fault of ours: told to the user, kept in the log, never silent
        traceback.print_exc()
        state = replace(state, status="failed", message=f"unexpected fault ({type(error).__name__}: {error})")
        if not isinstance(error, Exception):
            raise
    finally:
        stop.set()
        state = replace(state, ended=time.time())
        jobs.save(state)
    return state


def work(root: Path) -> None:
    """Do what is queued in the workspace at `root`; at once done where another worker is at it."""
    jobs = Jobs(Workspace(root))
    while jobs.next_queued() is not None:
        try:
            with jobs.worker_lock().acquire(timeout=0):
                while (job := jobs.next_queued()) is not None:
                    run(jobs, job)
        except Timeout:
            return


if __name__ == "__main__":
    work(Path(sys.argv[1]))
