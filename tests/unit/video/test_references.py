"""B pictures that nothing needed refers to are left out, and what is decoded is the same bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.video import frames
from core.video.container import Source
from core.video.frames import sampled_frames
from core.video.references import Coded, References
from tests.media import write

MANY_B = {"g": "60", "bf": "7", "b-adapt": "0", "sc_threshold": "0", "preset": "veryfast"}


def coded(path: Path) -> list[Coded | None]:
    """What is known of each picture, in the order of the packets."""
    with Source(path) as source:
        references = References(source.video.codec_context.extradata)
        return [references.of(bytes(packet)) for packet in source.packets(source.video) if packet.size]


def left_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many B pictures are left out that others might refer to; the pictures given are checked."""
    times = []
    real = frames.spared

    def counted(*arguments):
        for packet, kind in real(*arguments):
            times.append(kind)
            yield packet, kind

    every = {frame.timestamp: frame.image for frame in sampled_frames(path, 100)}
    monkeypatch.setattr(frames, "spared", counted)
    sampled = list(sampled_frames(path, 3))
    assert len(sampled) > 10
    assert all(np.array_equal(every[frame.timestamp], frame.image) for frame in sampled)
    return times.count("BIDIR")


@pytest.mark.parametrize("extension", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(
    "parameters",
    [
        "ref=1",
        "ref=1:open-gop=1",
        "ref=1:slices=3",
        "ref=1:b-pyramid=strict",
        "ref=1:weightp=2",
        "ref=1:direct=temporal",
        "ref=1:cabac=0",
        "ref=4",
        "ref=4:b-pyramid=strict:direct=temporal",
        "ref=2:keyint=infinite",
        "ref=1:keyint=infinite:intra-refresh=1",
    ],
)
def test_what_is_decoded_is_the_same(
    extension: str, parameters: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / f"v.{extension}", np.arange(150) / 30, options={**MANY_B, "x264-params": parameters})
    n = left_out(path, monkeypatch)
    if extension != "ts" and parameters == "ref=1":
        assert n > 60
