"""The real app in a real browser: one job for all who look, languages, and nothing asked of another machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.actions.sample import SAMPLE
from core.workspace.jobs import Jobs
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
            expect(page.get_by_test_id("stMain").get_by_role("progressbar")).to_be_visible(timeout=20_000)
        job = Jobs(space).latest("extract", video.id)
        assert job is not None
        assert Jobs(space).submit("extract", video.id, video.name, job.settings).id == job.id
        pages[1].get_by_test_id("stMain").get_by_role("button", name="Cancel").click()
        for page in pages:
            page.get_by_test_id("stMain").get_by_text("Cancelled").wait_for(timeout=60_000)
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
@pytest.mark.parametrize("name", ["label", "detect", "analyse"])
def test_the_language_is_switched_beside_a_player_too(browser: Browser, address: str, name: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    try:
        page = context.new_page()
        page.goto(f"{address}/{name}")
        side = page.get_by_test_id("stSidebar")
        side.get_by_role("radio", name="한국어").click()
        expect(side).to_contain_text("기준 얼굴")
        for language in ("English", "한국어"):
            expect(side.get_by_text(language)).to_be_in_viewport(ratio=1)
        side.get_by_role("radio", name="English").click()
        expect(side).to_contain_text("Reference face")
    finally:
        context.close()


@pytest.mark.browser
def test_the_next_step_is_named_in_the_menu(browser: Browser, address: str) -> None:
    """In words beside its page, for those who see them and those who hear them; on hovering beside a player."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    try:
        page = context.new_page()
        for name in ("", "detect"):
            page.goto(f"{address}/{name}")
            side = page.get_by_test_id("stSidebar")
            expect(side).to_match_aria_snapshot("- link /^(Home|Reference face)/\n- text: next")
            following = side.locator("[class*=-now]")
            following.hover(position={"x": following.bounding_box()["width"] - 10, "y": 10})
            expect(page.get_by_role("tooltip")).to_contain_text("· next step ·")
    finally:
        context.close()


@pytest.mark.browser
def test_the_way_on_from_a_step_that_is_not_done_stays_quiet_under_the_pointer(page: Page, tmp_path: Path) -> None:
    """Red is what to press next, such as Start; the pointer lies there after the same place led to this page."""
    Workspace(tmp_path / "space").register(SAMPLE)
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(tmp_path / "space")}) as address:
        page.goto(f"{address}/extract")
        onward = page.get_by_role("button", name="Next: Label")
        quiet = page.get_by_text("Step 3 of 6").evaluate("e => getComputedStyle(e).color")
        expect(onward).to_have_css("color", quiet)
        onward.hover()
        expect(onward).to_have_css("text-decoration-line", "underline")
        expect(onward).to_have_css("color", quiet)


@pytest.mark.browser
def test_escape_ends_browsing_in_any_folder(page: Page, address: str) -> None:
    page.goto(address)
    browse = page.get_by_role("button", name="Browse…")
    folded = page.get_by_text("Add videos and folders")
    folded.or_(browse).first.wait_for()  # the page is drawn
    if not browse.first.is_visible():
        folded.click()
    browse.first.click()
    page.get_by_role("button", name="Parent folder").click()
    page.wait_for_timeout(1000)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.browser
def test_the_theme_is_switched_and_kept(page: Page, address: str) -> None:
    def paper() -> str:
        return str(page.evaluate("() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"))

    page.goto(address)
    go(page, "Settings")
    light = paper()
    page.get_by_test_id("stMain").get_by_role("radio", name="Dark").click()
    page.wait_for_function(
        "light => getComputedStyle(document.querySelector('.stApp')).backgroundColor !== light", arg=light
    )
    dark = paper()
    page.reload()
    page.get_by_test_id("stMain").get_by_role("radio", name="System").click(timeout=60_000)
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
