"""What is said of a job."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.translation import text
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.job_panel import progress_text


def test_a_job_at_work_says_how_far_it_is_and_a_young_one_no_time() -> None:
    scan = Job("1", "scan", "v", "a.mp4", status="running", total=100.0, completed=73.0, begun=1000.0, saved=1010.0)
    assert progress_text(scan).startswith("73%")
    assert "left" in progress_text(scan)
    young = Job("1", "scan", "v", "a.mp4", status="running", total=100.0, completed=1.0, begun=1000.0, saved=1000.5)
    assert "left" not in progress_text(young)


def test_a_job_says_that_it_waits_where_another_one_is_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    jobs = Jobs(Workspace(tmp_path))
    first, second = (jobs.submit("export", f"v{k}", "a.mp4") for k in range(2))
    assert progress_text(first) == "starting…"
    assert progress_text(second) == "waiting for its turn…"
    assert progress_text(replace(first, status="running")) == "preparing…"  # clips are cut without a model
    assert progress_text(Job("1", "train", "p", "Ada", status="running")) == "loading the models…"


def test_what_loads_says_for_how_long_already_and_how_long_it_usually_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    jobs = Jobs(Workspace(tmp_path))
    now = time.time()
    job = Job("5", "extract", "v", "a.mp4", status="running", started=now - 4)
    assert progress_text(job) == "loading the models: 4 s so far, usually 5 to 20 s"
    for k, seconds in enumerate((9.0, 30.0, 8.0)):
        jobs.save(Job(str(k), "scan", "v", "a.mp4", status="done", started=now - 100, begun=now - 100 + seconds))
    jobs.save(Job("3", "train", "p", "Ada", status="done", started=now - 100, begun=now - 60))
    jobs.save(Job("4", "scan", "v", "a.mp4", status="failed", started=now - 100))  # before its first progress
    assert progress_text(job) == "loading the models: 4 s so far, usually about 9 s"
    late = replace(job, started=now - 19)
    assert progress_text(late) == "loading the models: 19 s so far, longer than usual, and still running"


def bars() -> None:
    from core.workspace.jobs import Jobs
    from pages.components.shared.job_panel import job_bar
    from pages.components.shared.shell import workspace

    for job in Jobs(workspace()).all():
        job_bar(job)


def test_a_stripe_runs_along_a_bar_that_cannot_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    jobs = Jobs(Workspace(tmp_path))
    now = time.time()
    first, _second = (jobs.submit("extract", f"v{k}", "a.mp4") for k in range(2))

    def kinds() -> list[str]:
        ids = [block.proto.id for block in AppTest.from_function(bars).run().get("flex_container")]
        return [id.split("-bar-")[1].split("-")[0] for id in ids if "-bar-" in id]

    assert kinds() == ["running", "measured"], "the second waits for its turn"
    jobs.beat(jobs.save(replace(first, status="running", started=now)))
    assert kinds() == ["running", "measured"]
    jobs.save(replace(first, status="running", started=now, begun=now, completed=4.0, total=100.0))
    assert kinds() == ["measured", "measured"]


def page_with_jobs() -> None:
    import streamlit as st

    from pages.components.shared.job_panel import job_panel

    st.session_state.n_runs = st.session_state.get("n_runs", 0) + 1
    job_panel("label")


def test_gathering_clips_draws_no_page_anew_and_another_job_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    jobs = Jobs(Workspace(tmp_path))
    app = AppTest.from_function(page_with_jobs).run()
    jobs.submit("dataset", "dataset", "")
    assert app.run().session_state.n_runs == 2
    assert not app.get("popover")
    jobs.submit("scan", "v", "a.mp4")
    assert app.run().session_state.n_runs == 4, "once as asked, once since a job has begun"


def test_one_face_is_not_faces() -> None:
    assert text("Remove {n} faces", "en", n=1) == "Remove 1 face"
