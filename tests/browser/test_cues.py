"""A newcomer's way by cues in a real browser: a chat, its lane, candidates, first labels, a training with cues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.actions.chat import chat_info
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import read_cues, write_features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Reference
from core.training.model_store import ModelStore
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, eventually, serve
from tests.browser.test_detect import FACE, LAUGHS, features, sought, wait_for_player

pytestmark = pytest.mark.browser

LAG = 6.0  # seconds
PLAYER = ".st-key-candidates-player"


@dataclass(frozen=True)
class Words:
    """What the pages say in one language."""

    language: str
    extract: str
    detect: str
    train: str
    no_chat: str
    chat: str
    candidates: str
    lanes: set[str]
    model: str
    logistic: str
    cues: str
    start: str
    figures: str
    gain: str


ENGLISH = Words(
    language="English",
    extract="Extract",
    detect="Detect",
    train="Train",
    no_chat="Chat of viewers",
    chat="Chat: 192 messages",
    candidates="No model yet: by laughter and chat",
    lanes={"Laughter heard", "Chat"},
    model="Model:",
    logistic="Logistic regression",
    cues="With laughter and chat",
    start="Start",
    figures="Figures and curves",
    gain="With laughter, chat: F1",
)


def korean() -> Words:
    """The same in Korean, from the catalogue."""
    import json

    catalogue = json.loads((ROOT / "assets" / "translations" / "ko.json").read_text(encoding="utf-8"))
    said = {
        "extract": catalogue["Extract"],
        "detect": catalogue["Detect"],
        "train": catalogue["Train"],
        "no_chat": catalogue["Chat of viewers"],
        "chat": catalogue["Chat: {n} messages"].format(n=192),
        "candidates": catalogue["No model yet: by laughter and chat"],
        "model": catalogue["Model: {kind}"].split("{")[0],
        "logistic": catalogue["Logistic regression"],
        "cues": catalogue["With laughter and chat, as far as all clips have them"],
        "start": catalogue["Start"],
        "figures": catalogue["Figures and curves"],
        "gain": f"{catalogue['laughter']}, {catalogue['chat']}",
    }
    return Words(language="한국어", lanes={catalogue["Laughter\nheard"], catalogue["Chat"]}, **said)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """The sample with laughter that is heard in its laughs, a person, and neither labels nor a model."""
    space = Workspace(tmp_path / "space")
    video = space.register(ROOT / "assets" / "sample.mp4")
    made = features(video)
    times = made.faces.timestamps
    heard = np.zeros((len(times), 4), np.float32)
    for laugh in LAUGHS:
        heard[(times >= laugh.start) & (times < laugh.end), 0] = 0.9
    write_features(space.features_path(video.id), replace(made, cues={"laughter": heard}))
    nothing = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    embeddings = {"e1": FACE, EMBEDDERS[DEFAULT_EMBEDDER].digest: np.ones(192, np.float32)}
    space.add_references("지은", (Reference(*nothing, "made up", embeddings),))
    return space


@pytest.fixture
def address(space: Workspace, browser: Browser) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address
    for job in Jobs(space).all():
        Jobs(space).cancel(job.id)


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """Viewers who laugh six seconds late."""
    rng = np.random.default_rng(0)
    laughs = [(laugh.start + LAG + t, "ㅋㅋㅋㅋ") for laugh in LAUGHS for t in rng.uniform(0, 4, 12)]
    others = [(t, "hello") for t in rng.uniform(0, 190, 120)]
    lines = [f"{t:.2f},user{k},{text}" for k, (t, text) in enumerate([*laughs, *others])]
    path = tmp_path / "chat.csv"
    path.write_text("time,user,message\n" + "\n".join(lines), encoding="utf-8")
    return path


def opened(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link").filter(has_text=name).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("said", [ENGLISH, korean()], ids=["English", "Korean"])
def test_cues_lead_a_newcomer_to_a_model(page: Page, address: str, space: Workspace, chat: Path, said: Words) -> None:
    (video,), (person,) = space.videos(), space.people()
    page.goto(address)
    page.get_by_text(said.language).click()
    opened(page, said.extract)
    page.get_by_text(said.no_chat).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(chat)
    page.get_by_text(said.chat).wait_for()
    info = chat_info(space, video)
    assert info is not None
    assert abs(info.lag - LAG) <= 1
    assert "ㅋ" not in space.chat_path(video.id).read_bytes().decode("utf-8", "replace")

    opened(page, said.detect)
    page.get_by_role("heading", name=said.candidates).wait_for()
    wait_for_player(page, "candidates-player")
    page.locator(f"{PLAYER} canvas.lanes").hover(position={"x": 300, "y": 20})
    for lane in said.lanes:  # what is under the pointer is told lane by lane
        expect(page.locator(PLAYER).get_by_text(lane, exact=False).first).to_be_visible()
    rows = page.locator(".st-key-candidates-moments .row")
    expect(rows).to_have_count(len(LAUGHS))
    times, cues, _ = read_cues(space.features_path(video.id))
    rows.nth(1).click()
    at = sought(page)
    spike = times[np.flatnonzero(cues["chat"][:, 1] > 0)]
    assert np.abs(spike - at).min() < 6
    assert abs(at - LAUGHS[1].start) < 4

    rows.nth(0).click()
    for following, key in enumerate("aax", 1):  # accept, accept, reject; each leads to the next
        page.keyboard.press(key)
        expect(rows.nth(following)).to_have_class("row current")
    ledger = Ledger(space.labels_path)
    eventually(page, lambda: len(ledger.labels()) == 3)
    assert sorted((e.origin, e.label) for e in ledger.labels()) == [("accepted", 1), ("accepted", 1), ("rejected", 0)]

    ledger.record(
        LabelEvent(video.id, person.id, start + shift, start + shift + 5, label, "random")
        for start, label in [*((x.start, 1) for x in LAUGHS), *((x.start - 12, 0) for x in LAUGHS)]
        for shift in (0.0, 1.0)
    )
    opened(page, said.train)
    page.get_by_role("button", name=said.model).click()
    page.get_by_test_id("stRadio").get_by_text(said.logistic, exact=True).click()
    page.get_by_text(said.cues).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=said.start, exact=True).click()
    page.get_by_text(said.figures).wait_for(timeout=120_000)
    page.get_by_text(said.figures).click()
    page.get_by_text(said.gain).first.wait_for()
    (model,) = ModelStore(space).of(person)
    assert model.card["cues"] == ["laughter", "chat"]
