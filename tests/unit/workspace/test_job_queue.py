"""How far jobs are together, and when they end."""

import pytest

from core.workspace.job_queue import QueueState, queue_state, usual_rate
from core.workspace.jobs import Job


def job(subject: str, status: str, *, kind: str = "extract", submitted: float = 10.0, rate: float = 2.0) -> Job:
    """One that ran for 10 s, or waits."""
    if status == "queued":
        return Job(subject, kind, subject, subject, status=status, submitted=submitted)
    times = {"begun": 100.0, "saved": 110.0, "ended": 110.0 if status == "done" else 0.0}
    return Job(
        subject, kind, subject, subject, status=status, submitted=submitted, completed=10 * rate, total=60.0, **times
    )


def test_nothing_under_way_has_no_state() -> None:
    assert queue_state([job("a", "done")], {}) is None


def test_a_queue_counts_what_was_asked_for_with_it_and_adds_up_its_time() -> None:
    jobs = [
        job("old", "done", submitted=1.0),
        job("a", "done"),
        job("b", "running"),
        job("c", "queued"),
        job("d", "queued", kind="proxy"),
        job("e", "done", kind="proxy", submitted=1.0, rate=30.0),
    ]
    assert queue_state(jobs, {"c": 30.0, "d": 60.0}) == QueueState(1, 4, pytest.approx(40 / 2 + 30 / 2))
    assert queue_state(jobs, {"c": 3.0, "d": 6000.0}) == QueueState(1, 4, pytest.approx(6000 / 30))  # lanes go together


def test_a_time_is_not_made_up() -> None:
    assert queue_state([job("a", "queued")], {"a": 60.0}) == QueueState(0, 1, None)
    assert queue_state([job("a", "queued"), job("b", "done")], {}) == QueueState(1, 2, None)
    long, unknown = job("a", "running"), job("b", "queued", kind="detect")
    assert queue_state([long, unknown], {}) == QueueState(0, 2, pytest.approx(20.0))  # what is short hides no time
    assert queue_state([unknown], {}) == QueueState(0, 1, None)


def test_the_usual_rate_is_that_of_the_middle_of_the_latest() -> None:
    jobs = [job(str(k), "done", rate=rate) for k, rate in enumerate((90.0, 1.0, 2.0, 50.0, 2.0, 3.0))]
    assert usual_rate(jobs, "extract") == pytest.approx(2.0)
    assert usual_rate(jobs, "train") is None
