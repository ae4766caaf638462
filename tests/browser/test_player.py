"""The player in a real browser: no label is lost or doubled, and the video stays as it is."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.video.probe import probe
from core.workspace.settings import change_settings
from core.workspace.workspace import Workspace
from tests import media
from tests.browser.conftest import pick, serve

pytestmark = pytest.mark.browser

APP = Path(__file__).with_name("player_app.py")
DURATIONS = (60.0, 45.0)


def workspace(root: Path) -> Path:
    """Two short videos with sound, between which the app's queue takes turns, and one that Chromium cannot play."""
    known = Workspace(root)
    for k, duration in enumerate(DURATIONS):
        sound = media.Sound(media.tone(300 + 200 * k, duration), codec="aac")
        known.register(media.write(root / f"{k}.mp4", np.arange(0, duration, 0.2), sound))
    known.register(media.write(root / "hevc.mp4", np.arange(0, 8, 0.2), codec="libx265"))
    live = media.write(root / "live.mkv", np.arange(0, 45, 0.2), flags={"live": "1"})  # tells no length
    assert probe(live).duration is None
    known.register(live)
    return root


@pytest.fixture(scope="module")
def root(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workspace(tmp_path_factory.mktemp("player"))


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    with serve(APP, {"PUNCHLINE_WORKSPACE": str(root)}) as address:
        yield address


def labels(root: Path, person: str) -> list[LabelEvent]:
    return Ledger(root / "labels.sqlite").labels(person_id=person)


def n_events(root: Path, person: str) -> int:
    connection = sqlite3.connect(root / "labels.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM events WHERE person_id = ?", (person,)).fetchone()[0])
    finally:
        connection.close()


def opened(page: Page, address: str, *, person: str, mode: str = "queue") -> Page:
    page.goto(f"{address}{'&' if '?' in address else '/?'}mode={mode}&person={person}")
    page.wait_for_function(
        "() => { const v = video(); return v && v.readyState >= 2 && v.getClientRects().length > 0 }"
    )
    return page


@pytest.fixture
def page(page: Page) -> Page:
    """With a way into the component's shadow: `video()` is the one in front."""
    page.add_init_script(
        """
        window.part = (selector) => {
          for (const host of document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')) {
            const found = host.shadowRoot?.querySelector(selector);
            if (found) return found;
          }
          return null;
        };
        window.video = () => part('video.front');
        """
    )
    return page


def saved(page: Page, *, timeout: float = 20_000) -> None:
    expect(page.locator(".saved")).to_have_attribute("data-state", "saved", timeout=timeout)


def press_labels(page: Page, n: int, *, every: float = 0.25) -> list[int]:
    """Judge `n` clips, one each `every` seconds, in a pattern without a period of two."""
    wanted = [int(k % 3 == 0 or k % 7 == 0) for k in range(n)]
    start = time.monotonic()
    for k, label in enumerate(wanted):
        page.wait_for_timeout(1000 * max(0.0, start + k * every - time.monotonic()))
        page.keyboard.press("f" if label else "n")
    return wanted


def check_labels(page: Page, address: str, root: Path, person: str, n: int) -> None:
    opened(page, address, person=person)
    wanted = press_labels(page, n)
    saved(page)
    found = labels(root, person)
    assert [event.clip_id for event in found] == [f"{person}-{k:03}" for k in range(n)]
    assert [event.label for event in found] == wanted
    assert n_events(root, person) == n


def test_60_labels_at_4_a_second_arrive_once_and_in_order(page: Page, address: str, root: Path) -> None:
    check_labels(page, address, root, "quick", 60)


@pytest.mark.parametrize("n", [16, pytest.param(60, marks=pytest.mark.slow)])
def test_a_slow_server_loses_no_label(page: Page, address: str, root: Path, n: int) -> None:
    check_labels(page, f"{address}/?slow=0.5", root, f"slow-{n}", n)


def test_a_reload_in_the_middle_keeps_every_label(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="reload")
    wanted = press_labels(page, 8, every=0.03)
    page.reload()  # what was not acknowledged is in the browser's storage only
    page.wait_for_function("() => video()?.readyState >= 2")
    wanted += press_labels(page, 4)
    saved(page)
    page.wait_for_function("() => Object.keys(localStorage).every((name) => !name.startsWith('punchline/outbox'))")
    found = labels(root, "reload")
    assert [event.clip_id for event in found] == [f"reload-{k:03}" for k in range(12)]
    assert [event.label for event in found] == [int(k % 3 == 0 or k % 7 == 0) for k in range(8)] + wanted[8:]


@pytest.mark.slow
def test_labels_made_without_a_connection_are_sent_when_it_is_back(page: Page, tmp_path: Path) -> None:
    root = workspace(tmp_path)
    env = {"PUNCHLINE_WORKSPACE": str(root), "PUNCHLINE_MEDIA_KEY": "fixed"}
    with serve(APP, env) as address:
        opened(page, address, person="away")
        saved_first = press_labels(page, 2)
        saved(page)
    wanted = press_labels(page, 3, every=0.1)
    assert page.evaluate("Object.keys(localStorage).filter((n) => n.startsWith('punchline/outbox')).length") == 3
    with serve(APP, env, port=int(address.rsplit(":", 1)[1])):
        saved(page, timeout=60_000)
        assert [event.label for event in labels(root, "away")] == saved_first + wanted


def test_undo_takes_back_label_after_label_and_skip(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="undo")
    line = page.locator(".clip-line")
    for key in ("f", "n", "s"):
        page.keyboard.press(key)
    expect(line).to_contain_text("Clip 4")
    for n in (3, 2, 1):
        page.keyboard.press("u")
        expect(line).to_contain_text(f"Clip {n}")
    page.keyboard.press("u")  # nothing is left to take back
    saved(page)
    assert labels(root, "undo") == []
    page.keyboard.press("n")
    page.keyboard.press("f")
    saved(page)
    assert [(event.clip_id, event.label) for event in labels(root, "undo")] == [("undo-000", 0), ("undo-001", 1)]


def test_clips_come_in_the_order_that_the_labels_decide(page: Page, address: str, root: Path) -> None:
    """The one after the present clip is chosen by all labels before that; an undo gives back the same."""
    opened(page, f"{address}/?turns=1", person="turns")
    line = page.locator(".clip-line")
    for _ in range(3):
        page.keyboard.press("f")
        saved(page)
    assert [event.clip_id for event in labels(root, "turns")] == ["turns-000", "turns-001", "turns-006"]
    for n in (3, 2):
        page.keyboard.press("u")
        expect(line).to_contain_text(f"Clip {n}")
    saved(page)
    assert [event.clip_id for event in labels(root, "turns")] == ["turns-000"]
    for _ in range(2):
        page.keyboard.press("n")
        saved(page)
    found = labels(root, "turns")
    assert [(event.clip_id, event.label) for event in found[1:]] == [("turns-001", 0), ("turns-006", 0)]


def test_clips_that_another_tab_labelled_are_passed_over(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="two")
    other = page.context.new_page()
    other.goto(f"{address}/?person=two")
    expect(other.locator(".clip-line")).to_contain_text("Clip 1", timeout=20_000)
    for n in (1, 2, 3):
        other.keyboard.press("n")
        expect(other.locator(".clip-line")).to_contain_text(f"Clip {n + 1}")
    saved(other)
    page.bring_to_front()
    page.keyboard.press("f")  # on the first, which the other tab has labelled too: the later label holds
    expect(page.locator(".clip-line")).to_contain_text("0:21.9", timeout=20_000)  # the fourth
    saved(page)
    found = labels(root, "two")
    assert {event.clip_id: event.label for event in found} == {"two-000": 1, "two-001": 0, "two-002": 0}


def test_arrows_and_brackets_change_the_clip_that_is_saved(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="nudge")
    page.keyboard.press("n")  # the next one begins at 7.3 s
    page.keyboard.press("ArrowRight")
    expect(page.locator(".flash.on")).to_have_text("→ 0.1 s · with Shift: 1 s")
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft", "]", "]", "["):
        page.keyboard.press(key)
    page.keyboard.press("f")
    for _ in range(15):
        page.keyboard.press("]")
    page.keyboard.press("f")
    saved(page)
    found = labels(root, "nudge")
    assert (found[1].start, found[1].end) == (8.4, 14.5)
    assert found[2].end - found[2].start == pytest.approx(7.0)


def test_a_clip_that_was_moved_over_the_next_is_not_asked_for_twice(page: Page, address: str, root: Path) -> None:
    opened(page, f"{address}/?new=1&slow=0.5", person="moved")
    for _ in range(3):  # 3 to 9 s; the next one begins at 7.3 s
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("f")
    page.keyboard.press("n")
    saved(page)
    found = labels(root, "moved")
    assert [(event.clip_id, event.start) for event in found] == [("moved-000", 3.0), ("moved-002", 14.6)]
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(page.locator(".clip-line")).to_contain_text("0:03")


def test_typing_labels_nothing_and_clicking_the_player_gives_the_keys_back(
    page: Page, address: str, root: Path
) -> None:
    opened(page, address, person="typing")
    page.get_by_label("Note").click()
    page.keyboard.type("funny snu")
    page.keyboard.press("Control+f")
    page.locator(".clip-line").click()
    page.keyboard.press("Control+n")
    page.keyboard.press("f")
    saved(page)
    assert [event.label for event in labels(root, "typing")] == [1]
    assert n_events(root, "typing") == 1


def test_keys_are_the_players_again_after_a_choice_from_a_list(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="list")
    pick(page, page.get_by_role("combobox", name="Colour"), page.get_by_role("option", name="green"))
    page.wait_for_function("() => document.activeElement === document.body")
    page.keyboard.press("f")
    saved(page)
    assert [event.label for event in labels(root, "list")] == [1]


def test_the_shuttle_runs_both_ways_and_faster(page: Page, address: str) -> None:
    opened(page, address, person="shuttle", mode="watch")
    page.keyboard.press("l")
    page.wait_for_function("() => !video().paused")
    page.keyboard.press("l")
    page.wait_for_function("() => !video().paused && video().playbackRate === 2")
    page.keyboard.press("k")
    page.wait_for_function("() => video().paused && video().playbackRate === 1")
    page.evaluate("() => { video().currentTime = 30 }")
    page.wait_for_function("() => !video().seeking")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_function("() => video().currentTime < 28.5")
    page.keyboard.press("k")
    page.keyboard.press("5")
    assert page.evaluate("() => video().playbackRate") == 8


def test_all_keys_are_listed_on_demand(page: Page, address: str) -> None:
    opened(page, address, person="keys", mode="mark")
    expect(page.locator(".keys")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator(".keys")).to_contain_text("backwards, stop, forwards")
    page.keyboard.press("Escape")
    expect(page.locator(".keys")).to_be_hidden()


def test_the_list_of_keys_is_read_whole_on_a_laptop(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    opened(page, address, person="keys")
    page.keyboard.press("?")
    keys = page.locator(".keys")
    expect(keys).to_be_visible()
    assert keys.evaluate("(e) => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]") == [0, 0]
    keys.click()
    expect(keys).to_be_hidden()


def test_undo_says_when_there_is_nothing_to_undo(page: Page, address: str) -> None:
    opened(page, address, person="nothing")
    page.keyboard.press("u")
    expect(page.locator(".flash")).to_have_text("Nothing to undo")


def test_the_pointer_shows_the_picture_of_its_time(page: Page, address: str) -> None:
    opened(page, address, person="hover", mode="watch")
    page.locator("canvas.lanes").hover()
    expect(page.locator(".tip img")).to_be_visible()
    assert page.evaluate("() => part('.tip img').naturalWidth") > 0


def test_view_and_range_come_back_after_a_reload(page: Page, address: str) -> None:
    opened(page, address, person="again", mode="watch")
    box = page.locator("canvas.lanes").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 60, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    said = page.get_by_text("range (").inner_text()
    page.reload()
    page.wait_for_function("() => video()?.readyState >= 2")
    expect(page.get_by_text("range (")).to_have_text(said)


def test_hangul_keys_label_by_their_place(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="hangul")
    for letter, code in (("ㄹ", "KeyF"), ("ㅜ", "KeyN")):
        page.evaluate(
            "([key, code]) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, code, bubbles: true}))",
            [letter, code],
        )
    saved(page)
    assert [event.label for event in labels(root, "hangul")] == [1, 0]


def test_the_keys_of_the_settings_label_and_stand_on_the_buttons(page: Page, address: str, root: Path) -> None:
    change_settings(Workspace(root), keys=("d", "n", "s", "u"))
    try:
        opened(page, address, person="other-keys")
        expect(page.locator('[data-do="funny"] kbd')).to_have_text("D")
        for key in "fdn":
            page.keyboard.press(key)
            page.wait_for_timeout(300)
        saved(page)
        assert [event.label for event in labels(root, "other-keys")] == [1, 0]
    finally:
        change_settings(Workspace(root), keys=())


def test_seek_from_python_keeps_the_video_node(page: Page, address: str) -> None:
    opened(page, address, person="seek", mode="watch")
    page.evaluate(
        "() => { window.before = video(); window.loads = 0; before.addEventListener('loadstart', () => loads++) }"
    )
    for _ in range(2):  # the same place twice
        page.evaluate("() => { video().currentTime = 30 }")
        page.get_by_role("button", name="Jump to 7 s").click()
        page.wait_for_function("() => Math.abs(video().currentTime - 7) < 0.2")
    assert page.evaluate("() => before === video() && before.isConnected && loads === 0")


def test_a_click_on_the_timeline_seeks_there_without_the_server(page: Page, address: str) -> None:
    opened(page, address, person="click", mode="watch")
    page.evaluate(
        "() => { window.sent = 0; const send = WebSocket.prototype.send;"
        " WebSocket.prototype.send = function (data) { sent++; return send.call(this, data) } }"
    )
    canvas = page.locator("canvas.lanes")
    box = canvas.bounding_box()
    assert box is not None
    gutter = 82
    for share in (0.25, 0.8):
        page.mouse.click(box["x"] + gutter + share * (box["width"] - gutter), box["y"] + 60)
        page.wait_for_function(
            "(t) => !video().seeking && Math.abs(video().currentTime - t) < 0.2", arg=share * DURATIONS[0]
        )
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(100)
    assert page.evaluate("() => sent") == 0


def test_shift_drag_chooses_a_range(page: Page, address: str) -> None:
    opened(page, address, person="range", mode="watch")
    box = page.locator("canvas.lanes").bounding_box()
    assert box is not None
    x, width = box["x"] + 82, box["width"] - 82
    page.keyboard.down("Shift")
    page.mouse.move(x + 0.5 * width, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(x + 0.6 * width, box["y"] + 60, steps=3)
    page.mouse.up()
    expect(page.get_by_text("range (")).to_contain_text("(30.")
    text = page.get_by_text("range (").inner_text()
    start, end = (float(part) for part in text.split("(")[1].split(")")[0].split(","))
    assert (start, end) == (pytest.approx(30, abs=0.2), pytest.approx(36, abs=0.2))


def test_f_marks_the_six_seconds_around_the_key(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="mark", mode="mark")
    page.evaluate("() => { video().pause(); video().currentTime = 20 }")
    page.wait_for_function("() => !video().seeking")
    page.keyboard.press("f")
    saved(page)
    (event,) = labels(root, "mark")
    assert (event.start, event.end, event.label, event.origin) == (15.0, 21.0, 1, "marked")
    page.keyboard.press("u")
    expect(page.locator(".saved")).to_contain_text("Undone")
    saved(page)
    assert labels(root, "mark") == []


def test_a_video_that_cannot_be_played_says_so(page: Page, address: str, root: Path) -> None:
    video = Workspace(root).find_video("hevc.mp4")
    page.goto(f"{address}/?mode=watch&video={video.id}")
    expect(page.locator(".cover")).to_contain_text("cannot show this video", timeout=20_000)
    expect(page.get_by_text(f"unplayable {video.id}")).to_be_visible()


def test_a_label_that_cannot_be_saved_is_said_and_kept(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="fault")
    full = root / "full"
    full.touch()
    page.keyboard.press("f")
    expect(page.locator(".saved")).to_have_attribute("data-state", "fault", timeout=20_000)
    expect(page.locator(".saved")).to_contain_text("Not saved: the disk is full")
    assert labels(root, "fault") == []
    full.unlink()
    saved(page, timeout=60_000)  # tried again by itself
    assert [event.label for event in labels(root, "fault")] == [1]


def test_a_page_left_and_entered_again_frees_its_videos(page: Page, address: str) -> None:
    opened(page, address, person="leave", mode="watch")
    page.evaluate("() => { window.old = [video(), part('video.back')] }")
    page.get_by_text("Show the player").click()
    page.wait_for_function("() => old.every((v) => !v.isConnected && v.networkState === 0)")
    page.get_by_text("Show the player").click()
    page.wait_for_function("() => video()?.readyState >= 2 && video() !== old[0]")


def test_a_mark_in_a_video_of_unknown_length_is_saved(page: Page, address: str, root: Path) -> None:
    video = Workspace(root).find_video("live.mkv")
    opened(page, f"{address}/?video={video.id}", person="live", mode="mark")
    page.evaluate("() => { video().pause(); video().currentTime = 20 }")
    page.wait_for_function("() => !video().seeking && Math.abs(video().currentTime - 20) < 0.2")
    page.keyboard.press("f")
    saved(page)
    (event,) = labels(root, "live")
    assert (event.start, event.end, event.label) == (15.0, 21.0, 1)
    assert page.evaluate("() => part('.now').textContent") == "0:20.0"  # the tab still answers


def test_a_label_that_is_refused_is_said_and_not_called_saved(page: Page, address: str, root: Path) -> None:
    opened(page, address, person="short")
    (root / "refuse").touch()
    page.keyboard.press("f")
    state = page.locator(".saved")
    expect(state).to_have_attribute("data-state", "fault", timeout=20_000)
    expect(state).to_contain_text("Not saved (1): the clip is 2.00 s long")
    (root / "refuse").unlink()
    kept = "() => Object.keys(localStorage).filter((name) => name.includes('/short/')).length"
    assert page.evaluate(kept) == 1
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Discard")).to_be_hidden()
    assert page.evaluate(kept) == 0
    assert labels(root, "short") == []


def test_pieces_of_a_video_keep_the_clock_of_the_video(page: Page, address: str) -> None:
    opened(page, address, person="piece", mode="piece")  # the file is a piece that begins at 20 s of the video
    page.wait_for_function("() => part('.now').textContent.startsWith('0:2')")
    page.wait_for_function("() => video().currentTime >= 2 && video().currentTime <= 6.2")  # the clip from 22 to 26 s
    page.get_by_role("button", name="0:24").click()
    page.wait_for_function("() => !video().seeking && Math.abs(video().currentTime - 4) < 0.5")
