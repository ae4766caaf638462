"""The sample from end to end."""

import csv
from pathlib import Path

import pytest

from core.actions.sample import PERSON, show_sample
from core.segment import Segment, tiou
from core.storage.program import ASSETS
from core.workspace.workspace import Workspace


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
