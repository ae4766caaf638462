"""Nothing lies over text as a page opens, in the window of a small laptop and in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.actions.moments import detect
from core.detection.detect import DetectionSettings
from tests.browser.conftest import ROOT, serve
from tests.browser.test_detect import filled

pytestmark = pytest.mark.browser

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
LAPTOP = {"width": 1280, "height": 720}
LINES = """() => {
  // Every line of text that is seen in the page, as far as what scrolls shows it: words, top, bottom, left, right.
  const lines = [];
  const look = (root, bounds, bar) => {
    for (const node of root.childNodes) {
      const style = getComputedStyle(node.nodeType === Node.ELEMENT_NODE ? node : (node.parentElement ?? root.host));
      if (node.nodeType === Node.TEXT_NODE && node.data.trim() && style.visibility === "visible") {
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const r of range.getClientRects()) {
          const [top, bottom] = [Math.max(r.top, bounds.top), Math.min(r.bottom, bounds.bottom)];
          const words = node.data.trim().slice(0, 60);
          if (bottom - top > 1 && r.width > 1) lines.push({ words, top, bottom, left: r.left, right: r.right, bar });
        }
      }
      if (node.nodeType !== Node.ELEMENT_NODE || /^(style|script|option)$/i.test(node.localName)) continue;
      const box = node.getBoundingClientRect();
      const within = style.overflowY === "visible" || style.display === "contents" ? bounds
        : { top: Math.max(bounds.top, box.top), bottom: Math.min(bounds.bottom, box.bottom) };
      const name = node.className?.match?.(/st-key-(next-step\\S*|export-bar)/)?.[1] ?? bar;
      look(node, within, name);
      if (node.shadowRoot) look(node.shadowRoot, within, name);
    }
  };
  look(document.querySelector("[data-testid=stMain]"), { top: 0, bottom: innerHeight }, "");
  const bars = [...document.querySelectorAll("[class*=st-key-next-step], .st-key-export-bar")].map((element) => {
    const { top, bottom, left, right } = element.getBoundingClientRect();
    return { name: element.className.match(/st-key-(next-step\\S*|export-bar)/)[1], top, bottom, left, right };
  });
  return { lines, bars };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[str]:
    space = filled(Path(tmp_path_factory.mktemp("layout")) / "space")
    (video,), (person,) = space.videos(), space.people()
    detect(space, video, person, DetectionSettings(max_per_hour=None))
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


def covered(page: Page) -> list[str]:
    """Lines that a bar lies over. The bar of exports ends the window: a line that begins behind it is not begun yet."""
    found = page.evaluate(LINES)
    over = []
    for bar in found["bars"]:
        for line in found["lines"]:
            beside = line["right"] <= bar["left"] or bar["right"] <= line["left"]
            apart = line["bottom"] <= bar["top"] + 1 or bar["bottom"] <= line["top"] + 1
            behind = bar["name"] == "export-bar" and line["top"] >= bar["top"]
            if not (line["bar"] == bar["name"] or beside or apart or behind):
                over.append(f"{bar['name']} over {line['words']!r}")
    return over


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_lies_over_text(browser: Browser, address: str, name: str, locale: str) -> None:
    context = browser.new_context(viewport=LAPTOP, locale=locale)
    try:
        page = context.new_page()
        page.goto(f"{address}/{'' if name == 'home' else name}")
        page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
        page.locator('[data-test-script-state="notRunning"]').wait_for()
        page.wait_for_timeout(1000)
        main = page.get_by_test_id("stMain")
        assert covered(page) == []
        if name in ("train", "extract", "reference"):  # the way on is in sight, below the title
            step = page.locator(".st-key-next-step-top").bounding_box()
            title = page.locator(".st-key-header").bounding_box()
            assert step is not None
            assert title is not None
            assert title["y"] + title["height"] <= step["y"] < 200
            main.evaluate("(main) => main.scrollTo(0, main.scrollHeight)")
            assert covered(page) == []
    finally:
        context.close()
