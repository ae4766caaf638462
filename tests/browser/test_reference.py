"""Page Reference face: what happens before one's eyes as faces are added."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, serve
from tests.browser.test_detect import filled

pytestmark = pytest.mark.browser

LEAST = """() => {
  // From here on: the fewest faces that were seen in a frame.
  const faces = () => [...document.querySelectorAll("[class*=st-key-grid-] *")].reduce(
    (n, element) => n + (element.shadowRoot?.querySelectorAll(".face").length ?? 0), 0);
  window.least = faces();
  const look = () => { window.least = Math.min(window.least, faces()); requestAnimationFrame(look); };
  look();
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    space = filled(Path(tmp_path_factory.mktemp("reference")) / "space")
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


def test_faces_stay_where_they_are_as_some_are_added(page: Page, address: str) -> None:
    page.goto(f"{address}/reference")
    grid = page.locator("[class*=st-key-grid-]")
    page.locator(".st-key-next-step-top").wait_for()
    grid.locator("button.face").first.click()
    page.get_by_role("button", name="Add 1 face").click(trial=True)
    place = grid.bounding_box()
    n_faces = grid.locator(".face").count()
    page.evaluate(LEAST)
    page.get_by_text("New person").first.click()
    page.get_by_label("Name of the person").first.fill("Mina")
    page.get_by_role("button", name="Add 1 face").click()
    expect(page.get_by_text("1 face added to Mina; it is ticked above.")).to_be_visible()
    expect(grid.locator(".face.used")).to_have_count(1)
    assert page.evaluate("window.least") == n_faces
    assert grid.bounding_box() == place
    expect(page.get_by_role("button", name="Add faces")).to_be_disabled()  # nothing is picked any more
    grid.locator("button.face").first.click()
    expect(page.get_by_role("button", name="Add 1 face")).to_be_enabled()
    expect(page.get_by_text("1 face added to Mina")).to_have_count(0)


def test_a_lacking_name_is_said_beside_its_field_until_it_is_entered(page: Page, address: str) -> None:
    page.goto(f"{address}/reference")
    page.locator(".st-key-next-step-top").wait_for()
    grid = page.locator("[class*=st-key-grid-]")
    grid.locator("button.face:not(.used)").first.click()
    if page.get_by_text("New person").count():
        page.get_by_text("New person").first.click()
    add = page.get_by_role("button", name="Add 1 face")
    field = page.get_by_label("Name of the person").first
    field.wait_for()
    add.click()
    said = page.get_by_text("Enter the person's name first.")
    expect(said).to_be_in_viewport(ratio=1)
    there, place, beside = said.bounding_box(), add.bounding_box(), field.bounding_box()
    assert there is not None
    assert beside is not None
    assert beside["x"] + beside["width"] < there["x"]
    assert abs(beside["y"] + beside["height"] / 2 - there["y"] - there["height"] / 2) < 10
    field.fill("Yuna")
    field.press("Tab")
    expect(said).to_have_count(0)
    assert add.bounding_box() == place  # a click that enters the name meets it
