"""Every page, empty, ready and failed: it says what to do next, shows no traceback, and loads no network."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.elements.lib import policies
from streamlit.testing.v1 import AppTest

from core.actions.background import begin_extraction
from core.cues.chat_counts import ChatCounts
from core.cues.kept_chat_counts import ChatInfo, read_chat_file, write_chat
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import write_features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Thresholds
from core.storage.files import write_json
from core.training.model_store import ModelStore
from core.translation import LANGUAGES
from core.video.streams import MIX, Tracks
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Jobs
from core.workspace.settings import USUAL_KEYS, change_settings, read_settings
from core.workspace.workspace import Workspace
from pages.components.shared.shell import JOINER, as_markdown, plain
from tests.media import Sound, tone, with_tracks, write
from tests.tables import random_features
from tests.unit.workspace.test_workspace import reference

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
WORK = [name for name in PAGES if name != "settings"]  # about a video or a person


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path / "space"))
    return Workspace(tmp_path / "space")


def opened(name: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.run()
    if name != "home":
        app.switch_page(f"pages/{name}.py").run()
    return app


def said(app: AppTest) -> str:
    """All the words on the page."""
    return " ".join(str(getattr(part, "value", "") or getattr(part, "label", "")) for part in app.main)


def fill(space: Workspace, folder: Path, *, name: str = "방송.mp4", person_name: str = "Mina") -> str:
    """A video, a person, and an analysis of the video that knows the person's embedder."""
    video = space.register(write(folder / name, np.arange(40) / 10, Sound(tone(440, 4.0), codec="aac")))
    features = random_features(0, n_frames=30, n_faces=40, fingerprint=video.id, duration=4.0, warnings=())
    boxes = np.tile(np.array([10, 10, 60, 60], np.float32), (40, 1))
    faces = replace(features.faces, timestamps=np.linspace(0, 3.5, 30), box_xyxy=boxes)
    write_features(space.features_path(video.id), replace(features, faces=faces))
    person = reference()
    person.embeddings["e1"] = np.ones(32, np.float32)  # type: ignore[index]
    person.embeddings[EMBEDDERS[DEFAULT_EMBEDDER].digest] = np.ones(192, np.float32)  # type: ignore[index]
    space.add_references(person_name, (person,))
    return video.id


SIGNS, STARS = ":smile: :red[hi] __init__.mp4", "*아이린* _x_"
IN_MARKDOWN = ("button", "caption", "error", "header", "info", "markdown", "radio", "subheader", "success", "warning")


@pytest.mark.parametrize("name", PAGES)
def test_names_are_shown_letter_by_letter(space: Workspace, tmp_path: Path, name: str) -> None:
    video = fill(space, tmp_path, name=SIGNS, person_name=STARS)
    person = space.find_person(STARS)
    labels = [LabelEvent(video, person.id, float(k), k + 6.0, k % 2, "marked") for k in range(2)]
    Ledger(space.labels_path).record([*labels, LabelEvent("gone", "nobody", 1.0, 7.0, 1, "marked")])
    (space.people_folder / "__x__.h5").write_bytes(b"damaged")
    app = opened(name)
    assert not app.exception
    texts = [
        str(text)
        for kind in IN_MARKDOWN
        for part in app.get(kind)
        for text in (
            getattr(part, "value", "") if kind != "radio" else "",  # what a radio shows are its options
            getattr(part, "label", ""),
            *getattr(part, "options", ()),
        )
    ]
    assert texts
    for text in texts:
        for raw in (SIGNS, STARS, "__x__"):
            assert raw not in text.replace(f"`{raw}`", ""), text


def test_a_name_for_markdown_has_no_sign_left() -> None:
    assert plain(STARS) == r"\*아이린\* \_x\_"
    assert ":smile:" not in plain(SIGNS)
    assert ":red[" not in plain(SIGNS)
    assert plain("# 1. a\nb").startswith(JOINER)
    assert as_markdown("run `a_b` in x_y") == r"run `a_b` in x\_y"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_an_empty_workspace_says_what_to_do(space: Workspace, name: str, language: str) -> None:
    change_settings(space, language=language)
    app = opened(name)
    assert not app.exception
    assert not app.error
    assert app.button or app.info, "nothing says what to do"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", WORK)
def test_a_page_with_something_to_show(space: Workspace, name: str, language: str, tmp_path: Path) -> None:
    fill(space, tmp_path)
    change_settings(space, language=language)
    app = opened(name)
    assert not app.exception
    assert not app.error, [error.value for error in app.error]
    assert "방송.mp4" in said(app) or "Mina" in said(app)


@pytest.mark.parametrize("name", ["home", "label", "detect"])
def test_a_person_who_is_not_in_the_video_is_said_with_the_next_step(
    space: Workspace, name: str, tmp_path: Path
) -> None:
    fill(space, tmp_path)
    app = opened(name)
    assert "Mina is not seen in this video." in said(app)


def test_references_that_look_like_two_people_and_two_people_alike_are_warned_of(
    space: Workspace, tmp_path: Path
) -> None:
    fill(space, tmp_path)
    other = reference()
    other.embeddings[EMBEDDERS[DEFAULT_EMBEDDER].digest] = np.ones(192, np.float32)  # type: ignore[index]
    space.add_references("Aera", (other,))
    other.embeddings[EMBEDDERS[DEFAULT_EMBEDDER].digest] = -np.ones(192, np.float32)  # type: ignore[index]
    space.add_references("Mina", (other,))
    app = opened("reference")
    app.selectbox(key="reference-person").select_index(1).run()
    words = " ".join(warning.value for warning in app.warning)
    assert "The references of Mina look like two people: number 2" in words
    assert "look alike to the program (similarity 1.00)" in words


@pytest.mark.parametrize("name", WORK)
def test_a_damaged_file_is_told_in_a_sentence(space: Workspace, name: str, tmp_path: Path) -> None:
    id = fill(space, tmp_path)
    space.features_path(id).write_bytes(b"no HDF5")
    (space.root / "videos.json").write_text("{") if name in ("home", "extract") else None
    app = opened(name)
    assert not app.exception
    assert app.error or name in ("train",)
    assert all("Traceback" not in error.value for error in app.error)


def test_a_video_of_two_sound_tracks_asks_which(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    monkeypatch.setattr("core.actions.background.begin_extraction", lambda *call, n_workers: begun.append(call[1]))
    sound = Sound(tone(440, 4.0), codec="aac")
    one = write(tmp_path / "one.mp4", np.arange(40) / 10, sound)
    space.register(with_tracks(one, tmp_path / "two.mp4", sound))
    app = opened("extract")
    (choice,) = app.selectbox
    assert choice.options == ["The best one", "Track 1", "Track 2", "All together"]
    choice.select(MIX)
    app.button(key="start").click().run()
    assert not app.exception
    assert [video.tracks for video in begun] == [Tracks(None, MIX)]


@pytest.mark.parametrize("name", ["home", "extract"])
def test_a_file_that_a_decoder_stumbles_over_is_named(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def stumble(path: Path, **options: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'name'")

    fill(space, tmp_path)
    monkeypatch.setattr("core.playback.facts.probe", stumble)
    opened(name)
    app = opened(name)  # from what is kept of the first look
    assert not app.exception
    assert any("방송.mp4: cannot be read (AttributeError" in error.value for error in app.error)


@pytest.mark.parametrize("name", PAGES)
def test_a_workspace_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path / "file"))
    app = opened(name)
    assert not app.exception
    assert any("cannot be used as workspace" in error.value for error in app.error)


def test_a_fault_of_ours_is_a_sentence_too(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("core.actions.overview.overview", broken)
    app = opened("home")
    assert not app.exception
    assert [error.value for error in app.error] == ["unexpected fault (RuntimeError: a bug)"]


def test_no_page_loads_torch(tmp_path: Path) -> None:
    """All pages with something to show, in a process of its own."""
    code = (
        "import os, pathlib, sys\n"
        "from tests.ui.test_pages import PAGES, fill, opened\n"
        "from core.workspace.workspace import Workspace\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "os.environ['PUNCHLINE_WORKSPACE'] = str(folder / 'space')\n"
        "fill(Workspace(folder / 'space'), folder)\n"
        "for name in PAGES: opened(name)\n"
        "print(sorted({'torch', 'torchvision', 'facenet_pytorch', 'librosa', 'moviepy'} & set(sys.modules)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout[-500:] + done.stderr[-2000:]


def test_unticking_only_for_this_video_leaves_the_other_videos_alone(space: Workspace, tmp_path: Path) -> None:
    id = fill(space, tmp_path)
    general = Thresholds(0.6, 0.4)
    person = space.save_thresholds(space.people()[0], general)
    space.save_thresholds(person, Thresholds(0.9, 0.1), video_id=id)
    app = opened("reference")
    only = next(box for box in app.checkbox if box.value)
    only.uncheck().run()
    assert [slider.value for slider in app.slider] == [0.6, 0.4], "what holds for all other videos"
    app.button(key="save-thresholds").click().run()
    assert not app.exception
    (person,) = space.people()
    assert (person.thresholds, person.overrides) == (general, {})


def test_settings_are_kept(space: Workspace, tmp_path: Path) -> None:
    app = opened("settings")
    app.text_input(key="settings-exports").set_value(str(tmp_path)).run()
    app.text_input(key="key-f").set_value("d")
    app.button[0].click().run()
    assert not app.exception
    assert not app.error
    kept = read_settings(space)
    assert (kept.exports, kept.keys) == (str(tmp_path), ("d", *USUAL_KEYS[1:]))
    app.text_input(key="key-f").set_value("n")
    app.button[0].click().run()
    assert [error.value for error in app.error] == ["the keys are N, N, S, U: expected different ones"]
    assert read_settings(space).keys == kept.keys


@pytest.mark.parametrize("name", ["settings", "reference"])
def test_the_language_switch_sets_no_widget_anew_that_has_a_default(
    space: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)  # it is told once a process
    monkeypatch.setattr(policies._LOGGER, "handlers", [caplog.handler])
    fill(space, tmp_path)
    switch = "import runpy\nfrom pages.components.shared.shell import language_switch\nlanguage_switch()\n"
    app = AppTest.from_string(switch + f"runpy.run_path({str(ROOT / 'pages' / f'{name}.py')!r})", default_timeout=60)
    app.run()
    app.button_group(key="language").set_value("ko").run()
    assert read_settings(space).language == "ko"
    assert not app.exception
    assert "default value" not in caplog.text


def test_a_page_without_the_chosen_video_leaves_the_choice_as_it_is(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    fill(space, tmp_path, name="a.mp4")
    mine = space.register(write(tmp_path / "b.mp4", np.arange(50) / 10))
    app = opened("label")
    app.selectbox(key="label-video").set_value(mine.id).run()
    begin_extraction(space, mine, ExtractionSettings())
    app.switch_page("pages/extract.py").run()  # what is being extracted is not among those to extract
    app.switch_page("pages/label.py").run()
    assert app.selectbox(key="label-video").value == mine.id


def test_a_model_of_somebody_else_is_named_and_candidates_are_offered(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path)
    card = {"person_id": "ada", "person": "Ada", "created": "2026-05-01T10:00:00.000+00:00", "model": "logistic"}
    write_json(ModelStore(space).folder / "hers" / "card.json", card)
    app = opened("detect")
    assert not app.exception
    assert "trained on the labels of Ada, not of Mina" in said(app)
    (candidates,) = [toggle for toggle in app.toggle if toggle.label == "Candidates by laughter and chat"]
    candidates.set_value(True).run()
    assert not app.exception
    assert "find" not in [button.key for button in app.button]


def test_a_chat_of_a_rough_lag_says_so_and_is_moved(space: Workspace, tmp_path: Path) -> None:
    id = fill(space, tmp_path)
    info = ChatInfo("a.csv", "csv", 3, 1, 0, 0, False, False, offset=-6.2, lag=6.2, lag_doubt=1.5)
    write_chat(space.chat_path(id), ChatCounts(0.0, np.ones((20, 2), np.int32)), info)
    app = opened("extract")
    key = f"chat-offset-{id}"
    assert "estimated lag: 6.2 s, give or take 1.5 s" in app.number_input(key=key).label
    assert "The lag is known only roughly." in said(app)
    app.number_input(key=key).set_value(-7.0).run()
    assert read_chat_file(space.chat_path(id))[1] == replace(info, offset=-7.0)
    assert "The lag is known only roughly." not in said(app)
    write_chat(space.chat_path(id), ChatCounts(0.0, np.ones((20, 2), np.int32)), replace(info, offset=-5.0))
    app.run()
    assert app.number_input(key=key).value == -5.0
    app.button(key=f"chat-estimate-{id}").click().run()  # nothing fits, so nothing is moved
    assert not app.exception
    assert app.number_input(key=key).value == -5.0
    assert "not known" in app.number_input(key=key).label
    assert "give or take" not in said(app)
