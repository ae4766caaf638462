"""Labels as files: nothing is lost on the way, and a bad line is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.actions.labels import attach_labels, export_labels, import_labels
from core.errors import PunchlineError
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
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
    shutil.rmtree(space.labels_path.with_name("labels-backups"))
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


def test_labels_of_a_lost_person_go_to_the_one_who_is_made_anew(space: Workspace) -> None:
    video, ann, ben = space.videos()[0].id, space.find_person("Ann"), space.find_person("Ben")
    ledger = Ledger(space.labels_path)
    mine = [LabelEvent(video, ann.id, 7.0 * k, 7.0 * k + 6, k % 2, "marked", note=str(k)) for k in range(4)]
    ledger.record([*mine, LabelEvent(video, ben.id, 2.0, 8.0, 0, "random")])
    space.person_path(ann.id).write_bytes(b"damaged")
    assert [person.name for person in space.people()] == ["Ben"]
    assert str(space.person_path(ann.id)) in str(space.unreadable_people()[0])
    again = space.add_references("Ann", (FACE,))
    assert again.id != ann.id
    assert attach_labels(space, ann.id, again) == 4
    assert ledger.labels(person_id=ann.id) == []
    held = [(e.start, e.label, e.note) for e in ledger.labels(person_id=again.id)]
    assert held == [(e.start, e.label, e.note) for e in mine]
    assert len(ledger.labels(person_id=ben.id)) == 1
    with pytest.raises(PunchlineError, match="no label hangs on this id"):
        attach_labels(space, "nobody", again)


def test_a_name_is_looked_up_once(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = Workspace.find_video
    monkeypatch.setattr(Workspace, "find_video", lambda self, text: asked.append(text) or find(self, text))
    lines = [f"{name},{k},{k + 6},1" for k in range(5) for name in ("a.mp4", "gone.mp4")]
    content = "\n".join(["video,start,end,label", *lines]).encode()
    imported = import_labels(space, content, person=space.find_person("Ben"))
    assert (len(imported.events), len(imported.faults)) == (5, 5)
    assert sorted(asked) == ["a.mp4", "gone.mp4"]
