"""A newcomer's whole way, from an empty workspace to exported, trimmed moments of the sample: by clicks and keys, or by
keys alone, along the next steps that the pages offer, never by the sidebar."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.labels.ledger import Ledger
from core.labels.trims import trims_of
from core.multimodal_processor import current_features, person_series
from core.series import Source
from core.translation import text
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, pick, serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

FRAME = 1 / 25  # of the sample
MINUTES = 60_000.0  # ms
MOST_TABS = 250
FOCUSED = "element => element.getRootNode().activeElement === element"
PLAYABLE = """video => new Promise((done) => {
  if (video.readyState >= 2) done();
  else video.addEventListener("loadeddata", () => done());
})"""


class Newcomer:
    """Somebody who reads one language and presses what the page names, with a stopwatch in hand."""

    def __init__(self, page: Page, language: str, *, keys_only: bool = False) -> None:
        self.page, self.language, self.keys_only = page, language, keys_only
        self.laps: list[tuple[str, float]] = []

    def words(self, message: str, **values: object) -> str:
        """What the page writes for an English sentence."""
        return text(message, self.language, **values)

    @property
    def main(self) -> Locator:
        """The page without its sidebar."""
        return self.page.get_by_test_id("stMain")

    def button(self, message: str, **values: object) -> Locator:
        return self.main.get_by_role("button", name=self.words(message, **values)).first

    def press(self, target: Locator, key: str = "Enter") -> None:
        """Click it, or go there by the tabulator and press a key."""
        if not self.keys_only:
            target.click()
            return
        expect(target).to_be_enabled(timeout=4 * MINUTES)
        self.reach(target)
        self.page.keyboard.press(key)

    def reach(self, target: Locator) -> None:
        target.wait_for()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate(FOCUSED):
                return
        raise AssertionError(f"{target}: the tabulator does not come here")

    def choose(self, box: Locator, name: str) -> None:
        """Take an entry of a list."""
        option = self.page.get_by_role("option", name=name)
        if not self.keys_only:
            pick(self.page, box, option)
            return
        self.reach(box)
        self.page.keyboard.type(name[:12])
        option.wait_for()
        self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    def go_on(self, name: str) -> None:
        """Take the next step, which must be the one to this page, and wait for its title."""
        step = self.main.locator("[class*=st-key-next-step]")
        expect(step).to_contain_text(self.words("done"), timeout=4 * MINUTES)
        self.press(step.get_by_role("button", name=self.words("Next: {name}", name=self.words(name))))
        self.main.get_by_role("heading", name=self.words(name), exact=True).wait_for()

    def watch_extraction(self) -> None:
        """The bar moves on, also after the page is loaded anew."""
        line = self.main.get_by_text("%").first
        line.wait_for()
        first = share(line)
        self.page.reload()
        deadline = time.monotonic() + 60
        while line.is_visible() and share(line) <= first:
            assert time.monotonic() < deadline, "the bar does not move"
            self.page.wait_for_timeout(200)

    @contextmanager
    def lap(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.laps.append((what, time.monotonic() - began))

    def stopwatch(self) -> str:
        lines = [f"{what:<10}{seconds:6.1f} s" for what, seconds in self.laps]
        return "\n".join([f"\n{self.language}", *lines, f"{'total':<10}{sum(s for _, s in self.laps):6.1f} s"])


def share(line: Locator) -> float:
    """What a bar says, in percent."""
    found = re.match(r"(\d+)%", line.inner_text())
    return float(found[1]) if found else 0.0


def trimmed(space: Workspace) -> tuple[float, float]:
    (video,), (person,) = space.videos(), space.people()
    (trim,) = trims_of(Ledger(space.labels_path), video_id=video.id, person_id=person.id).values()
    assert trim.start is not None
    assert trim.end is not None
    return trim.start, trim.end


def check_series(space: Workspace) -> None:
    """The person was found in most of the video."""
    (video,), (person,) = space.videos(), space.people()
    features = current_features(space.features_path(video.id))
    assert features is not None
    assert features.info.complete
    assert (person_series(features, person).series.source == Source.DETECTED).mean() > 0.6


@pytest.mark.parametrize(
    ("language", "keys_only"),
    [
        pytest.param("en", False, id="en"),
        pytest.param("ko", False, id="ko", marks=pytest.mark.slow),
        pytest.param("en", True, id="en-keys", marks=pytest.mark.slow),
    ],
)
def test_the_next_steps_lead_to_exported_trimmed_moments(
    page: Page, tmp_path: Path, language: str, keys_only: bool
) -> None:
    space = Workspace(tmp_path / "space")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.set_default_timeout(90_000)
    you = Newcomer(page, language, keys_only=keys_only)
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        with you.lap("video"):
            page.goto(address)
            if language == "ko":
                page.get_by_role("radio", name="한국어").click()
            you.press(you.button("Try the sample"))
        with you.lap("person"):
            you.press(you.button("Look for faces"))
            you.press(you.button("choose all"))
            name = page.get_by_role("textbox", name=you.words("Name of the person")).first
            you.press(name)
            page.keyboard.type("Grace")
            page.keyboard.press("Enter")
            you.press(you.button("Add {n} faces", n=6))
            expect(page.locator(".face.used")).to_have_count(6)
        with you.lap("extract"):
            you.go_on("Extract")
            you.press(you.button("Start"))
            you.watch_extraction()
        with you.lap("label"):
            you.go_on("Label")
            expect(page.locator(".counts")).to_have_text(re.compile("0/10.*0/10"))
            you.press(you.button("Take the ready labels"))
        with you.lap("train"):
            you.press(page.get_by_role("button", name=you.words("Next: {name}", name=you.words("Train"))).first)
            you.main.get_by_role("heading", name=you.words("Train"), exact=True).wait_for()
            you.press(you.button("Start"))
        with you.lap("detect"):
            you.go_on("Detect")
            you.press(you.button("Find funny moments"))
            rows = page.locator(".st-key-detect-moments .row")
            found = page.locator(".st-key-detect-moments .row:not(.missed)")
            rows.first.wait_for()
            page.locator(".st-key-detect-player video.front").evaluate(PLAYABLE)
        with you.lap("trim"):
            for key in ("ArrowDown", " ", "i", "ArrowRight", "ArrowRight"):
                page.keyboard.press(key)
                page.wait_for_timeout(700)
            expect(rows.nth(1)).to_have_class("row current")
            page.keyboard.press("a")
            expect(rows.nth(1).locator(".yes")).to_have_attribute("aria-pressed", "true")
            page.keyboard.press("ArrowDown")  # the next moment is in hand, and all before is told
        with you.lap("export"):
            you.choose(
                page.get_by_role("combobox", name=you.words("Format")), you.words("Table for spreadsheets (CSV)")
            )
            you.press(you.button("Export {n} moments", n=found.count()))
            you.button("{n} files written", n=1).wait_for()
    print(you.stopwatch())
    check_series(space)
    start, end = trimmed(space)
    (table,) = space.exports_folder.glob("*/*.csv")
    with table.open(encoding="utf-8-sig") as file:
        bounds = [(float(row["start"]), float(row["end"])) for row in csv.DictReader(file)]
    assert (start, end) in [(pytest.approx(a, abs=FRAME), pytest.approx(b, abs=FRAME)) for a, b in bounds]
