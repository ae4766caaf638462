"""Pages Detect and Analyse in a real browser: one click to the moments, jumps, judging, settings, export, charts."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.dataset.upkeep import up_to_date
from core.detection.results import read_detections
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import Features, write_features
from core.funny_moment_classifier import FunnyMomentClassifier
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.trims import trims_of
from core.people.person import Person, Reference
from core.segment import Segment, length, tiou
from core.series import EMOTIONS, N_FACE
from core.training.card import series_card
from core.training.model_store import ModelStore
from core.workspace.library import Library
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.detect.moment_list import STRONG
from tests.browser.conftest import ROOT, eventually, pick, serve
from tests.tables import Planted, direction, features_info, planted_table

pytestmark = pytest.mark.browser

FACE = direction(1)
MODELS = {
    "detector": {"name": "mtcnn", "digest": "d1"},
    "embedder": {"name": "mobilefacenet", "digest": "e1"},
    "recogniser": {"name": "ferplus", "digest": "r1"},
}
LAUGHS = [Segment(t, t + 6.0) for t in (18.0, 43.0, 71.0, 96.0, 150.0, 171.0)]
AWAY = Segment(118.0, 130.0)  # nobody is seen; it is loud from 121 to 127
DURATION = 192.0  # of the sample
FIND_PLAYER = """
window.player = () => {
  for (const element of document.querySelectorAll(".st-key-detect-player *")) {
    const found = element.shadowRoot?.querySelector(".player")?.punchline;
    if (found) return found;
  }
};
"""
PLAYERS = """key => { for (const element of document.querySelector(`.st-key-${key}`)?.querySelectorAll("*") ?? []) {
  const video = element.shadowRoot?.querySelector("video.front"); if (video) return video; } }"""


def features(video: Video) -> Features:
    """A face that is neutral, happy and loud in its laughs, and away for a while."""
    rng = np.random.default_rng(0)
    n = round(DURATION * 3)
    t = np.arange(n) / 3
    laughing = np.any([(t >= laugh.start) & (t < laugh.end) for laugh in LAUGHS], axis=0)
    away = (t >= AWAY.start) & (t < AWAY.end)
    loud = laughing | ((t >= 121) & (t < 127))
    emotion = np.abs(rng.normal(0, 0.03, (n, N_FACE)))
    emotion[np.arange(n), np.where(laughing, EMOTIONS.index("happiness"), EMOTIONS.index("neutral"))] = 0.8
    emotion[:, :8] /= emotion[:, :8].sum(axis=1, keepdims=True)
    emotion[:, 8:] = rng.normal(0, 0.05, (n, 2)) + 0.6 * laughing[:, None]
    audio = np.stack([rng.normal(-40, 2, n) + 22 * loud, np.where(laughing, 24.0, 0.0)], axis=1).astype(np.float32)
    faces = planted_table([Planted(k, 0.0 if away[k] else 1.0) for k in range(n)], n_frames=n, person=FACE)
    info = features_info(duration=DURATION, fps=25.0, fingerprint=video.id, video_name=video.name, models=MODELS)
    return Features(info, replace(faces, emotion=emotion.astype(np.float32)), audio)


def train(space: Workspace, video: Video, person: Person) -> None:
    """Label the first laughs and what lies between them, and fit the lightest model."""
    library = Library(space)
    funny = [LabelEvent(video.id, person.id, s.start, s.end, 1, "peaks") for s in LAUGHS[:4]]
    other = [LabelEvent(video.id, person.id, t, t + 6, 0, "random") for t in (2.0, 9.0, 28.0, 35.0, 55.0, 82.0, 106.0)]
    library.ledger.record([*funny, *other])
    clips = up_to_date(library).clips
    fitted = FunnyMomentClassifier("logistic", n_folds=3).fit(clips.inputs[clips.usable], clips.labels[clips.usable])
    head = {
        "person_id": person.id,
        "person": person.name,
        "created": datetime.now(UTC).isoformat(),
        "n_clips": len(clips.labels),
        **series_card([library.series_of(video, person).parameters]),
    }
    fitted.save(ModelStore(library.workspace).new_folder("light"), head)


def filled(root: Path) -> Workspace:
    """The sample with its laughs made up, one person, some labels and a model."""
    space = Workspace(root)
    video = space.register(ROOT / "assets" / "sample.mp4")
    write_features(space.features_path(video.id), features(video))
    nothing = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    embeddings = {"e1": FACE, EMBEDDERS[DEFAULT_EMBEDDER].digest: np.ones(192, np.float32)}
    person = space.add_references("지은", (Reference(*nothing, "made up", embeddings),))
    train(space, video, person)
    return space


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return filled(tmp_path_factory.mktemp("detect") / "space")


@pytest.fixture(scope="module")
def address(space: Workspace, browser: Browser) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


def go(page: Page, address: str, name: str) -> None:
    page.goto(address)
    go_on(page, name)


def go_on(page: Page, name: str) -> None:
    """To another page in the same session."""
    page.mouse.move(600, 5)  # off a link, whose tooltip would lie over the next one
    page.get_by_test_id("stSidebar").get_by_role("link").filter(has_text=name).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()


@pytest.fixture
def result(page: Page, address: str, space: Workspace) -> Page:
    """Page Detect with its result; the first test that needs it finds the moments by the one click."""
    page.add_init_script(FIND_PLAYER)
    go(page, address, "Detect")
    button = page.get_by_role("button", name="Find", exact=False)
    button.wait_for()
    if "Find funny moments" in button.inner_text():
        button.click()
    rows(page).first.wait_for(timeout=180_000)
    wait_for_player(page, "detect-player")
    return page


def rows(page: Page) -> Locator:
    """The moments in the list, without the clips that are labelled funny and were not found."""
    return page.locator(".st-key-detect-moments .row:not(.missed)")


def wait_for_player(page: Page, key: str) -> None:
    """Until its video is known; from then on the page notes where it is sent."""
    page.wait_for_function(f"({PLAYERS})('{key}')?.readyState >= 1")
    script = f"""const video = ({PLAYERS})('{key}'); window.sought = [];
      video.addEventListener("seeking", () => window.sought.push(video.currentTime));"""
    page.evaluate(f"() => {{ {script} }}")


def sought(page: Page) -> float:
    """Where the video was sent last, once it was."""
    page.wait_for_function("window.sought.length > 0")
    return float(page.evaluate("window.sought.splice(0).at(-1)"))


def kept(space: Workspace) -> list[dict[str, Any]]:
    """The moments of the kept result."""
    (video,), (person,) = space.videos(), space.people()
    return list(read_detections(space, video.id, person.id)["light"]["moments"])


def judged(space: Workspace) -> list[tuple[float, int | None]]:
    return [(e.start, e.label) for e in Library(space).ledger.labels() if e.origin in ("accepted", "rejected")]


def test_one_click_finds_the_laughs_and_a_click_lands_there(result: Page, space: Workspace) -> None:
    moments = kept(space)
    assert len(moments) == rows(result).count() >= 4
    whole = length(sum(m["end"] - m["start"] for m in moments))
    expect(result.locator(".st-key-detect-moments .foot")).to_contain_text(f"{len(moments)} of {len(moments)}, {whole}")
    expect(result.get_by_role("button", name=f"Export {len(moments)} moments ({whole})")).to_be_visible()
    assert all(max(tiou(Segment(m["start"], m["end"]), laugh) for laugh in LAUGHS) > 0.6 for m in moments)
    rows(result).nth(2).click()
    assert sought(result) == pytest.approx(moments[2]["start"], abs=0.2)
    expect(rows(result).nth(2)).to_have_class("row current")
    result.keyboard.press("ArrowDown")
    assert sought(result) == pytest.approx(moments[3]["start"], abs=0.2)
    expect(rows(result).nth(3)).to_have_class("row current")
    pictures = result.locator(".st-key-detect-moments .row img:not([hidden])")
    expect(pictures).to_have_count(len(moments), timeout=20_000)
    expect(result.get_by_text("happier than usual").first).to_be_visible()
    playing = result.locator(".st-key-detect-nearest .stage.playing video")

    def plays() -> bool:  # the clips are drawn anew once their moment is chosen, which a click may meet
        result.locator(".st-key-detect-nearest .stage").first.click()
        result.wait_for_timeout(1000)
        return playing.count() == 1

    eventually(result, plays)
    expect(result.get_by_text("Loud, but the face is not seen")).to_be_visible()
    result.locator(".st-key-detect-loud button").first.click()
    assert AWAY.start <= sought(result) <= AWAY.end


def test_judging_by_keys_makes_labels_and_can_be_taken_back(result: Page, space: Workspace) -> None:
    moments = kept(space)
    keys = result.locator(".st-key-detect-moments .foot")
    expect(keys).to_contain_text("Aaccept, go on")
    expect(keys).to_contain_text("Xreject, go on")
    rows(result).nth(0).click()
    result.keyboard.press("a")
    expect(rows(result).nth(1)).to_have_class("row current")
    result.keyboard.press("x")
    expect(rows(result).nth(2)).to_have_class("row current")
    expect(result.get_by_text("Right so far: 1 of 2.")).to_be_visible()
    assert judged(space) == [(moments[0]["best_start"], 1), (moments[1]["best_start"], 0)]
    result.keyboard.press("u")
    expect(result.get_by_text("Right so far: 1 of 1.")).to_be_visible()
    result.reload()
    rows(result).first.wait_for()
    expect(rows(result).nth(0).locator(".yes")).to_have_attribute("aria-pressed", "true")
    rows(result).nth(0).locator(".yes").click()
    expect(result.get_by_text("Your decisions become labels.")).to_be_visible()
    assert judged(space) == []


def bounds(space: Workspace) -> list[tuple[float | None, float | None, str]]:
    (video,), (person,) = space.videos(), space.people()
    held = trims_of(Ledger(space.labels_path), video_id=video.id, person_id=person.id)
    return [(trim.start, trim.end, trim.name) for trim in held.values()]


def at(page: Page, seconds: float) -> None:
    """The playhead, at rest."""
    page.evaluate("(t) => player().show(t)", seconds)
    page.wait_for_function("(t) => Math.abs((player().time() ?? -9) - t) < 0.05", arg=seconds)


def test_a_click_on_a_time_takes_that_edge_in_hand(result: Page, space: Workspace) -> None:
    moment, row = kept(space)[1], rows(result).nth(1)
    row.click()
    sought(result)
    row.locator(".bounds .end").click()
    expect(row.locator(".bounds .end")).to_have_class("end live")
    result.wait_for_function("(t) => Math.abs((player().time() ?? -9) - t) < 0.05", arg=moment["end"])
    assert result.evaluate(f"({PLAYERS})('detect-player').paused")
    canvas = result.locator(".st-key-detect-player canvas.lanes")
    canvas.hover(position={"x": 300, "y": 40})
    tip = result.locator(".st-key-detect-player .tip")
    expect(tip).to_be_visible()
    result.keyboard.press("Shift+ArrowRight")
    expect(tip).to_be_hidden()  # and covers no curve while keys are pressed
    later = pytest.approx(moment["end"] + 10 / 25, abs=0.002)
    eventually(result, lambda: bounds(space) == [(moment["start"], later, "")])
    result.keyboard.press("u")
    eventually(result, lambda: bounds(space) == [])


def test_play_all_says_how_to_stop(result: Page) -> None:
    list_ = result.locator(".st-key-detect-moments")
    list_.get_by_role("button", name="Play all").click()
    stop = list_.get_by_role("button", name="Stop")
    stop.hover()
    colours = stop.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]")
    assert colours[0] != colours[1]
    result.wait_for_function(f"!({PLAYERS})('detect-player').paused")
    stop.click()
    result.wait_for_function(f"({PLAYERS})('detect-player').paused")


def test_edges_are_set_by_keys_moved_by_frames_and_taken_back(result: Page, space: Workspace) -> None:
    moments = kept(space)
    start, end = moments[1]["start"], moments[1]["end"]
    rows(result).nth(1).click()
    sought(result)
    at(result, start + 1)
    result.keyboard.press("i")
    eventually(result, lambda: bounds(space) == [(pytest.approx(start + 1, abs=0.05), end, "")])
    at(result, end - 1)
    result.keyboard.press("o")
    eventually(
        result, lambda: bounds(space) == [(pytest.approx(start + 1, abs=0.05), pytest.approx(end - 1, abs=0.05), "")]
    )
    ((first, last, _),) = bounds(space)
    assert last is not None
    result.keyboard.press("ArrowRight")
    result.keyboard.press("ArrowRight")
    eventually(result, lambda: bounds(space) == [(first, pytest.approx(last + 2 / 25, abs=0.002), "")])
    name = rows(result).nth(1).get_by_role("textbox", name="Name")
    name.press_sequentially("The moth")  # keys, not set: they must reach the field and nothing else
    name.press("Enter")
    eventually(result, lambda: bounds(space)[0][2] == "The moth")
    result.reload()
    rows(result).first.wait_for()
    expect(rows(result).nth(1)).to_contain_text("The moth")
    rows(result).nth(1).click()
    rows(result).nth(1).get_by_role("button", name="Back to what was found").click()
    eventually(result, lambda: bounds(space) == [(start, end, "The moth")])
    result.keyboard.press("u")
    eventually(result, lambda: bounds(space) == [(first, pytest.approx(last + 2 / 25, abs=0.002), "The moth")])


def test_every_change_is_undone_one_by_one(result: Page, space: Workspace) -> None:
    moments = kept(space)
    start, end = moments[0]["start"], moments[0]["end"]
    others = len(bounds(space))

    def mine() -> list[tuple[float | None, float | None, str]]:
        return bounds(space)[others:]  # the latest are the last

    rows(result).nth(0).click()
    sought(result)
    at(result, start + 1)
    result.keyboard.press("i")
    eventually(result, lambda: mine() == [(pytest.approx(start + 1, abs=0.05), end, "")])
    at(result, end - 1)
    result.keyboard.press("o")
    eventually(result, lambda: mine()[0][1] == pytest.approx(end - 1, abs=0.05))
    ((first, last, _),) = mine()
    assert last is not None
    for n in (1, 2):
        result.keyboard.press("ArrowRight")
        eventually(result, lambda n=n: mine() == [(first, pytest.approx(last + n / 25, abs=0.002), "")])
    for left in ([(first, pytest.approx(last + 1 / 25, abs=0.002), "")], [(first, last, "")], [(first, end, "")], []):
        result.keyboard.press("u")
        eventually(result, lambda left=left: mine() == left)


def test_an_edge_is_dragged_on_the_timeline(result: Page, space: Workspace) -> None:
    expect(result.get_by_role("button", name="Show the whole video")).to_be_disabled()  # three minutes are seen whole
    moments = kept(space)
    start, end = moments[2]["start"], moments[2]["end"]
    canvas = result.locator(".st-key-detect-player canvas.lanes")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    duration, gutter = result.evaluate("() => player().duration()"), 82
    x = lambda t: box["x"] + gutter + t / duration * (box["width"] - gutter)  # noqa: E731
    y = box["y"] + box["height"] - 12  # the lane of moments is the last
    result.mouse.move(x(start), y)
    result.mouse.down()
    result.mouse.move(x(start + 2), y, steps=4)
    result.mouse.up()
    eventually(result, lambda: any(b[0] == pytest.approx(start + 2, abs=0.6) and b[1] == end for b in bounds(space)))
    result.keyboard.press("u")
    eventually(result, lambda: not any(b[1] == end for b in bounds(space)))


def on_the_timeline(page: Page, seconds: float, lane: int) -> None:
    """Click a time there, in a lane from above, or from below where the number is negative."""
    canvas = page.locator(".st-key-detect-player canvas.lanes")
    box = canvas.bounding_box()
    assert box is not None
    canvas.dblclick(position={"x": 200, "y": 40})  # the whole video
    x = 82 + seconds / page.evaluate("() => player().duration()") * (box["width"] - 82)
    canvas.click(position={"x": x, "y": 40 if lane == 0 else box["height"] - 12})


def test_playing_ends_with_the_moment_in_hand_which_only_hands_change(result: Page, space: Workspace) -> None:
    moments = kept(space)
    chosen, other = moments[3], moments[1]
    row, before = rows(result).nth(3), bounds(space)
    ends = f"t => ({PLAYERS})('detect-player').paused && Math.abs(player().time() - t) < 0.05"
    plays = f"([a, b]) => !({PLAYERS})('detect-player').paused && player().time() > a && player().time() < b"
    row.click()
    sought(result)
    at(result, chosen["end"] - 0.7)
    result.keyboard.press(" ")
    result.wait_for_function(ends, arg=chosen["end"])
    result.keyboard.press(" ")  # on to what comes behind it
    result.wait_for_function(plays, arg=[chosen["end"], chosen["end"] + 5])
    result.keyboard.press("Enter")  # once more, from its start
    result.wait_for_function(plays, arg=[chosen["start"] + 0.5, chosen["end"] - 1])
    result.keyboard.press("o")  # the end is here: no further
    eventually(result, lambda: bounds(space) != before)
    result.wait_for_function(f"() => ({PLAYERS})('detect-player').paused")
    result.keyboard.press("u")
    eventually(result, lambda: bounds(space) == before)
    on_the_timeline(result, other["start"] - 1.5, 0)
    result.keyboard.press(" ")
    result.wait_for_function(plays, arg=[other["start"] + 0.2, other["end"]])  # into another one
    expect(row).to_have_class("row current")
    result.keyboard.press("o")  # refused: the moment would end before it begins
    result.keyboard.press("a")
    expect(row.locator(".yes")).to_have_attribute("aria-pressed", "true")
    result.keyboard.press("u")
    expect(row.locator(".yes")).to_have_attribute("aria-pressed", "false")
    on_the_timeline(result, (other["start"] + other["end"]) / 2, -1)
    expect(rows(result).nth(1)).to_have_class("row current")
    assert bounds(space) == before


def test_the_list_is_filtered_by_length_and_score_at_once(result: Page, space: Workspace) -> None:
    moments = kept(space)
    short = sum(m["end"] - m["start"] < 6 for m in moments)
    strong = sum(m["end"] - m["start"] < 6 and m["score"] >= STRONG for m in moments)
    result.get_by_role("button", name="Filter").click()
    result.get_by_role("button", name="under 6 s").click()
    expect(rows(result)).to_have_count(short)
    if 0 < sum(m["score"] >= STRONG for m in moments) < len(moments):
        result.get_by_role("button", name="strong", exact=True).click()
        expect(rows(result)).to_have_count(strong)
    result.reload()
    result.get_by_role("button", name="under 6 s").wait_for()
    expect(result.get_by_role("button", name="under 6 s")).to_have_attribute("aria-pressed", "true")
    result.get_by_role("button", name="10 s and more").click()
    result.get_by_role("button", name="6 to 10 s").click()
    pressed = result.locator(".st-key-detect-moments .filters [aria-pressed=true]")
    while pressed.count():
        pressed.first.click()
    expect(rows(result)).to_have_count(len(moments))


def test_the_timeline_is_read_and_moved_by_keyboard(result: Page, space: Workspace) -> None:
    start = kept(space)[1]["start"]
    at(result, start + 1)
    lanes = result.locator(".st-key-detect-player").get_by_role("slider", name="Timeline")
    lanes.focus()
    result.keyboard.press("ArrowRight")
    result.wait_for_function("t => Math.abs(player().time() - t) < 0.2", arg=start + 2)
    eventually(result, lambda: "Score" in (lanes.get_attribute("aria-valuetext") or ""))
    assert "Moments" in (lanes.get_attribute("aria-valuetext") or "")


def test_keys_are_read_whole_on_a_laptop_and_undo_says_what_there_is(result: Page) -> None:
    result.set_viewport_size({"width": 1280, "height": 720})
    player = result.locator(".st-key-detect-player")
    result.keyboard.press("u")
    expect(player.locator(".flash")).to_have_text("Nothing to undo")
    result.keyboard.press("?")
    keys = player.locator(".keys")
    expect(keys).to_be_visible()
    assert keys.evaluate("(e) => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]") == [0, 0]


def fits_on_a_laptop(page: Page) -> None:
    """The bar of exports covers neither a lane nor the keys of the list and what is said below it."""
    page.set_viewport_size({"width": 1280, "height": 720})
    page.wait_for_timeout(500)
    bar = page.locator(".st-key-export-bar").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= 720
    for part in (".st-key-detect-player canvas.overview", ".st-key-detect-moments .foot", ".st-key-detect-notes"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= bar["y"] + 1


def test_the_bar_of_exports_and_the_timeline_fit_on_a_laptop(result: Page) -> None:
    fits_on_a_laptop(result)
    result.get_by_role("combobox", name="Format").click()
    parts = "options.flatMap((option) => [option, ...option.querySelectorAll('*')])"
    cut = f"(options) => {parts}.filter((part) => part.scrollWidth > part.clientWidth + 1).map(String)"
    assert result.get_by_role("option").evaluate_all(cut) == []


def test_settings_take_effect_at_once_and_are_kept(result: Page, space: Workspace) -> None:
    n = len(kept(space))
    result.get_by_role("button", name="More").click()
    best = result.get_by_role("spinbutton", name="Top moments")
    best.fill("2")
    best.press("Enter")
    expect(rows(result)).to_have_count(2)
    assert len(kept(space)) == 2
    best.fill("")
    best.press("Enter")
    expect(rows(result)).to_have_count(n)
    result.keyboard.press("Escape")
    result.get_by_role("slider").first.focus()
    result.keyboard.press("End")
    result.get_by_text("No moment passes.").wait_for()
    result.get_by_role("switch", name="Automatic").press(" ")
    expect(rows(result)).to_have_count(n)


def test_the_list_stays_while_it_is_judged_and_what_is_accepted_always(result: Page, space: Workspace) -> None:
    moments = kept(space)
    automatic = result.get_by_role("switch", name="Automatic")
    rows(result).nth(0).click()
    for k in range(len(moments)):
        result.keyboard.press("a" if k < 2 else "x")
        eventually(result, lambda n=k + 1: len(judged(space)) == n)
    expect(result.get_by_text(f"Right so far: 2 of {len(moments)}.")).to_be_visible()
    assert kept(space) == moments
    expect(automatic).to_be_checked()
    result.get_by_role("slider").first.focus()
    result.keyboard.press("End")
    expect(rows(result)).to_have_count(2)
    expect(automatic).not_to_be_checked()
    automatic.press(" ")
    expect(rows(result)).to_have_count(len(moments))
    rows(result).nth(0).click()
    for k in reversed(range(len(moments))):
        result.keyboard.press("u")
        eventually(result, lambda n=k: len(judged(space)) == n)


def wholly_seen(row: Locator) -> bool:
    """Whether a row of the list lies in the part of it that is in view."""
    box = "e.closest('.rows').getBoundingClientRect()"
    script = f"e => [e.getBoundingClientRect(), {box}].map(({{ top, bottom }}) => [top, bottom])"
    (top, bottom), (first, last) = row.evaluate(script)
    return bool(first - 1 <= top and bottom <= last + 1)


def test_what_is_labelled_funny_and_not_found_is_played_and_added(result: Page, space: Workspace) -> None:
    n = len(kept(space))
    missed = result.locator(".st-key-detect-moments .row.missed")
    expect(missed).to_have_count(0)
    result.get_by_role("slider").first.focus()
    result.keyboard.press("End")
    expect(missed).to_have_count(4)  # of six laughs four are labelled
    expect(result.get_by_text("4 labelled funny, but not found")).to_be_visible()
    wait_for_player(result, "detect-player")
    missed.nth(1).click()
    assert sought(result) == pytest.approx(LAUGHS[1].start, abs=0.2)
    result.keyboard.press("a")
    assert sought(result) == pytest.approx(LAUGHS[2].start, abs=0.2)  # on to the next
    expect(result.get_by_role("button", name="Export 1 moment (6 s)")).to_be_visible()
    assert [(m["start"], m["labelled"]) for m in kept(space)] == [(LAUGHS[1].start, True)]
    assert judged(space) == []  # the label stays what it was
    result.keyboard.press("u")
    expect(missed).to_have_count(4)
    eventually(result, lambda: kept(space) == [])
    result.set_viewport_size({"width": 1280, "height": 600})  # where the list does not show all of them at once
    chosen = result.locator(".st-key-detect-moments .row.current")
    missed.last.locator(".yes").click()
    for n, mark in (1, "true"), (0, "false"):  # it goes to the top of the list, and to the end of it again
        expect(rows(result)).to_have_count(n)
        eventually(result, lambda n=n: len(kept(space)) == n)
        result.locator('[data-test-script-state="notRunning"]').wait_for()
        result.wait_for_timeout(500)
        expect(chosen).to_have_count(1)
        expect(chosen.locator(".start")).to_have_text("1:36")
        expect(chosen.locator(".yes")).to_have_attribute("aria-pressed", mark)
        assert wholly_seen(chosen)
        if n:
            chosen.locator(".yes").click()
    missed.first.locator(".yes").click()
    expect(rows(result)).to_have_count(1)
    eventually(result, lambda: len(kept(space)) == 1)
    result.reload()
    expect(rows(result).locator(".yes")).to_have_attribute("aria-pressed", "true")
    rows(result).locator(".yes").click()
    expect(missed).to_have_count(4)
    eventually(result, lambda: kept(space) == [])
    result.get_by_role("switch", name="Automatic").press(" ")
    expect(rows(result)).to_have_count(n)
    expect(missed).to_have_count(0)


def into(page: Page, folder: Path) -> None:
    """Choose the folder of the export."""
    options = page.get_by_role("button", name="Options")
    options.click()
    box = page.get_by_role("textbox", name="Folder")
    box.fill(str(folder))
    box.press("Enter")
    page.locator('[data-test-script-state="notRunning"]').wait_for()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()


def test_moments_are_exported_or_it_is_said_why_not(result: Page, space: Workspace, tmp_path: Path) -> None:
    result.get_by_role("button", name=re.compile("^Export")).wait_for()
    wanted = result.get_by_role("option", name="Table for spreadsheets (CSV)")
    pick(result, result.get_by_role("combobox", name="Format"), wanted)
    (tmp_path / "file").write_text("")
    for place, said in (tmp_path / "file" / "in", "cannot be made"), (tmp_path / "lists", "1 file written"):
        into(result, place)
        result.get_by_role("button", name=f"Export {len(kept(space))} moments").click()
        result.get_by_text(said).first.wait_for()
    with (tmp_path / "lists" / "sample moments.csv").open(encoding="utf-8-sig", newline="") as file:
        starts = [float(row["start"]) for row in csv.DictReader(file)]
    trims = [(start, end) for start, end, _ in bounds(space) if start is not None and end is not None]
    edited = [next((s for s, e in trims if s < m["end"] and e > m["start"]), m["start"]) for m in kept(space)]
    assert starts == pytest.approx(edited, abs=0.01)
    fits_on_a_laptop(result)
    top = "() => document.querySelector('.stMain').scrollTop"
    before = result.evaluate(top)
    into(result, tmp_path / "lists")
    assert result.evaluate(top) == before  # the focus goes back to a button of the bar, which is in view
    go_on(result, "Analyse")
    go_on(result, "Detect")
    rows(result).first.wait_for()
    result.get_by_role("button", name="Options").click()
    expect(result.get_by_role("textbox", name="Folder")).to_have_value(str(tmp_path / "lists"))
    result.keyboard.press("Escape")
    result.reload()  # a session of its own: what was written is there all the same
    rows(result).first.wait_for()
    into(result, tmp_path / "lists")
    result.get_by_role("button", name="1 file written").click()
    with result.expect_download() as download:
        result.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "sample moments.csv"


def test_analyse_draws_and_jumps(page: Page, address: str) -> None:
    go(page, address, "Analyse")
    wait_for_player(page, "analyse-player")
    page.locator(".st-key-analyse-strip canvas, .st-key-analyse-strip svg.marks").wait_for()
    strip = page.locator(".st-key-analyse-strip")
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": 0.3 * box["width"], "y": 10})
    assert 43 <= sought(page) <= 71
    chip = page.locator(".st-key-analyse-patterns .group", has_text="neutral → happiness → neutral").locator("button")
    expect(chip).to_have_count(len(LAUGHS))
    chip.first.click()
    assert sought(page) < LAUGHS[0].start
    page.get_by_text("Mean probability", exact=True).click()
    lanes = page.locator(".st-key-analyse-player canvas.lanes").bounding_box()
    assert lanes is not None
    page.keyboard.down("Shift")
    page.mouse.move(lanes["x"] + 100, lanes["y"] + 40)
    page.mouse.down()
    page.mouse.move(lanes["x"] + 260, lanes["y"] + 40, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.get_by_text("Everything on this page is about this part").wait_for()


def test_what_is_missing_is_said(page: Page, browser: Browser, space: Workspace, tmp_path: Path) -> None:
    empty = Workspace(tmp_path)
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(tmp_path)}) as address:
        go(page, address, "Detect")
        page.get_by_text("you need a video and a person").wait_for()
        video = empty.register(ROOT / "assets" / "sample.mp4")
        nothing = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
        empty.add_references("지은", (Reference(*nothing, "made up", {"e1": FACE}),))
        go(page, address, "Analyse")
        page.get_by_text("not extracted yet").wait_for()
        write_features(empty.features_path(video.id), features(video))
        go(page, address, "Detect")
        page.get_by_text("There is no model yet").wait_for()
        shutil.copytree(space.root / "models", tmp_path / "models")
        other = {**MODELS, "recogniser": {"name": "enet_b0_8_va_mtl", "digest": "r2"}}
        read = features(video)
        write_features(empty.features_path(video.id), replace(read, info=replace(read.info, models=other)))
        go(page, address, "Detect")
        page.get_by_text("cannot be used here").wait_for()
        expect(page.get_by_role("button", name="Find funny moments")).to_be_disabled()
