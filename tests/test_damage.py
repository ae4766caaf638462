"""Each own file of a workspace, damaged in each way: commands and overviews name it and lose nothing silently."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from core.actions.overview import overview
from core.actions.steps import steps
from core.cli.doctor import _workspace
from core.cli.main import main
from core.detection.results import kept_scores
from core.errors import PunchlineError
from core.labels import ledger as ledger_module
from core.playback.facts import about
from core.training.model_store import ModelStore
from core.workspace.jobs import Job, Jobs
from core.workspace.library import Library
from core.workspace.settings import change_settings, read_settings
from core.workspace.workspace import Workspace
from tests.unit.workspace.test_library import add_person, add_video, analysis, bursts_of, label_file, labels_of

FILES = {
    "videos": "videos.json",
    "settings": "settings.json",
    "facts": "about.json",
    "ledger": "labels.sqlite",
    "dataset": "dataset.h5",
    "person": "people/*.h5",
    "features": "features/*.h5",
    "series": "series/*/*.h5",
    "card": "models/newest/card.json",
    "weights": "models/newest/weights.safetensors",
    "choice": "models/chosen.json",
    "moments": "detections/*.json",
    "scores": "detections/*.npz",
    "chat": "chats/*.h5",
    "scan": "scans/*.h5",
    "job": "jobs/*/state.json",
}
CACHES = {"facts", "features", "series", "scores", "scan"}  # what a video and a model give again


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    places = np.random.default_rng(5).choice(len(content), min(200, len(content)), replace=False)
    for place in places:
        content[place] ^= 0xFF
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("somebody's")


def reshape(path: Path) -> None:
    """Well-formed, but something else than is expected there."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            name = next(name for name in ("references", "features", "labels", "faces", "chat", *file) if name in file)
            del file[name]
            file[name] = np.zeros((2, 2))
    elif path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE events RENAME TO others")
    elif path.suffix == ".npz":
        np.savez_compressed(path, log_odds=np.zeros(3))
    elif path.suffix == ".json":
        path.write_text("[1, 2]")
    else:
        path.write_bytes(path.read_bytes() + b"more")


def renew(path: Path) -> None:
    """Written by a newer version of the program."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            file.attrs["format_version"] = 99
    elif path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    elif path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**content, "format_version": 99, "new": {"a": [1]}}), encoding="utf-8")
    else:
        path.write_bytes(b"\0" + path.read_bytes())


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "flipped": flip,
    "empty": empty,
    "folder": folder,
    "shape": reshape,
    "newer": renew,
}
CASES = [(file, damage) for file in FILES for damage in DAMAGES]


def invoke(root: Path, *arguments: object) -> tuple[int, str]:
    """Exit code and all output of a command; an exception is a failure of the test."""
    ledger_module._CHECKED.clear()  # as another process opens it
    result = CliRunner().invoke(main, ["--workspace", str(root), *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, repr(result.exception))
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people and two videos, all of the first person: labels, a dataset, two models, moments, a chat, a job."""
    root = tmp_path_factory.mktemp("damage") / "space"
    space = Workspace(root)
    person, _other = add_person(space, "지은"), add_person(space, "Ann")
    video = add_video(space, root.parent / "a.mp4", analysis(6, laughs=bursts_of(6), seed=1))
    add_video(space, root.parent / "b.mp4", analysis(6, laughs=bursts_of(6), seed=2))
    lines = labels_of("a.mp4", bursts_of(6)) + labels_of("b.mp4", bursts_of(6))
    invoke(root, "labels", "import", label_file(root.parent / "l.csv", lines), "--person", "지은")
    invoke(root, "labels", "import", label_file(root.parent / "o.csv", ["b.mp4,1,7,1"]), "--person", "Ann")
    for name in ("older", "newest"):
        assert invoke(root, "train", "--person", "지은", "--model", "logistic", "--name", name)[0] == 0
    assert invoke(root, "detect", "a.mp4", "--person", "지은")[0] == 0
    lines = ["time,user,message", *(f"{k}.0,ann,{'lol' if k % 3 else 'hello'}" for k in range(60))]
    (root.parent / "chat.csv").write_text("\n".join(lines), encoding="utf-8")
    assert invoke(root, "chat", "attach", "a.mp4", root.parent / "chat.csv")[0] == 0
    shutil.copytree(space.features_folder, root / "scans")
    change_settings(space, language="ko", video_id=video, person_id=person.id)
    ModelStore(space).choose(person, "newest")
    overview(space)
    Jobs(space).save(Job(id="1", kind="extract", subject=video, name="a.mp4", status="done"))
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "space")
    return tmp_path / "space"


def commands(folder: Path) -> Iterator[tuple[object, ...]]:
    """Those that read first, then those that write."""
    yield from (("person", "list"), ("labels", "stats"), ("dataset", "info"), ("dataset", "verify"))
    yield from (("cues", "info", "a.mp4"), ("chat", "info", "a.mp4"), ("labels", "export", folder / "out.csv"))
    yield ("series", "a.mp4", "--person", "지은", "--out", folder / "s.csv")
    yield ("export", "a.mp4", "--person", "지은", "--format", "csv", "--out", folder / "moments.csv")
    yield ("labels", "import", label_file(folder / "more.csv", ["b.mp4,100,106,0"]), "--person", "지은")
    yield ("detect", "a.mp4", "--person", "지은")
    yield ("dataset", "build")


def read_by_pages(root: Path) -> None:
    """What pages ask for; what they cannot have is told as a sentence."""
    space = Workspace(root)

    def tell(ask: Callable[[], object]) -> None:
        with suppress(PunchlineError):
            ask()

    tell(lambda: read_settings(space))
    tell(lambda: overview(space))
    tell(Jobs(space).all)
    tell(lambda: about(space, space.videos()))
    for person in space.people():
        tell(lambda person=person: ModelStore(space).used(person))
        tell(lambda person=person: ModelStore(space).offered(person))
        with suppress(PunchlineError):
            library = Library(space)
            tell(lambda library=library, person=person: library.labels(person.id))
            for video in space.videos():
                tell(lambda person=person, video=video: steps(space, video, person))
                tell(lambda library=library, video=video: library.features(video.id))
                tell(lambda library=library, video=video: library.cues(video.id).values)
                tell(lambda library=library, video=video: library.scan(video.id))
                tell(lambda library=library, person=person, video=video: library.series(video.id, person.id))
                tell(lambda library=library, person=person, video=video: kept_scores(library, video, person))
    tell(lambda: change_settings(space, language="en"))


def contents(root: Path) -> set[bytes]:
    return {path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        pytest.param(f, d, marks=() if k % len(DAMAGES) == k // len(DAMAGES) % len(DAMAGES) else pytest.mark.slow)
        for k, (f, d) in enumerate(CASES)
    ],
)
def test_damage_is_named_and_nothing_is_lost(root: Path, tmp_path: Path, file: str, damage: str) -> None:
    path = sorted(root.glob(FILES[file]))[0]
    DAMAGES[damage](path)
    damaged = contents(path) if path.is_dir() else {path.read_bytes()}
    read_by_pages(root)
    said = {arguments[:2]: invoke(root, *arguments) for arguments in commands(tmp_path)}
    if (file, damage) == ("settings", "newer"):
        assert json.loads(path.read_text(encoding="utf-8"))["new"] == {"a": [1]}
    elif file not in CACHES and damage != "empty":
        assert damaged <= contents(root), "what was there is gone"
    if file == "ledger":
        of_labels = [answer for call, answer in said.items() if call[0] == "labels"]
        advice = "use the newer program" if damage == "newer" else "labels restore"
        assert all(code == 1 and advice in text for code, text in of_labels), of_labels
    if file == "person":
        assert said["labels", "stats"][0] == 0
    if file in ("card", "weights"):
        code, text = said["detect", "a.mp4"]
        assert code == 1 or damage == "newer"
        assert "newest" in text
    if file == "moments":
        assert said["export", "a.mp4"][0] == 1
        assert path.name in said["export", "a.mp4"][1]


@pytest.mark.parametrize("damage", DAMAGES)
def test_doctor_names_every_damaged_file(whole: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(whole, tmp_path / "space")
    for pattern in FILES.values():
        DAMAGES[damage](sorted((tmp_path / "space").glob(pattern))[0])
    wrong = {"videos", "settings", "labels", "people", "features", "series", "dataset", "models", "detections"}
    wrong -= {"settings"} if damage == "newer" else set()
    failed = {check.name.split()[0] for check in _workspace(tmp_path / "space") if not check.ok}
    assert failed >= wrong
