"""Pictures that an edit list leaves out."""

from pathlib import Path

import pytest

from core.video.container import Source
from core.video.edits import Edits, edits_of
from core.video.frames import frame_at, sampled_frames
from tests import media
from tests.media.odd.alterations import cut_out, trimmed
from tests.media.odd.recipes import written


@pytest.mark.parametrize(
    ("left_out", "edits"),
    [
        ([], Edits()),
        ([False] * 50, Edits()),
        ([True] * 50, Edits(True)),
        ([True] * 5 + [False] * 50, Edits(True)),
        ([True, False, True, True, False, False], Edits(True)),  # with B-frames
        ([False] * 30 + [True] * 5 + [False] * 30, Edits(True, True)),
    ],
)
def test_where_pictures_are_left_out(left_out: list[bool], edits: Edits) -> None:
    assert edits_of(left_out) == edits


@pytest.mark.parametrize("whole", [True, False])
def test_what_leaves_out_pictures_is_not_copied(tmp_path: Path, whole: bool) -> None:
    source = written("w.mp4")
    with Source((source if whole else trimmed(source, 0.6, 1.4))(tmp_path)) as video:
        assert video.copyable == whole


@pytest.mark.parametrize("options", [{}, {"g": "999", "bf": "3", "b-adapt": "0"}])
def test_behind_a_cut_pictures_are_found_again(tmp_path: Path, options: dict[str, str]) -> None:
    path = cut_out(written("w.mp4", options=options), 0.8, 1.2)(tmp_path)
    shown = {frame.timestamp: media.number_of(frame.image) for frame in sampled_frames(path, 25)}
    for time in list(shown)[::7]:
        assert media.number_of(frame_at(path, time).image) == shown[time]
