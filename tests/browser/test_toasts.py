"""What has just happened is told where it covers neither a heading nor anything to press or fill in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.actions.moments import detect
from core.detection.detect import DetectionSettings
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, serve
from tests.browser.test_detect import filled

pytestmark = pytest.mark.browser

NEEDED = """() => {
  const found = [], selector = "h1, h2, h3, button, a, input, select, video, [role=combobox], [role=slider]";
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(selector) && !element.closest(".stToastContainer")) found.push(element);
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  const { left, right, top, bottom } = document.querySelector(".stToast").getBoundingClientRect();
  const over = (e) => {
    const r = e.getBoundingClientRect();
    const begin = r.left + (e.matches("canvas") ? 82 : 0); // px of the names of lanes
    return r.width && begin < right && left < r.right && r.top < bottom && top < r.bottom;
  };
  return found.filter(over).map((e) => e.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    space = filled(Path(tmp_path_factory.mktemp("toasts")) / "space")
    (video,), (person,) = space.videos(), space.people()
    detect(space, video, person, DetectionSettings(max_per_hour=None))
    return space


@pytest.fixture(scope="module")
def address(space: Workspace, browser: Browser) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


@pytest.mark.parametrize("height", [720, 900])
@pytest.mark.parametrize("name", ["label", "detect", "reference"])
def test_a_toast_covers_nothing_needed(
    browser: Browser, space: Workspace, address: str, name: str, height: int
) -> None:
    jobs = Jobs(space)
    now = time.time()
    job = Job(id=f"{time.time_ns():020d}-export", kind="export", subject="none", name="stream.mp4", submitted=now)
    lock = jobs.worker_lock("files")  # as a worker holds it
    lock.acquire()
    context = browser.new_context(viewport={"width": 1280, "height": height})
    try:
        jobs.save(replace(job, status="running", begun=now, total=8.0))
        jobs.beat(job)
        page = context.new_page()
        page.goto(f"{address}/{name}")
        page.locator(".st-key-header").wait_for()
        page.locator('[data-test-script-state="notRunning"]').wait_for()
        page.wait_for_timeout(1500)
        done = {"files": ["one.mp4", "two.mp4"], "warnings": []}
        jobs.save(replace(job, status="done", begun=now, ended=now, result=done))
        toast = page.get_by_test_id("stToast")
        expect(toast).to_contain_text("2 files exported")
        page.wait_for_timeout(600)  # it has come to rest
        assert page.evaluate(NEEDED) == []
        box = toast.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] + box["height"] <= height
    finally:
        context.close()
        lock.release()
