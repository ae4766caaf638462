"""Many videos: one list and one export, addresses that open exactly one thing, tabs of their own, results that stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.actions.moments import detect
from core.detection.detect import DetectionSettings
from core.detection.results import read_detections
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import write_features
from core.labels.event import clip_id_of
from core.people.person import Reference
from core.workspace.workspace import Workspace
from tests import media
from tests.browser.conftest import ROOT, eventually, pick, serve
from tests.browser.test_detect import FACE, FIND_PLAYER, features, into, rows, train

pytestmark = pytest.mark.browser

SECOND = "zweite Folge.mp4"


@pytest.fixture(scope="module")
def space(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two videos of one person, each looked through."""
    folder = tmp_path_factory.mktemp("many")
    space = Workspace(folder / "space")
    sound = media.Sound(media.tone(300, 192.0), codec="aac")
    paths = ROOT / "assets" / "sample.mp4", media.write(folder / SECOND, np.arange(0, 192, 0.5), sound)
    videos = [space.register(path) for path in paths]
    for video in videos:
        read = features(video)
        write_features(space.features_path(video.id), replace(read, info=replace(read.info, video_name=video.name)))
    nothing = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    embeddings = {"e1": FACE, EMBEDDERS[DEFAULT_EMBEDDER].digest: np.ones(192, np.float32)}
    person = space.add_references("지은", (Reference(*nothing, "made up", embeddings),))
    train(space, videos[0], person)
    for video in videos:
        detect(space, video, person, DetectionSettings(max_per_hour=None))
    return space


@pytest.fixture(scope="module")
def address(space: Workspace) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address


@pytest.fixture
def page(page: Page) -> Page:
    page.context.add_init_script(FIND_PLAYER)
    return page


def playing_at(page: Page, seconds: float) -> None:
    page.wait_for_function("t => Math.abs((player()?.time() ?? -9) - t) < 1.5", arg=seconds)


def test_an_address_opens_that_video_and_that_moment(page: Page, address: str, space: Workspace) -> None:
    second, (person,) = space.find_video(SECOND), space.people()
    moments = read_detections(space, second.id, person.id)["light"]["moments"]
    page.goto(f"{address}/detect?video={second.id}&person={person.id}&t=100")
    rows(page).first.wait_for()
    playing_at(page, 100)
    rows(page).nth(2).click()
    best = moments[2]["best_start"], moments[2]["best_end"]
    page.wait_for_url(f"**moment={clip_id_of(second.id, person.id, *best)}**")
    link = page.url.replace("&t=100", "")
    other = page.context.new_page()
    other.goto(link)
    expect(rows(other).nth(2)).to_have_class("row current")
    playing_at(other, moments[2]["start"])
    assert second.id in other.url


def test_two_tabs_keep_their_own_videos_and_a_reload_too(page: Page, address: str, space: Workspace) -> None:
    first, second = space.find_video("sample.mp4"), space.find_video(SECOND)
    other = page.context.new_page()
    for tab, video in ((page, first), (other, second)):
        tab.goto(f"{address}/detect?video={video.id}")
        rows(tab).first.wait_for()
    for tab, video in ((page, first), (other, second)):
        tab.get_by_test_id("stSidebar").get_by_role("link").filter(has_text="Analyse").click()
        tab.get_by_role("heading", name="Analyse", exact=True).wait_for()
        tab.wait_for_url(f"**video={video.id}**")
        tab.reload()
        tab.locator(".st-key-analyse-strip").wait_for()
        assert video.id in tab.url


def test_two_videos_are_compared_side_by_side(page: Page, address: str, space: Workspace) -> None:
    page.goto(f"{address}/analyse?video={space.find_video(SECOND).id}")
    page.locator(".st-key-analyse-strip").wait_for()
    pick(
        page,
        page.get_by_role("combobox", name="Another person or video"),
        page.get_by_role("option", name="sample.mp4"),
    )
    sides = page.locator(".st-key-analyse-sides")
    for name in (SECOND, "sample.mp4"):
        sides.get_by_text(name).wait_for()
    expect(sides.locator("table")).to_have_count(2)


def test_moments_of_all_videos_are_one_list_and_one_export(
    page: Page, address: str, space: Workspace, tmp_path: Path
) -> None:
    (person,) = space.people()
    n = sum(len(read_detections(space, v.id, person.id)["light"]["moments"]) for v in space.videos())
    page.goto(f"{address}/detect")
    page.get_by_text("All videos", exact=True).click()
    expect(rows(page)).to_have_count(n)
    last = rows(page).nth(n - 1)
    last.click()
    expect(last).to_have_class("row current")
    expect(last).to_contain_text(SECOND)
    second = space.find_video(SECOND)
    page.wait_for_function("id => player()?.video() === id", arg=second.id)
    playing_at(page, read_detections(space, second.id, person.id)["light"]["moments"][-1]["start"])
    wanted = page.get_by_role("option", name="Table for spreadsheets (CSV)")
    pick(page, page.get_by_role("combobox", name="Format"), wanted)
    into(page, tmp_path / "lists")
    for number in ("", " 2"):  # never among the files of another export
        page.get_by_role("button", name=f"Export {n} moments").click()
        there = tmp_path / f"lists{number}"
        eventually(page, lambda there=there: there.is_dir() and len(list(there.glob("*.csv"))) == 2)
        expect(page.get_by_role("button", name="2 files written")).to_be_visible()


def test_what_was_found_stays_when_its_model_is_trained_again(page: Page, address: str, space: Workspace) -> None:
    (card_path,) = space.models_folder.glob("*/card.json")
    kept = card_path.read_text(encoding="utf-8")
    card_path.write_text(json.dumps({**json.loads(kept), "created": "2026-01-01T00:00:00"}), encoding="utf-8")
    try:
        page.goto(f"{address}/detect?video={space.find_video(SECOND).id}")
        page.get_by_text(
            "These moments stay as they were found. Since then: the model light was trained again"
        ).wait_for()
        expect(rows(page).first).to_be_visible()
        expect(page.get_by_role("button", name="Find", exact=False).first).to_be_enabled()
    finally:
        card_path.write_text(kept, encoding="utf-8")
