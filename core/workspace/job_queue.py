"""How far the jobs under way are together, and how long they still take by the rates that were measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from core.workspace.jobs import Job

LATEST = 5  # jobs of a kind that tell how fast it usually is
FACES = ("extract", "sample", "scan", "photos")  # kinds of jobs that load the networks for faces


@dataclass(frozen=True)
class QueueState:
    """`n_done` of `n` jobs are over; `seconds_left` is None where a rate is not known yet."""

    n_done: int
    n: int
    seconds_left: float | None


def usual_rate(jobs: Sequence[Job], kind: str) -> float | None:
    """`completed` a second, the middle one of the latest jobs of a kind; None where none tells."""
    rates = [job.rate for job in jobs if job.kind == kind and job.status == "done" and job.rate > 0]
    return median(rates[-LATEST:]) if rates else None


def usual_loading(jobs: Sequence[Job], kind: str) -> float | None:
    """Seconds until the first progress: the middle of the latest jobs that load the same; None where none tells."""
    kinds = FACES if kind in FACES else (kind,)
    seconds = [job.begun - job.started for job in jobs if job.kind in kinds and 0 < job.started <= job.begun]
    return median(seconds[-LATEST:]) if seconds else None


def queue_state(jobs: Sequence[Job], durations: Mapping[str, float]) -> QueueState | None:
    """All that is under way, with what was done since the first of it was asked for; None where nothing is.

    Parameters
    ----------
    durations
        Seconds of videos by id, in which the work of jobs that wait is counted.
    """
    live = [job for job in jobs if job.live]
    if not live:
        return None
    since = min(job.submitted for job in live)
    n_done = sum(job.status == "done" and job.submitted >= since for job in jobs)
    by_lane: dict[str, list[Job]] = defaultdict(list)
    for job in live:
        by_lane[job.lane].append(job)
    left = {name: _seconds(lane, jobs, durations) for name, lane in by_lane.items()}
    known = [seconds for seconds in left.values() if seconds is not None]
    told = all(seconds is not None or name == "short" for name, seconds in left.items())  # that lane ends soon
    return QueueState(n_done, n_done + len(live), max(known) if known and told else None)


def _seconds(lane: Iterable[Job], jobs: Sequence[Job], durations: Mapping[str, float]) -> float | None:
    """How long the jobs of a lane take, one after the other."""
    total = 0.0
    for job in lane:
        left = job.seconds_left
        if left is None:
            rate, duration = usual_rate(jobs, job.kind), job.total or durations.get(job.subject)
            if not rate or not duration:
                return None
            left = duration / rate
        total += left
    return total
