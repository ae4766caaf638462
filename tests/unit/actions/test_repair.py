"""`punchline doctor --fix`: what is damaged is moved aside, what can be made anew is, and nothing else is touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner

from core.actions.repair import inspected, repair
from core.cli.main import main
from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace

OLD = Path(__file__).parents[2] / "fixtures" / "workspace_0_1_0"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    shutil.copytree(OLD, tmp_path / "space")
    space = Workspace(tmp_path / "space")
    Ledger(space.labels_path)  # makes a backup
    return space


def faults(space: Workspace) -> list[str]:
    return [fault.kind for inspection in inspected(space) for fault in inspection.faults]


def sure(n_events: int) -> bool:
    return True


@pytest.mark.parametrize(
    "place", ["features/2c50a87fe22e86d3.h5", "people/c67e3207e60a.h5", "models/first/card.json", "videos.json"]
)
def test_a_damaged_file_is_moved_aside_with_its_content(space: Workspace, place: str) -> None:
    (space.root / place).write_bytes(b"damaged")
    (sentence,) = repair(space, may_restore=sure)
    (aside,) = space.root.glob(f"damaged/*/{place}")
    assert aside.read_bytes() == b"damaged"
    assert "moved to" in sentence
    assert faults(space) == []


def test_a_whole_workspace_is_left_as_it_is(space: Workspace) -> None:
    before = {path: path.read_bytes() for path in space.root.rglob("*") if path.is_file()}
    assert repair(space, may_restore=sure) == []
    assert {path: path.read_bytes() for path in before} == before


def test_a_damaged_dataset_is_made_anew(space: Workspace) -> None:
    space.dataset_path.write_bytes(b"damaged")
    assert "it was made anew" in repair(space, may_restore=sure)[0]
    assert space.dataset_path.exists()
    assert faults(space) == []


def test_labels_come_back_from_the_backup_where_that_is_wanted(space: Workspace) -> None:
    space.labels_path.unlink()
    assert faults(space) == ["labels"]
    assert "left as it is" in repair(space, may_restore=lambda n_events: False)[0]
    assert not space.labels_path.exists()
    assert "32 events restored" in repair(space, may_restore=sure)[0]
    assert len(Ledger(space.labels_path).labels()) == 31


@pytest.mark.parametrize("place", ["features/2c50a87fe22e86d3.h5", "dataset.h5"])
def test_a_file_of_a_newer_version_is_no_damaged_one(space: Workspace, place: str) -> None:
    with h5py.File(space.root / place, "r+") as file:
        file.attrs["format_version"] = 99
    assert repair(space, may_restore=sure) == []
    assert (space.root / place).exists()
    assert len(faults(space)) == 1


def test_moments_of_a_newer_version_are_no_damaged_ones(space: Workspace) -> None:
    (path,) = space.detections_folder.glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    assert repair(space, may_restore=sure) == []
    assert faults(space) == ["detections"]


def test_only_temporary_files_of_stopped_processes_go(space: Workspace) -> None:
    from core.storage.temporary import _host, temporary_beside

    gone = space.people_folder / f".punchline-{_host()}-{2**22 + 7}-{'a' * 16}.part"
    ours, other = temporary_beside(space.videos_path), space.root / ".other.part"
    for path in (gone, ours, other):
        path.write_bytes(b"x")
    assert repair(space, may_restore=sure) == ["1 temporary files of stopped processes were removed"]
    assert (gone.exists(), ours.exists(), other.exists()) == (False, True, True)


@pytest.mark.parametrize(("options", "typed", "n_labels"), [(["--yes"], "", 31), ([], "y\n", 31), ([], "n\n", None)])
def test_the_command_asks_before_it_restores(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, options: list[str], typed: str, n_labels: int | None
) -> None:
    monkeypatch.setattr("core.cli.doctor.checks", lambda root: [])
    space.labels_path.write_bytes(b"damaged" * 1000)
    result = CliRunner().invoke(main, ["--workspace", str(space.root), "doctor", "--fix", *options], input=typed)
    assert result.exit_code == 0, result.output
    if n_labels is None:
        assert space.labels_path.read_bytes().startswith(b"damaged")
    else:
        assert len(Ledger(space.labels_path).labels()) == n_labels
