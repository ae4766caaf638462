"""The sample from end to end, with its ready-made labels: what the program gives, before any work of one's own."""

from __future__ import annotations

from core.actions.cuts import SAME
from core.actions.models import train
from core.actions.moments import Detected, detect
from core.actions.videos import OnProgress, extract, no_progress
from core.detection.detect import usual_settings
from core.errors import FaceNotFound
from core.labels.csv import read_labels
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.groups import group, reference_at
from core.people.person import Person
from core.segment import Segment, tiou
from core.storage.program import ASSETS
from core.training.train import TrainingSettings
from core.workspace.workspace import Workspace

SAMPLE, SAMPLE_LABELS = ASSETS / "sample.mp4", ASSETS / "sample_labels.csv"
PERSON = "Grace"  # she is in the picture longest


def show_sample(workspace: Workspace, *, on_progress: OnProgress = no_progress) -> Detected:
    """Read the sample, take its ready-made labels for the person seen most, learn from them, and find her moments.

    Raises
    ------
    PunchlineError
        As the actions do that it consists of.
    """
    video = workspace.register(SAMPLE)
    features = extract(workspace, video, on_progress=on_progress)
    person = next((someone for someone in workspace.people() if someone.name == PERSON), None)
    if person is None:
        groups = group(features).groups
        if not groups:
            raise FaceNotFound("{name}: no face was found in the sample", name=SAMPLE.name)
        faces = tuple(reference_at(SAMPLE, features, int(row)) for row in groups[0].best)
        person = workspace.add_references(PERSON, faces)
    take_sample_labels(workspace, person)
    train(workspace, person, TrainingSettings(model="logistic"))
    return detect(workspace, video, person, usual_settings(features.info.duration))


def take_sample_labels(workspace: Workspace, person: Person) -> int:
    """The sample's ready-made labels as a person's, but for clips labelled already; gives their number.

    Raises
    ------
    PunchlineError
        If the ledger cannot be written.
    """
    video, ledger = workspace.register(SAMPLE), Ledger(workspace.labels_path)
    known = [event.segment for event in ledger.labels(person_id=person.id, video_id=video.id)]
    rows, _faults = read_labels(SAMPLE_LABELS.read_bytes())
    events = [
        LabelEvent(video.id, person.id, row.start, row.end, row.label, "ready")
        for row in rows
        if all(tiou(Segment(row.start, row.end), other) < SAME for other in known)
    ]
    return len(ledger.record(events))
