"""Labels as files: nothing is lost on the way, and a bad line is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.actions.labels import export_labels, import_labels
from core.labels.ledger import LabelEvent, Ledger
from core.people.person import Reference
from core.workspace.workspace import Workspace
from tests.media import write

FACE = Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg", {})


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """Ann and Ben, and a video of twenty seconds."""
    space = Workspace(tmp_path / "space")
    for name in ("Ann", "Ben"):
        space.add_references(name, (FACE,))
    space.register(write(tmp_path / "a.mp4", np.arange(100) / 5))
    return space


def test_one_persons_labels_come_back_as_they_were(space: Workspace) -> None:
    video, ann, ben = space.videos()[0].id, space.find_person("Ann"), space.find_person("Ben")
    mine = LabelEvent(video, ann.id, 1.0, 7.0, 1, "peaks", labeller="Mina", note='하하; "x"', clip_id="moved")
    Ledger(space.labels_path).record([mine, LabelEvent(video, ben.id, 2.0, 8.0, 0, "random")])
    exported = export_labels(space, person=ann)
    assert exported.n == 1
    assert exported.content.startswith(b"\xef\xbb\xbf"), "spreadsheets know UTF-8 by the mark"
    assert export_labels(space).n == 2
    space.labels_path.unlink()
    assert len(import_labels(space, exported.content).events) == 1
    assert [replace(event, id="") for event in Ledger(space.labels_path).labels()] == [replace(mine, id="")]


def test_bad_lines_are_told_and_with_strict_refuse_the_file(space: Workspace) -> None:
    ann = space.find_person("Ann")
    content = b"video,start,end,label\na.mp4,1,7,1\nb.mp4,1,7,1\na.mp4,1,30,0\na.mp4,90,96,0\n"
    refused = import_labels(space, content, person=ann, strict=True)
    assert refused.events == ()
    assert Ledger(space.labels_path).labels() == []
    taken = import_labels(space, content, person=ann)
    assert [event.start for event in taken.events] == [1.0]
    assert [fault.line for fault in taken.faults] == [3, 4, 5] == [fault.line for fault in refused.faults]
    assert [fault.line for fault in import_labels(space, content).faults] == [2, 3, 4, 5], "whose they are is not said"


def test_a_name_is_looked_up_once(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = Workspace.find_video
    monkeypatch.setattr(Workspace, "find_video", lambda self, text: asked.append(text) or find(self, text))
    lines = [f"{name},{k},{k + 6},1" for k in range(5) for name in ("a.mp4", "gone.mp4")]
    content = "\n".join(["video,start,end,label", *lines]).encode()
    imported = import_labels(space, content, person=space.find_person("Ben"))
    assert (len(imported.events), len(imported.faults)) == (5, 5)
    assert sorted(asked) == ["a.mp4", "gone.mp4"]
