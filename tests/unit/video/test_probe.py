"""What files say about themselves, and their identity."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.errors import VideoUnreadable
from core.video.probe import fingerprint, probe
from core.video.sound import sound_blocks
from core.video.streams import Tracks
from tests import media


def test_the_fingerprint_follows_the_content_not_the_name(tmp_path):
    path = tmp_path / "a.mp4"
    content = np.random.default_rng(5).bytes(5_000_000)
    path.write_bytes(content)
    mark = fingerprint(path)
    assert len(mark) == 16
    int(mark, 16)
    assert fingerprint(Path(shutil.copy(path, tmp_path / "한국어 b.mkv"))) == mark
    assert fingerprint(path.rename(tmp_path / "c.mp4")) == mark
    for offset in (0, 2_500_000, 4_999_999):
        changed = bytearray(content)
        changed[offset] ^= 1
        path.write_bytes(changed)
        assert fingerprint(path) != mark
    path.write_bytes(content + b"x")
    assert fingerprint(path) != mark
    path.write_bytes(b"x")
    assert fingerprint(path) != mark


def test_another_track_can_be_wanted(tmp_path: Path) -> None:
    quiet = media.Sound(media.tone(220, 2, amplitude=0.05), codec="aac")
    loud = media.Sound(media.tone(220, 2), codec="aac")
    path = media.with_tracks(media.write(tmp_path / "one.mp4", np.arange(50) / 25, quiet), tmp_path / "two.mp4", loud)
    assert (probe(path).audio_track, probe(path).n_audio_tracks) == (1, 2)
    levels = [
        max(float(np.abs(block.samples).max()) for block in sound_blocks(path, tracks=Tracks(audio=number)))
        for number in (1, 2)
    ]
    assert levels[0] < 0.1 < 0.4 < levels[1]
    for tracks in (Tracks(audio=3), Tracks(video=2)):
        with pytest.raises(VideoUnreadable, match="cannot be read; expected one of: 1"):
            probe(path, tracks=tracks)
