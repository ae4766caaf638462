"""Page Home: one click for all that is left, a queue that ends with one, and a list to sort, filter and browse."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.job_panel import _cancel_all
from tests.media import write
from tests.ui.test_pages import ROOT, fill, opened, space

__all__ = ["space"]


@pytest.fixture(autouse=True)
def _without_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)


def pressed(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def names(app: AppTest) -> list[str]:
    """Of the videos in the list, in order."""
    return [str(part.value).split("**")[1] for part in app.markdown if str(part.value).startswith("**")]


def test_one_click_reads_all_videos_and_one_cancels_them(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path)
    for k in range(2):
        space.register(write(tmp_path / f"{k}.mp4", np.arange(20 + k) / 10))
    app = pressed(opened("home"), "Do it all")
    jobs = Jobs(space).all()
    assert [(job.kind, job.name) for job in jobs] == [("extract", "0.mp4"), ("extract", "1.mp4")]
    assert not [button for button in app.main.button if button.label == "Do it all"]
    _cancel_all(Jobs(space), jobs)
    assert {job.status for job in Jobs(space).all()} == {"cancelled"}


def test_many_videos_are_sorted_and_filtered(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path, name="z.mp4")
    for k, name in enumerate(("c", "a", "d", "b")):
        space.register(write(tmp_path / f"{name}.mp4", np.arange(10 + k) / 10))
    app = opened("home")
    app.selectbox(key="sort").set_value("name").run()
    assert names(app) == ["a.mp4", "b.mp4", "c.mp4", "d.mp4", "z.mp4"]
    app.selectbox(key="filter-step").set_value("label").run()
    assert names(app) == ["z.mp4"]


def test_a_folder_without_videos_is_not_added_in_the_dialog(space: Workspace, tmp_path: Path) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state["browse_here"] = str(tmp_path)
    app.run()
    pressed(app, "Browse…")
    assert app.button(key="browse-add").disabled


def test_the_sample_shows_its_result_by_one_click(space: Workspace) -> None:
    pressed(opened("home"), "Show me the result first")
    (job,) = Jobs(space).all()
    assert (job.kind, job.name, job.lane) == ("sample", "sample.mp4", "long")


@pytest.mark.parametrize("seconds", [1.0, 3600.0])
def test_the_result_is_shown_to_whoever_waits_for_it(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    gone: list[str] = []
    monkeypatch.setattr("streamlit.switch_page", gone.append)
    app = pressed(opened("home"), "Show me the result first")
    jobs = Jobs(space)
    (job,) = jobs.all()
    app.run()
    assert not gone
    jobs.save(replace(job, status="done", ended=time.time() - seconds))
    app.run()
    assert gone == (["pages/detect.py"] if seconds < 30 else [])
    assert "sample-job" not in app.session_state
