"""The sample from end to end."""

import csv
from pathlib import Path

import pytest

from core.actions.sample import PERSON, SAMPLE, show_sample, take_sample_labels
from core.labels.event import LabelEvent
from core.labels.goal import goal_of
from core.labels.ledger import Ledger
from core.segment import Segment, tiou
from core.storage.program import ASSETS
from core.workspace.workspace import Workspace
from tests.unit.workspace.test_workspace import reference


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_sample_shows_its_funny_moments_by_itself(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    found = show_sample(workspace).decided.moments
    assert [person.name for person in workspace.people()] == [PERSON]
    with (ASSETS / "sample_moments.csv").open(encoding="utf-8") as file:
        funny = [Segment(float(r["start"]), float(r["end"])) for r in csv.DictReader(file) if r["kind"] == "funny"]
    met = [laugh for laugh in funny if any(tiou(Segment(m.start, m.end), laugh) > 0.3 for m in found)]
    assert len(met) >= 0.8 * len(funny)


def test_ready_labels_spare_the_clips_that_have_a_label(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    person, video = workspace.add_references(PERSON, (reference(),)), workspace.register(SAMPLE)
    ledger = Ledger(workspace.labels_path)
    ledger.record([LabelEvent(video.id, person.id, 3.0, 9.0, 1, "peaks")])  # as the first ready one, but for 0.2 s
    n = take_sample_labels(workspace, person)
    labels = ledger.labels(person_id=person.id)
    assert [event.origin for event in labels].count("ready") == n == len(labels) - 1
    assert sum(event.start < 9 for event in labels) == 1
    assert goal_of(ledger.counts(), person.id).reached
