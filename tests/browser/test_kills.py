"""Bounds that an editor gave outlive the server: trims and undos, reloads, and a server that is killed amid them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from core.actions.moments import detect, export
from core.detection.detect import DetectionSettings
from core.detection.moments import Moment
from core.labels.ledger import Ledger
from core.labels.trims import trimmed, trims_of
from core.workspace.workspace import Workspace
from pages.components.detect.moment_list import moment_id
from tests.browser.conftest import ROOT, eventually, free_port, served
from tests.browser.test_detect import FIND_PLAYER, at, bounds, filled, rows

pytestmark = pytest.mark.browser

FRAME = 1 / 25  # of the sample
ROW = 2


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return filled(tmp_path_factory.mktemp("kills") / "space")


@pytest.fixture(scope="module")
def moments(space: Workspace) -> list[Moment]:
    (video,), (person,) = space.videos(), space.people()
    return list(detect(space, video, person, DetectionSettings(max_per_hour=None)).decided.moments)


def exported(space: Workspace, moments: list[Moment], target: Path) -> list[tuple[float, float]]:
    """The bounds in an exported list."""
    (video,), (person,) = space.videos(), space.people()
    ids = [moment_id(moment, video.id, person.id) for moment in moments]
    trims = trims_of(Ledger(space.labels_path), video_id=video.id, person_id=person.id)
    export(video, trimmed(moments, ids, trims), target, format="csv")
    lines = target.read_text(encoding="utf-8-sig").splitlines()
    columns = lines[0].split(",")
    places = columns.index("start"), columns.index("end")
    return [(float(line.split(",")[places[0]]), float(line.split(",")[places[1]])) for line in lines[1:]]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("trials", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_bounds_outlive_undo_reload_and_a_kill_of_the_server(
    page: Page, space: Workspace, moments: list[Moment], tmp_path: Path, trials: int
) -> None:
    page.add_init_script(FIND_PLAYER)
    page.set_default_timeout(40_000)
    port, rng, row = free_port(), np.random.default_rng(trials), rows(page).nth(ROW)
    found = moments[ROW]
    held = bounds(space)
    for trial in range(trials):
        start = round(float(rng.uniform(found.start, found.end - 1)), 2)
        with served(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}, port=port) as (address, server):
            page.goto(f"{address}/detect")
            row.click()
            at(page, start)
            page.keyboard.press("i")
            eventually(page, lambda start=start: bounds(space)[:1] == [(pytest.approx(start, abs=0.05), found.end, "")])
            if trial % 2:
                page.keyboard.press("u")
                eventually(page, lambda held=held: bounds(space) == held)
            elif trial % 3 == 0:
                page.reload()
                row.get_by_role("button", name="Back to what was found").wait_for()
            held = bounds(space)
            server.kill()
            server.wait()
        assert bounds(space) == held
    first, last, _name = held[0]
    assert (first, last) in [
        (pytest.approx(a, abs=FRAME), pytest.approx(b, abs=FRAME))
        for a, b in exported(space, moments, tmp_path / "moments.csv")
    ]
