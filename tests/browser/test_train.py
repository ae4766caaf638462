"""The page Train in a real browser: too little data, a training from the page, its figures, and the way back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from core.faces.feature_file import write_features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Person
from core.segment import Segment
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings, train
from core.translation import text
from core.workspace.jobs import Job, Jobs
from core.workspace.library import Library
from core.workspace.workspace import Workspace
from tests import media
from tests.browser.conftest import ROOT, eventually, pick, serve
from tests.unit.workspace.test_library import add_person, analysis

pytestmark = pytest.mark.browser

N_LAUGHS = 14
LAUGHS = [Segment(20.0 * k + 4, 20.0 * k + 10) for k in range(N_LAUGHS)]
QUICK = TrainingSettings(model="logistic", n_folds=3)
WATCHED = """() => {
  window.seen = [];
  const look = () => {
    const words = (place) => document.querySelector(place)?.innerText ?? "";
    seen.push([words("h1"), words("[class*=st-key-next-step]")]);
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Five minutes with a laugh every twenty seconds; of Ada a model and one wrong label, of Bob three labels."""
    root = tmp_path_factory.mktemp("train")
    space = Workspace(root / "space")
    ada, bob = add_person(space, "Ada"), add_person(space, "Bob")
    media.write(root / "stream.mp4", np.arange(300.0))
    video = space.register(root / "stream.mp4")
    made = analysis(5, laughs=LAUGHS, seed=1)
    info = replace(made.info, fingerprint=video.id, video_name="stream.mp4")
    write_features(space.features_path(video.id), replace(made, info=info))
    clips = [(laugh.start, 1) for laugh in LAUGHS] + [(laugh.start + 9, 0) for laugh in LAUGHS]
    clips[0] = (LAUGHS[0].start, 0)
    events = [LabelEvent(video.id, ada.id, start, start + 6, label, "random") for start, label in clips]
    events += [LabelEvent(video.id, bob.id, start, start + 6, 1, "peaks") for start, _label in clips[:3]]
    Ledger(space.root / "labels.sqlite").record(events)
    train(Library(space), ada, QUICK, name="first")
    return space


@pytest.fixture(scope="module")
def address(space: Workspace, browser: Browser) -> Iterator[str]:
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
        yield address
    for job in Jobs(space).all():
        Jobs(space).cancel(job.id)


@pytest.fixture
def ada(space: Workspace) -> Person:
    return space.find_person("Ada")


def opened(page: Page, address: str, person: str) -> None:
    """The page, for one person."""
    page.goto(f"{address}/train")
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    choose(page, "Person", person)


def choose(page: Page, label: str, name: str) -> None:
    """Take the option that begins with this name."""
    box = page.get_by_role("combobox", name=label, exact=True)
    pick(page, box, page.get_by_role("option", name=re.compile(f"^{re.escape(name)}")))
    expect(box).to_have_value(re.compile(f"^{re.escape(name)}"))


def used(space: Workspace, person: Person) -> str:
    model = ModelStore(space).used(person)
    return model.name if model is not None else ""


def test_too_few_labels_are_told_with_what_is_lacking(page: Page, address: str) -> None:
    opened(page, address, "Bob")
    page.get_by_text("Not enough labels yet").wait_for()
    page.get_by_text("Funny: 3 of 10", exact=True).wait_for()
    page.get_by_text("Not funny: 0 of 10").wait_for()
    page.get_by_text("All labels so far are funny").wait_for()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    page.get_by_role("main").get_by_role("link", name="Label more clips").click()
    page.get_by_role("heading", name="Label", exact=True).wait_for()


def test_the_figures_are_those_of_the_card(page: Page, address: str, space: Workspace) -> None:
    opened(page, address, "Ada")
    metrics = json.loads((space.root / "models" / "first" / "card.json").read_text())["judgement"]["metrics"]
    page.get_by_text("Figures and curves").click()
    for label, metric in (("Right when it says funny", "precision"), ("Funny ones found", "recall")):
        tile = page.get_by_test_id("stMetric").filter(has_text=label)
        expect(tile).to_contain_text(f"{metrics[metric]['value']:.0%}")
        expect(tile).to_contain_text(f"{metrics[metric]['low']:.0%} to {metrics[metric]['high']:.0%}")
    f1 = metrics["f1"]
    table = page.get_by_test_id("stTable").first
    expect(table).to_contain_text(f"{f1['value']:.2f} ({f1['low']:.2f}–{f1['high']:.2f})")
    expect(table).to_contain_text("judging by loudness alone")


def test_a_mistake_plays_and_its_label_is_corrected_there(
    page: Page, address: str, space: Workspace, ada: Person
) -> None:
    opened(page, address, "Ada")
    ledger = Ledger(space.root / "labels.sqlite")
    wrong = next(e for e in ledger.labels(person_id=ada.id) if e.start == LAUGHS[0].start)
    page.get_by_role("button", name="0:04 · false alarm").click()
    video = page.locator("video.front")
    eventually(page, lambda: wrong.start <= video.evaluate("v => v.currentTime") <= wrong.end)
    page.get_by_role("button", name="Change the label to funny").click()
    page.get_by_text("It counts in the next training").wait_for()
    assert ledger.history(wrong.clip_id)[-1].label == 1
    page.get_by_role("button", name="Change it back").click()
    page.get_by_role("button", name="Change the label to funny").wait_for()
    assert [event.label for event in ledger.history(wrong.clip_id)] == [0, 1, 0]


@pytest.mark.timeout(180)
def test_a_new_model_is_offered_used_rolled_back_and_removed(
    page: Page, address: str, space: Workspace, ada: Person
) -> None:
    opened(page, address, "Ada")
    page.get_by_role("button", name="Model:").click()
    page.get_by_test_id("stRadio").get_by_text("Logistic regression", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Name").fill("second")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("A newer model is ready: “second”").wait_for(timeout=90_000)
    assert used(space, ada) == "first"
    page.get_by_text("as many as “first”").wait_for()

    choose(page, "Compare with", "first")
    page.get_by_text("What differs").wait_for()
    page.get_by_test_id("stTable").filter(has_text="Folds").wait_for()
    page.get_by_role("button", name="Use the newer one").click()
    expect(page.get_by_text("A newer model is ready")).to_have_count(0)
    eventually(page, lambda: used(space, ada) == "second")

    choose(page, "Show", "first")
    page.get_by_role("button", name="Use this model").click()
    eventually(page, lambda: used(space, ada) == "first")
    choose(page, "Show", "second")
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("“second” was removed").wait_for()
    assert [model.name for model in ModelStore(space).of(ada)] == ["first"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("“second” was removed")).to_have_count(0)
    assert [model.name for model in ModelStore(space).of(ada)] == ["second", "first"]


def test_a_training_that_failed_says_why_and_goes_away(page: Page, address: str, space: Workspace, ada: Person) -> None:
    now = time.time()
    failed = Job("9" * 20, "train", ada.id, "Ada", status="failed", message="out of paper", submitted=now, ended=now)
    Jobs(space).save(failed)
    opened(page, address, "Ada")
    main = page.get_by_test_id("stMain")
    main.get_by_text("out of paper").wait_for()
    main.get_by_role("button", name="Dismiss").click()
    expect(main.get_by_text("out of paper")).to_have_count(0)
    assert not any(job.id == failed.id for job in Jobs(space).all())


def test_lists_say_their_entries_in_a_language_chosen_later(page: Page, address: str) -> None:
    opened(page, address, "Ada")
    box = page.get_by_test_id("stMain").get_by_role("combobox", name=re.compile(f"Show|{text('Show', 'ko')}"))
    expect(box).to_have_value(re.compile("in use$"))
    page.get_by_text("한국어").click()
    expect(box).to_have_value(re.compile(f"{text('in use', 'ko')}$"))
    page.get_by_text("English").click()
    expect(box).to_have_value(re.compile("in use$"))


def test_the_wish_to_train_by_itself_is_kept(page: Page, address: str, space: Workspace, ada: Person) -> None:
    opened(page, address, "Ada")
    page.get_by_text("Retrain automatically after 20 new labels").click()
    eventually(page, lambda: ModelStore(space).retrains(ada))


def test_without_a_person_the_way_to_one_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path / "empty"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert "A model is trained for a person. Pick one first." in [words.value for words in app.main.markdown]
    assert "Pick the person" in [button.label for button in app.main.button]


def test_the_next_step_of_a_page_goes_before_the_title_of_another_comes(page: Page, address: str) -> None:
    opened(page, address, "Ada")
    page.get_by_text("Step 5 of 6").wait_for()
    page.evaluate(WATCHED)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Extract").click()
    page.get_by_text("Step 3 of 6").wait_for()
    seen = page.evaluate("seen")
    assert any(title == "Extract" for title, _bar in seen)
    assert not [bar for title, bar in seen if title == "Extract" and "Step 5" in bar]
