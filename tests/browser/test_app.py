"""The real app in a real browser: from a newcomer's first click to a series on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.multimodal_processor import current_features, person_series
from core.series import Source
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, serve


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("app") / "space")


@pytest.fixture(scope="module")
def address(space: Workspace, browser: Browser) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address
    for job in Jobs(space).all():
        Jobs(space).cancel(job.id)


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link").filter(has_text=name).click()


def extraction(space: Workspace) -> Job:
    return next(job for job in Jobs(space).all() if job.kind == "extract")


def progress_bar(page: Page) -> float:
    """What the job panel shows, in percent."""
    text = page.get_by_test_id("stSidebar").get_by_text("real time").first.inner_text()
    return float(text.split("%")[0])


@pytest.mark.browser
@pytest.mark.timeout(400)
def test_a_newcomer_reads_the_sample_by_clicks_alone(page: Page, address: str, space: Workspace) -> None:
    page.set_default_timeout(90_000)
    page.goto(address)
    page.get_by_role("button", name="Try the sample").click()
    page.get_by_role("button", name="Look for faces").click()
    page.get_by_role("button", name="choose all").first.click()
    page.get_by_role("textbox", name="Name of the person").first.fill("Eileen")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add 6 faces").click()
    page.get_by_text("What counts as Eileen").wait_for()

    go(page, "Extract")
    page.get_by_role("button", name="Start").click()
    page.get_by_test_id("stSidebar").get_by_text("real time").first.wait_for()
    first = progress_bar(page)
    page.reload()
    page.get_by_test_id("stSidebar").get_by_text("real time").first.wait_for()
    go(page, "Home")
    page.get_by_role("button", name="Watch the progress").wait_for()
    deadline = time.monotonic() + 60
    while progress_bar(page) <= first:
        assert time.monotonic() < deadline, "the bar does not move"
        page.wait_for_timeout(200)
    page.get_by_role("button", name="Watch the progress").click()
    page.get_by_text("A face was found in").wait_for(timeout=200_000)

    (video,) = space.videos()
    (person,) = space.people()
    features = current_features(space.features_path(video.id))
    assert features is not None
    assert features.info.complete
    series = person_series(features, person).series
    assert (series.source == Source.DETECTED).mean() > 0.6
    go(page, "Home")
    page.get_by_role("button", name="Label clips").wait_for()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_two_browsers_see_one_job_and_either_cancels_it(
    browser: Browser, address: str, space: Workspace, tmp_path: Path
) -> None:
    copy = tmp_path / "long.mp4"
    copy.write_bytes((ROOT / "assets" / "sample.mp4").read_bytes() + b"\0" * 100)
    video = space.register(copy)
    contexts = [browser.new_context(viewport={"width": 1400, "height": 900}) for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    try:
        for page in pages:
            page.set_default_timeout(60_000)
            page.goto(address)
            go(page, "Extract")
            page.get_by_text("Videos to extract").wait_for()
        pages[0].get_by_role("button", name="Start").click()
        for page in pages:
            expect(page.get_by_test_id("stSidebar").get_by_text("long.mp4")).to_be_visible(timeout=20_000)
        job = Jobs(space).latest("extract", video.id)
        assert job is not None
        assert Jobs(space).submit("extract", video.id, video.name, job.settings).id == job.id
        pages[1].get_by_test_id("stSidebar").get_by_role("button", name="Cancel").click()
        for page in pages:
            page.get_by_test_id("stSidebar").get_by_text("Cancelled").wait_for(timeout=60_000)
        assert len([j for j in Jobs(space).all() if j.subject == video.id]) == 1
    finally:
        for context in contexts:
            context.close()


def test_the_language_is_switched_and_kept(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_text("한국어").click()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("기준 얼굴")
    page.reload()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("기준 얼굴")
    page.get_by_text("English").click()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("Reference face")


@pytest.mark.browser
def test_the_theme_is_switched_and_kept(page: Page, address: str) -> None:
    def paper() -> str:
        return str(page.evaluate("() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"))

    page.goto(address)
    go(page, "Settings")
    light = paper()
    page.get_by_role("radio", name="Dark").click()
    page.wait_for_function(
        "light => getComputedStyle(document.querySelector('.stApp')).backgroundColor !== light", arg=light
    )
    dark = paper()
    page.reload()
    page.get_by_role("radio", name="As the system").click(timeout=60_000)
    page.wait_for_function(
        "dark => getComputedStyle(document.querySelector('.stApp')).backgroundColor !== dark", arg=dark
    )
    assert paper() == light


def test_nothing_is_asked_of_another_machine(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.get_by_role("heading", name="Punchline").wait_for()
    for name in ("Reference face", "Extract"):
        go(page, name)
        page.get_by_role("heading", name=name, exact=True).wait_for()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:", "ws://127.0.0.1"))] == []


def test_a_workspace_that_cannot_be_used_is_said(page: Page, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(tmp_path / "file")}) as address:
        page.goto(address)
        page.get_by_text("cannot be used as workspace").first.wait_for()
        assert page.get_by_text("Traceback").count() == 0
