"""Page Detect with a video of hours: the moment in hand is seen, and its edges are dragged wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.actions.moments import detect
from core.detection.detect import DetectionSettings
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import write_features
from core.people.person import Reference
from core.workspace.workspace import Workspace
from tests import media
from tests.browser.conftest import ROOT, eventually, serve
from tests.browser.test_detect import FACE, FIND_PLAYER, bounds, features, kept, rows, train, wait_for_player

pytestmark = pytest.mark.browser

HOURS = 2
WHOLE = 3600.0 * HOURS
GUTTER = 82  # px left of the lanes
AROUND = 120.0  # s that are in view around a moment that would be a hair line


@pytest.fixture(scope="module")
def space(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A video of hours with what was found in its first minutes."""
    folder = tmp_path_factory.mktemp("long")
    space = Workspace(folder / "space")
    video = space.register(media.write(folder / "long.mp4", np.arange(0, WHOLE, 4.0)))
    read = features(video)
    write_features(space.features_path(video.id), replace(read, info=replace(read.info, duration=WHOLE)))
    nothing = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    embeddings = {"e1": FACE, EMBEDDERS[DEFAULT_EMBEDDER].digest: np.ones(192, np.float32)}
    person = space.add_references("지은", (Reference(*nothing, "made up", embeddings),))
    train(space, video, person)
    detect(space, video, person, DetectionSettings(max_per_hour=None))
    return space


@pytest.fixture
def address(space: Workspace) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


def test_edges_are_dragged_in_a_view_that_shows_the_moment(page: Page, address: str, space: Workspace) -> None:
    page.add_init_script(FIND_PLAYER)
    page.goto(f"{address}/detect")
    rows(page).first.wait_for()
    wait_for_player(page, "detect-player")
    whole = page.get_by_role("button", name="Show the whole video")
    expect(whole).to_be_enabled()  # a moment of some seconds would be a hair line
    canvas = page.locator(".st-key-detect-player canvas.lanes")
    start, end = kept(space)[0]["start"], kept(space)[0]["end"]
    first = [0.0, AROUND]

    take(page, canvas, x_of(canvas, end, first), lane="curve").move(x_of(canvas, end + 8, first))
    page.mouse.up()
    eventually(page, lambda: near(bounds(space), start, end + 8, 0.5))

    # Held beyond the border, an edge takes the view along.
    took = take(page, canvas, x_of(canvas, bounds(space)[0][1] or 0.0, first), lane="moments")
    took.move(x_of(canvas, AROUND, first) + 100)
    page.wait_for_timeout(1000)
    page.mouse.up()
    eventually(page, lambda: bool(bounds(space)) and (bounds(space)[0][1] or 0.0) > AROUND + 30)
    long = bounds(space)[0][1] or 0.0

    # Chosen again, the long moment lies in view with both of its edges.
    rows(page).nth(1).click()
    rows(page).nth(0).click()
    page.keyboard.press("k")
    beside = 0.25 * (long - start)
    view = [max(0.0, start - beside), max(0.0, start - beside) + long - start + 2 * beside]
    take(page, canvas, x_of(canvas, long, view), lane="curve").move(x_of(canvas, long - 20, view))
    page.mouse.up()
    eventually(page, lambda: near(bounds(space), start, long - 20, 1.0))

    whole.click()
    expect(whole).to_be_disabled()


class Held:
    """An edge under the pressed button of the mouse."""

    def __init__(self, page: Page, y: float) -> None:
        self.page, self.y = page, y

    def move(self, x: float) -> None:
        self.page.mouse.move(x, self.y, steps=5)


def take(page: Page, canvas: Locator, x: float, *, lane: str) -> Held:
    """Press the button on an edge: the pointer says that it can be dragged."""
    box = canvas.bounding_box()
    assert box is not None
    y = box["y"] + (box["height"] - 12 if lane == "moments" else 60)

    def shown() -> bool:
        page.mouse.move(x - 40, y)
        page.mouse.move(x, y)
        return bool(canvas.evaluate("(element) => element.style.cursor") == "ew-resize")

    eventually(page, shown)
    page.mouse.down()
    return Held(page, y)


def x_of(canvas: Locator, t: float, view: list[float]) -> float:
    box = canvas.bounding_box()
    assert box is not None
    return box["x"] + GUTTER + (t - view[0]) / (view[1] - view[0]) * (box["width"] - GUTTER)


def near(held: list[tuple[float | None, float | None, str]], start: float, end: float, tolerance: float) -> bool:
    return any(b[0] == pytest.approx(start, abs=1e-3) and b[1] == pytest.approx(end, abs=tolerance) for b in held)
