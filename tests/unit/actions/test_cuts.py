"""An editor's cut as labels: clips by the rules, nothing twice, and what was left out only when asked for."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.actions.cuts import clips_of_part, import_cut
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.rules import check_clip
from core.people.person import Person, Reference
from core.segment import Segment
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests import media

FACE = Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg", {})
CUT = b"start,end\n10,16\n40,43\n60,82\n"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


@pytest.fixture
def video(space: Workspace, tmp_path: Path) -> Video:
    return space.register(media.write(tmp_path / "v.mp4", np.arange(0, 180, 1.0)))


@pytest.fixture
def person(space: Workspace) -> Person:
    return space.add_references("Mina", (FACE,))


def labels(space: Workspace) -> list[tuple[float, float, int | None, str]]:
    return [(e.start, e.end, e.label, e.origin) for e in Ledger(space.labels_path).labels()]


def test_what_was_cut_is_funny(space: Workspace, video: Video, person: Person) -> None:
    cut = import_cut(space, video, person, CUT, "episode.csv")
    assert (len(cut.parts), len(cut.events), cut.n_known) == (3, 6, 0)
    assert labels(space)[:2] == [(10.0, 16.0, 1, "cut"), (39.0, 44.0, 1, "cut")]
    assert all(check_clip(start, end, video_duration=180) is None for start, end, *_ in labels(space))
    assert import_cut(space, video, person, CUT, "again.csv").n_known == 6
    assert len(labels(space)) == 6


def test_labels_that_are_there_stay(space: Workspace, video: Video, person: Person) -> None:
    Ledger(space.labels_path).record([LabelEvent(video.id, person.id, 10.5, 16.5, 0, "random")])
    cut = import_cut(space, video, person, CUT, "episode.csv")
    assert (len(cut.events), cut.n_known) == (5, 1)
    assert (10.5, 16.5, 0, "random") in labels(space)


def test_what_was_left_out_is_labelled_only_when_asked_for(space: Workspace, video: Video, person: Person) -> None:
    cut = import_cut(space, video, person, CUT, "episode.csv", rest=True)
    rest = [event for event in cut.events if event.label == 0]
    assert len(rest) == 6
    for event in rest:
        assert all(event.end <= part.start or part.end <= event.start for part in cut.parts)


@pytest.mark.parametrize("length", [0.5, 3, 5, 6, 7, 8, 9.9, 12, 14.5, 61.3])
@pytest.mark.parametrize("start", [0.0, 50.0, 99.0])
def test_parts_of_any_length_become_clips(start: float, length: float) -> None:
    clips = list(clips_of_part(Segment(start, start + length), 200.0))
    assert clips
    assert all(check_clip(clip.start, clip.end, video_duration=200.0) is None for clip in clips)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(clips))


def test_a_video_shorter_than_a_clip_gives_none() -> None:
    assert list(clips_of_part(Segment(0, 3), 4.0)) == []
