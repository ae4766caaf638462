"""The sample video in assets: small, playable everywhere, and what its list of moments says."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from core.labels.csv import read_labels
from core.labels.rules import check_clip
from core.segment import Segment
from core.video.frames import frame_at
from core.video.probe import probe
from core.video.sound import AUDIO_RATE, sound_blocks

ASSETS = Path(__file__).parents[2] / "assets"
VIDEO, MOMENTS, NOTE = ASSETS / "sample.mp4", ASSETS / "sample_moments.csv", ASSETS / "sample.md"
KINDS = {"funny", "silent_smile", "loud_calm", "other_laughs", "away"}


@pytest.fixture(scope="module")
def moments() -> list[tuple[Segment, str]]:
    with MOMENTS.open(newline="") as file:
        return [(Segment(float(row["start"]), float(row["end"])), row["kind"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def loudness() -> np.ndarray:
    """RMS of every tenth of a second in dBFS (n,)."""
    samples = np.concatenate([block.samples for block in sound_blocks(VIDEO)])
    n = AUDIO_RATE // 10
    parts = samples[: len(samples) // n * n].reshape(-1, n)
    return 10 * np.log10((parts**2).mean(axis=1) + 1e-8)


def test_it_is_small_and_long_enough() -> None:
    assert VIDEO.stat().st_size <= 6_000_000
    info = probe(VIDEO)
    assert info.duration >= 60
    assert (info.width, info.height, info.has_audio) == (640, 360, True)
    assert info.fps == pytest.approx(25)


def test_a_browser_can_play_it_and_jump_in_it() -> None:
    with av.open(str(VIDEO)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert audio.codec_context.name == "aac"
        assert video.start_time == 0
        keys = [float(p.pts * p.time_base) for p in container.demux(video) if p.is_keyframe and p.pts is not None]
    assert keys[0] == 0
    assert max(b - a for a, b in pairwise(keys)) <= 2 + 1e-6


def test_its_index_comes_before_its_pictures() -> None:
    names, data, at = [], VIDEO.read_bytes(), 0
    while at < len(data):
        names.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    assert at == len(data)
    assert names.index(b"moov") < names.index(b"mdat")


def test_the_moments_lie_in_it_and_apart(moments: list[tuple[Segment, str]]) -> None:
    assert {kind for _, kind in moments} == KINDS
    assert Counter(kind for _, kind in moments)["funny"] >= 5
    assert moments[0][0].start >= 0
    assert moments[-1][0].end <= probe(VIDEO).duration
    for (one, _), (other, _) in pairwise(moments):
        assert one.end < other.start
    assert all(5 <= segment.duration <= 7 for segment, kind in moments if kind == "funny")


def test_laughter_and_noise_are_heard_where_the_moments_say(
    moments: list[tuple[Segment, str]], loudness: np.ndarray
) -> None:
    for segment, kind in moments:
        inside = np.median(loudness[int(segment.start * 10) + 2 : int(segment.end * 10) - 2])
        if kind in ("silent_smile", "away"):
            assert inside < -40, (segment, kind)
        else:
            assert inside > -32, (segment, kind)


def test_faces_are_found_and_read_as_the_moments_say(moments: list[tuple[Segment, str]]) -> None:
    from core.faces.crop import cut
    from core.faces.detection import MtcnnDetector
    from core.faces.emotion import EMOTIONS, BuiltInRecogniser

    funny = next(segment for segment, kind in moments if kind == "funny")
    guest = next(segment for segment, kind in moments if kind == "other_laughs")
    times = (funny.start - 0.5, (funny.start + funny.end) / 2, (guest.start + guest.end) / 2)
    images = [frame_at(VIDEO, time).image for time in times]
    calm, laughing, both = MtcnnDetector().detect(images)
    recogniser = BuiltInRecogniser()

    def happiness(image: np.ndarray, box: np.ndarray, landmarks: np.ndarray) -> float:
        chips = cut(image, box, landmarks, recogniser.crop)[None]
        return float(recogniser.recognise(chips)[0, EMOTIONS.index("happiness")])

    read = {}
    for name, image, faces in zip(("calm", "laughing", "both"), images, (calm, laughing, both), strict=True):
        sure = faces.probability >= 0.9
        for box, landmarks in zip(faces.box_xyxy[sure], faces.landmarks[sure], strict=True):
            assert box[3] - box[1] >= 110
            read[name, "grace" if box[0] > 300 else "eileen"] = happiness(image, box, landmarks)
    assert read["calm", "grace"] < 0.5
    assert read["laughing", "grace"] > 0.7
    assert read["both", "eileen"] > read["both", "grace"]


def test_the_note_names_sources_and_every_kind() -> None:
    note = NOTE.read_text(encoding="utf-8")
    for word in ("NASA", "US Navy", "public domain", "portrait_collins.jpg", "portrait_hopper.jpg", *KINDS):
        assert word in note


def test_its_labels_are_those_of_its_moments(moments: list[tuple[Segment, str]]) -> None:
    rows, faults = read_labels((ASSETS / "sample_labels.csv").read_bytes())
    assert faults == []
    assert sum(row.label == 1 for row in rows) == 12
    assert sum(row.label == 0 for row in rows) >= 12
    laughs = [segment for segment, kind in moments if kind == "funny"]
    for row in rows:
        shared = sum(max(0.0, min(row.end, s.end) - max(row.start, s.start)) for s in laughs)
        assert check_clip(row.start, row.end) is None
        assert (shared >= 3) == (row.label == 1), row
