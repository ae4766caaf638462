"""What files say about themselves, and their identity."""

import shutil
from pathlib import Path

import numpy as np

from core.video.probe import fingerprint


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
