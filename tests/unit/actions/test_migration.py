"""`punchline migrate`: a workspace of version 0.1.0 gets the formats of today, after a backup, and then stays."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import h5py
import pytest
from click.testing import CliRunner

from core.actions import migration
from core.actions.backup import restore
from core.cli.main import main
from core.faces.embedders import DEFAULT_EMBEDDER, embedder_entry
from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace

OLD = Path(__file__).parents[2] / "fixtures" / "workspace_0_1_0"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    shutil.copytree(OLD, tmp_path / "space")
    return Workspace(tmp_path / "space")


def ledger_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_every_format_is_todays_and_the_backup_is_of_before(space: Workspace, tmp_path: Path) -> None:
    done = migration.migrate(space)
    assert [change.split(":")[0] for change in done.changes] == ["labels.sqlite", "2c50a87fe22e86d3.h5", "Eileen"]
    assert ledger_version(space.labels_path) == 3
    assert len(Ledger(space.labels_path).labels()) == 31
    with h5py.File(next(space.features_folder.glob("*.h5"))) as file:
        assert "persons" not in file
    assert not space.people()[0].lacks(embedder_entry(DEFAULT_EMBEDDER).digest)
    assert done.left == ("old.mp4: faces were read by resnet29; run `punchline extract`",)
    assert done.backup is not None
    restore(done.backup, tmp_path / "back")
    assert ledger_version(tmp_path / "back" / "labels.sqlite") == 2


def test_a_workspace_of_today_is_left_as_it_is_and_said_so(space: Workspace) -> None:
    migration.migrate(space)
    before = sorted(space.root.parent.rglob("*"))
    result = CliRunner().invoke(main, ["--workspace", str(space.root), "migrate"])
    assert result.output.startswith("every file has the format of today\n")
    assert sorted(space.root.parent.rglob("*")) == before
    content = json.loads(CliRunner().invoke(main, ["--workspace", str(space.root), "migrate", "--json"]).stdout)
    assert (content["changes"], content["backup"]) == ([], None)


def test_damaged_files_are_named_and_not_touched(space: Workspace) -> None:
    (features,) = space.features_folder.glob("*.h5")
    features.write_bytes(b"damaged")
    done = migration.migrate(space)
    assert [change.split(":")[0] for change in done.changes] == ["labels.sqlite", "Eileen"]
    assert features.read_bytes() == b"damaged"
    assert [str(features) in finding for finding in done.left] == [True]
