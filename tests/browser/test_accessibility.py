"""All pages, empty and with something on them, light and dark, by the rules of axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from core.actions.moments import detect
from core.detection.detect import DetectionSettings
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, serve
from tests.browser.test_detect import filled

pytestmark = pytest.mark.browser

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
GRAVE = ("serious", "critical")
# No colour is on its way from one theme to the other.
STILL = "() => document.getAnimations().every((a) => !(a instanceof CSSTransition) || a.playState !== 'running')"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[str]:
    root = tmp_path_factory.mktemp("empty") / "space"
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(root)}) as address:
        yield address


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[str]:
    space: Workspace = filled(Path(tmp_path_factory.mktemp("working")) / "space")
    (video,), (person,) = space.videos(), space.people()
    detect(space, video, person, DetectionSettings(max_per_hour=None))
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


def findings(page: Page) -> list[str]:
    """What axe-core finds grave: rule, element, and what it says of it."""
    return [
        f"{rule['id']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("state", ["empty", "working"])
def test_a_page_has_no_grave_fault(page: Page, empty: str, working: str, state: str, name: str) -> None:
    address = empty if state == "empty" else working
    page.goto(f"{address}/{'' if name == 'home' else name}")
    page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
    page.locator('[data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(700)
    faults = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(300)
        faults[theme] = findings(page)
    assert faults == {"light": [], "dark": []}, "\n".join(f"{k}: {f}" for k, v in faults.items() for f in v)
