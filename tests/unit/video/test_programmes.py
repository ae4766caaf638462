"""Tracks of a transport stream that belong together."""

from pathlib import Path

import av
import numpy as np
import pytest

from core.video.frames import frame_at
from core.video.probe import probe
from core.video.programmes import programme_of
from tests import media
from tests.media.odd.alterations import two_programmes
from tests.media.odd.recipes import changed, packets_of_204, sound


@pytest.mark.parametrize("padded", [False, True])
def test_a_picture_and_its_sound_are_of_one_programme(tmp_path: Path, padded: bool) -> None:
    recipe = two_programmes("v.ts", sound(), sound(gains=(0.5,)))
    path = (changed(recipe, "w.ts", packets_of_204) if padded else recipe)(tmp_path)
    with av.open(str(path)) as container:
        first, second = (programme_of(container, stream.index) for stream in container.streams.video)
    assert (first, second) == ({256, 257}, {512, 513})
    info = probe(path)
    assert (info.video_track, info.audio_track) == (2, 2)


@pytest.mark.parametrize("apart", [3, 3600])
def test_each_programme_has_its_own_clock(tmp_path: Path, apart: float) -> None:
    path = two_programmes("v.ts", sound(), sound(), apart=apart)(tmp_path)
    assert probe(path).duration == pytest.approx(2, abs=0.15)
    assert media.number_of(frame_at(path, 1.02).image) == 25


@pytest.mark.parametrize("suffix", ["ts", "mp4"])
def test_a_file_of_one_programme_has_no_others(tmp_path: Path, suffix: str) -> None:
    path = media.write(tmp_path / f"v.{suffix}", np.arange(25) / 25, sound())
    with av.open(str(path)) as container:
        assert programme_of(container, 0) == set()
