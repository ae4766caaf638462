"""What lies under the pointer: hints of the menu beside a player, and times that a click goes to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, serve
from tests.browser.test_detect import filled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    space = filled(Path(tmp_path_factory.mktemp("pointer")) / "space")
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


def test_a_hint_of_the_narrow_menu_covers_no_other_page(page: Page, address: str) -> None:
    page.goto(f"{address}/analyse")
    menu = page.locator(".st-key-rail")
    open_ones = menu.locator("[class*=st-key-step-]:not([class*=-done])").get_by_role("link").filter(visible=True)
    done = menu.locator("[class*=st-key-step-][class*=-done]").get_by_role("link").filter(visible=True)
    expect(done).not_to_have_count(0)
    link = open_ones.first
    link.hover()
    hint = page.get_by_role("tooltip")
    expect(hint).to_have_text(re.compile(" · "))
    box, width = hint.bounding_box(), menu.bounding_box()
    row = link.bounding_box()
    assert box is not None
    assert width is not None
    assert row is not None
    assert box["x"] >= width["x"] + width["width"]
    assert row["y"] - 10 <= box["y"] <= row["y"] + row["height"]
    done.first.hover()
    expect(hint).to_have_count(0)


def test_a_time_under_the_pointer_does_not_look_chosen(page: Page, address: str) -> None:
    page.goto(f"{address}/analyse")
    chip = page.locator(".st-key-analyse-patterns .group button").first
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e).borderColor]"
    usual = chip.evaluate(colours)
    chip.hover()
    over = chip.evaluate(colours)
    assert over[0] == usual[0]
    assert over[1] == over[0] != usual[1]
