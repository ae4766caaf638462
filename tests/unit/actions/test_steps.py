"""The steps of a person in a video: when the moments count as reviewed."""

from __future__ import annotations

from pathlib import Path

from core.actions.sample import SAMPLE
from core.actions.steps import steps
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.storage.files import write_json
from core.workspace.workspace import Workspace
from tests.ui.test_label import reference


def test_a_labelled_clip_that_was_added_counts_as_reviewed(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    video, person = space.register(SAMPLE), space.add_references("Grace", (reference(),))
    place = {"start": 10.0, "end": 16.0, "score": 0.5, "probability": 0.5, "best_start": 10.0, "best_end": 16.0}
    added = {**place, "start": 40.0, "end": 46.0, "best_start": 40.0, "best_end": 46.0, "labelled": True}
    head = {"format": "punchline-detections", "format_version": 1, "model": "light", "earlier": {}}
    write_json(space.detections_path(video.id, person.id), {**head, "moments": [place, added]})
    assert (steps(space, video, person)[-1].n, steps(space, video, person)[-1].needed) == (1, 2)
    Ledger(space.labels_path).record([LabelEvent(video.id, person.id, 10.0, 16.0, 0, "rejected")])
    assert steps(space, video, person)[-1].done
