"""The commands `punchline dataset`: main job, bad input, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import click
import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result

from core.cli.dataset import dataset
from core.faces.feature_file import write_features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Person, Reference
from core.workspace.workspace import Workspace
from tests import media
from tests.tables import Planted, direction, features_info, planted_table, random_features

FACE = direction(1)


@click.group()
@click.option("--workspace", type=click.Path(path_type=Path))
def main(workspace: Path) -> None:
    """What stands above the commands."""


main.add_command(dataset)


def run(workspace: Workspace, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["--workspace", str(workspace.root), "dataset", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def answer(workspace: Workspace, *arguments: str, code: int = 0) -> dict:
    result = run(workspace, *arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def analyse(workspace: Workspace, video_id: str, *, sample_rate: float = 3.0) -> None:
    """An analysis of a minute that shows one face all the time."""
    n = round(60 * sample_rate)
    faces = planted_table([Planted(k, 1.0) for k in range(n)], n_frames=n, person=FACE, sample_rate=sample_rate)
    info = features_info(fingerprint=video_id, duration=60.0, sample_rate=sample_rate, fps=25.0)
    made = random_features(0, n_frames=n)
    write_features(workspace.features_path(video_id), type(made)(info, faces, made.audio))


@pytest.fixture
def space(tmp_path: Path) -> tuple[Workspace, Person, list[str]]:
    """A workspace with a person and two videos, of which the first is analysed, and a label in each."""
    workspace = Workspace(tmp_path / "space")
    box, landmarks = np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    reference = Reference(np.zeros((8, 8, 3), np.uint8), box, landmarks, "made up", {"e1": FACE})
    person = workspace.add_references("지은", (reference,))
    videos = [workspace.register(media.write(tmp_path / f"{k}.mp4", np.arange(3 + k) / 10)).id for k in range(2)]
    analyse(workspace, videos[0])
    ledger = Ledger(workspace.root / "labels.sqlite")
    ledger.record([LabelEvent(video, person.id, 10.0, 16.0, 1, "marked") for video in videos])
    return workspace, person, videos


def test_build_info_and_verify(space):
    workspace, _, videos = space
    built = answer(workspace, "build")
    assert built == {
        "file": str(workspace.root / "dataset.h5"),
        "n_rows": 15,
        "sampling": "nearest",
        "n_clips": 1,
        "n_funny": 1,
        "n_usable": 1,
        "n_computed": 1,
        "n_kept": 0,
        "n_stale": 0,
        "n_left_out": 1,
        "remarks": [],
        "damaged": None,
    }
    with h5py.File(built["file"]) as file:
        row = file["clip_info"][0]
    assert (row["video_name"].decode(), row["person"].decode(), row["fps"]) == ("0.mp4", "지은", 25.0)
    info = answer(workspace, "info")
    assert (info["n_clips"], info["n_events_since"], info["sampling"]) == (1, 0, "nearest")
    found = answer(workspace, "verify", code=1)
    assert found["counts"] == {"missing": 1}
    assert "not analysed" in found["findings"][0]["reason"]
    analyse(workspace, videos[1])
    assert "label" not in run(workspace, "build").stderr
    assert answer(workspace, "verify") == {"ok": True, "counts": {}, "findings": []}
    assert answer(workspace, "build")["n_kept"] == 2
    assert answer(workspace, "rebuild")["n_computed"] == 2


def test_words_for_people_name_what_to_do(space):
    workspace, person, videos = space
    said = run(workspace, "build")
    assert "1 clips, 1 of them funny, 1 usable: 1 computed, 0 kept, 0 stale" in said.stdout
    assert "1.mp4: label 10.0-16.0 s has no array: the video is not analysed" in said.stderr
    Ledger(workspace.root / "labels.sqlite").record([LabelEvent(videos[0], person.id, 11.0, 17.0, 0, "marked")])
    assert "1 changes of labels since, run `punchline dataset build`" in run(workspace, "info").stdout
    found = run(workspace, "verify")
    assert found.exit_code == 1
    for words in ("missing: 0.mp4 11.0-17.0 s", "contradicting: 0.mp4", "2 missing, 1 contradicting"):
        assert words in found.stdout


def test_a_slow_series_is_interpolated_and_that_is_said(space):
    workspace, _, videos = space
    analyse(workspace, videos[0], sample_rate=2.0)
    result = run(workspace, "build")
    assert "sampled at 2 Hz, so the rows of its clips are interpolated in time" in result.stderr
    with h5py.File(workspace.dataset_path) as dataset:
        assert dataset["clip_info"]["sampling"].tolist() == [b"linear"]
        assert dataset.attrs["sampling"] == "nearest"  # what was asked for


def test_options_are_remembered_and_shown(space):
    workspace, _, _ = space
    built = answer(workspace, "build", "--rows", "20", "--sampling", "linear")
    assert (built["n_rows"], built["sampling"]) == (20, "linear")
    assert answer(workspace, "build")["n_rows"] == 20
    info = answer(workspace, "info")
    assert (info["n_rows"], info["sampling"]) == (20, "linear")
    assert answer(workspace, "build", "--rows", "15")["sampling"] == "linear"
    assert run(workspace, "build", "--rows", "3").exit_code == 2


def test_a_video_that_is_gone_keeps_its_clips(space):
    workspace, _, videos = space
    answer(workspace, "build")
    workspace.videos()[0].path.unlink()  # type: ignore[union-attr]
    assert answer(workspace, "rebuild")["n_computed"] == 1  # the analysis is still there
    workspace.features_path(videos[0]).unlink()
    built = answer(workspace, "rebuild")
    assert (built["n_clips"], built["n_stale"], built["n_usable"]) == (1, 1, 0)
    assert "stale" in built["remarks"][0]
    assert answer(workspace, "verify", code=1)["counts"] == {"stale": 1, "missing": 1}


def test_what_is_not_there_or_damaged_is_told(space):
    workspace, _, _ = space
    result = run(workspace, "info")
    assert result.exit_code == 1
    assert "it is made by `punchline dataset build`" in result.stderr
    answer(workspace, "build")
    (workspace.root / "dataset.h5").write_bytes(b"noise")
    assert run(workspace, "info").exit_code == 1
    result = run(workspace, "build")
    assert result.exit_code == 0
    assert "kept as dataset.h5.damaged-" in result.stderr
    with h5py.File(workspace.root / "dataset.h5", "r+") as file:
        file.attrs["format_version"] = 99
    for command in ("build", "rebuild", "info", "verify"):
        result = run(workspace, command)
        assert result.exit_code == 1
        assert "punchline-dataset version 99, this program reads version 1" in " ".join(result.stderr.split())


def test_one_builds_at_a_time(space, monkeypatch):
    workspace, _, _ = space
    monkeypatch.setattr("core.dataset.upkeep.WAIT", 0.1)
    with workspace.lock("dataset"):
        result = run(workspace, "build")
    assert result.exit_code == 1
    assert "another Punchline process is writing it" in result.stderr
