"""A workspace in one file, and back."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from core.actions.backup import back_up, restore
from core.errors import StorageFault
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path / "space")
    Ledger(space.labels_path).record([LabelEvent("v", "p", 10.0 * k, 10.0 * k + 6, k % 2, "marked") for k in range(30)])
    for name, content in (
        ("settings.json", "{}"),
        ("people/웃음.h5", "a person"),
        ("models/first/card.json", "{}"),
        ("detections/v-p.json", "[]"),
        ("features/v.h5", "many faces"),
        ("proxies/v.mp4", "a film"),
        ("people/.punchline-1.part", "half a person"),
    ):
        path = space.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return space


def contents(root: Path) -> dict[str, bytes]:
    """All files by name, but locks, the ledger and unfinished ones."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not {"locks", "labels-backups"} & set(path.parts)
        and "labels.sqlite" not in path.name
        and not path.name.startswith(".")
    }


def test_a_removed_workspace_comes_back_whole(space: Workspace, tmp_path: Path) -> None:
    labels = Ledger(space.labels_path).labels()
    before = contents(space.root)
    done = back_up(space, tmp_path / "b.zip", features=True)
    assert (done.n_labels, done.n_files) == (30, 6)
    shutil.rmtree(space.root)
    assert restore(tmp_path / "b.zip", space.root).aside is None
    assert contents(space.root) == {name: held for name, held in before.items() if not name.startswith("proxies")}
    assert Ledger(space.labels_path).labels() == labels


def test_labels_that_another_writes_meanwhile_are_whole(space: Workspace, tmp_path: Path) -> None:
    with Ledger(space.labels_path).connection() as writer:  # its events lie in the write-ahead log
        writer.execute("BEGIN IMMEDIATE")
        back_up(space, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "other")
    assert len(Ledger(tmp_path / "other" / "labels.sqlite").labels()) == 30


def test_what_is_there_is_moved_aside_and_caches_stay(space: Workspace, tmp_path: Path) -> None:
    back_up(space, tmp_path / "b.zip")
    Ledger(space.labels_path).record([LabelEvent("w", "p", 0.0, 6.0, 1, "marked")])
    aside = restore(tmp_path / "b.zip", space.root).aside
    assert aside is not None
    assert aside.parent == space.root.parent
    assert len(Ledger(aside / "labels.sqlite").labels()) == 31
    assert len(Ledger(space.labels_path).labels()) == 30
    assert (space.root / "features" / "v.h5").read_text() == "many faces"
    assert (space.root / "proxies" / "v.mp4").exists()


def test_an_empty_workspace_is_taken_without_a_copy(space: Workspace, tmp_path: Path) -> None:
    back_up(space, tmp_path / "b.zip")
    Workspace(tmp_path / "new")
    assert restore(tmp_path / "b.zip", tmp_path / "new").aside is None


@pytest.mark.parametrize("damage", ["cut", "text", "other", "newer", "flipped", "absent"])
def test_what_is_no_backup_changes_nothing(space: Workspace, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "b.zip"
    back_up(space, file)
    before = contents(space.root)
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        file.write_text("not a zip")
    elif damage == "absent":
        file.unlink()
    elif damage == "flipped":
        middle = content.index("people/웃음.h5".encode()) + len("people/웃음.h5".encode())
        file.write_bytes(
            content[:middle] + bytes(b ^ 0xFF for b in content[middle : middle + 4]) + content[middle + 4 :]
        )
    else:
        manifest = {} if damage == "other" else {"format": "punchline-backup", "format_version": 2}
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("backup.json", json.dumps(manifest))
    with pytest.raises(StorageFault, match=r"b\.zip"):
        restore(file, space.root)
    assert contents(space.root) == before
    assert sorted(os.listdir(tmp_path)) == sorted({"b.zip", "space"} - ({"b.zip"} if damage == "absent" else set()))


def test_names_that_lead_out_are_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("backup.json", json.dumps({"format": "punchline-backup", "format_version": 1}))
        for name in ("../evil", "people/../../evil", "app.py", "people/good.h5"):
            archive.writestr(name, "x")
    restore(tmp_path / "b.zip", tmp_path / "space")
    assert [path.name for path in (tmp_path / "space").rglob("*") if path.is_file()] == ["good.h5"]
    assert not (tmp_path / "evil").exists()
