"""Frames and their times, on files whose every picture carries its own number."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import VideoUnreadable
from core.video.container import Source
from core.video.damage import Damage
from core.video.frames import (
    LEEWAY,
    _decoded,
    _sampled,
    _timed,
    _timed_from,
    frame_at,
    sampled_frames,
    sampled_pictures,
)
from core.video.packet_choice import Grid
from core.video.probe import probe
from core.video.sound import sound_blocks
from tests.media import (
    COLOURS,
    Sound,
    colours_of,
    corrupted,
    cut_short,
    number_of,
    numbered,
    tone,
    write,
    write_with_cover,
)

FPS = 30
SECOND = np.arange(FPS) / FPS
AAC = Sound(tone(220, 1), codec="aac")
# Irregular, with a hole of 1.4 s: what a screen recorder or a phone writes.
VARIABLE = np.cumsum(np.r_[0, np.random.default_rng(3).uniform(0.015, 0.15, 59), 1.4, np.full(20, 0.04)])
NUMBERS = np.random.default_rng(4).integers(0, 1024, 5)


def read(path: Path, sample_rate: float, **keywords) -> tuple[np.ndarray, np.ndarray]:
    """Timestamps (n,) and picture numbers (n,)."""
    frames = [(f.timestamp, number_of(f.image)) for f in sampled_frames(path, sample_rate, **keywords)]
    return np.array([t for t, _ in frames]), np.array([n for _, n in frames], int)


def nearest_on_grid(times: np.ndarray, sample_rate: float) -> list[int]:
    """The docstring's rule, written the slow way: the earlier of two frames equally near."""
    chosen: list[int] = []
    for k in range(int((times[-1] - times[0]) * sample_rate + 0.5) + 1):
        distance = np.abs(times - (times[0] + k / sample_rate))
        nearest = int(np.argmin(np.round(distance, 7)))
        if distance[nearest] <= 0.5 / sample_rate + 1e-6 and nearest not in chosen:
            chosen.append(nearest)
    return chosen


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("video")


@pytest.fixture(scope="module")
def constant(folder) -> Path:
    return write(folder / "constant.mp4", np.arange(4 * FPS) / FPS, Sound(tone(220, 4), codec="aac"))


def test_the_makers_numbers_can_be_read_back():
    assert [number_of(numbered(n)) for n in NUMBERS] == NUMBERS.tolist()


@pytest.mark.parametrize("bf", [0, 3], ids=["plain", "b-frames"])
@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "ts", "flv"])
@pytest.mark.parametrize(("video_start", "audio_start"), [(0, 0), (0, 0.5), (0.5, 0), (7.3, 7.8), (7.8, 7.3)], ids=str)
def test_timestamps_are_true_pts_from_the_containers_start(tmp_path, extension, video_start, audio_start, bf):
    audio_rate = 44_100 if extension == "flv" else 48_000
    sound = Sound(tone(220, 1, audio_rate=audio_rate), audio_rate, start=audio_start, codec="aac")
    path = write(tmp_path / f"v.{extension}", SECOND + video_start, sound, options={"bf": str(bf), "b-adapt": "0"})
    timestamps, numbers = read(path, 100)
    assert numbers.tolist() == list(range(FPS))
    # AAC starts up to 1024 samples early; what matters is the distance to the sound, which is proven elsewhere.
    expected = SECOND + max(0, video_start - audio_start)
    priming = timestamps[0] - expected[0]
    assert -1e-3 <= priming <= 1024 / audio_rate + 2e-3
    np.testing.assert_allclose(timestamps - priming, expected, atol=1.1e-3)


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_a_variable_rate_keeps_its_own_times(tmp_path, extension):
    path = write(tmp_path / f"v.{extension}", VARIABLE)
    timestamps, numbers = read(path, 200)
    assert numbers.tolist() == list(range(len(VARIABLE)))
    np.testing.assert_allclose(timestamps, VARIABLE, atol=1e-4 if extension == "mp4" else 6e-4)


def test_a_start_that_is_not_zero_is_told_and_taken_off(tmp_path):
    for extension in ("mp4", "mkv", "ts"):
        info = probe(write(tmp_path / f"v.{extension}", SECOND + 5))
        assert info.start == pytest.approx(5, abs=0.01)
        assert info.duration == pytest.approx(1, abs=0.05)
        assert sampled_frames(info.path, 3).__next__().timestamp == 0


@pytest.mark.parametrize("sample_rate", [0.5, 1, 3, 4.7, 10, 30, 60])
@pytest.mark.parametrize("times", [np.arange(100) / 30, VARIABLE, np.arange(40) / 7.0], ids=["30", "variable", "7"])
def test_the_grid_takes_the_nearest_frame_once_and_none_is_made_up(tmp_path, times, sample_rate):
    tick = Fraction(1, 1000)
    times = np.round(times, 3)  # a tick of 1 ms, so that the file's times are these
    path = write(tmp_path / "v.mkv", times, tick=tick)
    timestamps, numbers = read(path, sample_rate)
    assert numbers.tolist() == nearest_on_grid(times, sample_rate)
    np.testing.assert_allclose(timestamps, times[numbers], atol=1e-9)


@pytest.mark.parametrize("options", [{}, {"x264-params": "open-gop=1"}], ids=["closed", "open"])
@pytest.mark.parametrize("sample_rate", [0.5, 3])
def test_pictures_that_nothing_needs_are_not_decoded_and_the_others_are_the_same(tmp_path, sample_rate, options):
    wanted = {"g": "25", "bf": "3", "b-adapt": "0", "sc_threshold": "0", **options}
    path = write(tmp_path / "v.mp4", np.arange(200) / FPS, options=wanted)
    every = {frame.timestamp: frame.image for frame in sampled_frames(path, 100)}
    sampled = list(sampled_frames(path, sample_rate))
    assert len(sampled) == pytest.approx(200 / FPS * sample_rate, abs=1)
    assert all(np.array_equal(every[frame.timestamp], frame.image) for frame in sampled)
    with Source(path) as source:
        n_decoded = len(list(_decoded(source, Grid(1 / sample_rate, 0.0))))
    # of 25 pictures of a closed group, 7 are references; an open one needs all its references
    assert n_decoded < (40 if options == {} and sample_rate < 1 else 125)


@pytest.mark.parametrize("options", [{}, {"x264-params": "open-gop=1"}, {"x264-params": "b-pyramid=none"}], ids=str)
def test_pictures_that_are_decoded_in_any_case_are_taken_instead_of_b_pictures(tmp_path, options):
    wanted = {"preset": "veryfast", "g": "50", "bf": "2", "b-adapt": "0", "sc_threshold": "0", **options}
    path = write(tmp_path / "v.mp4", np.arange(240) / FPS, options=wanted)
    every = {frame.timestamp: frame.image for frame in sampled_frames(path, 100)}
    exact = [frame.timestamp for frame in sampled_frames(path, 3)]
    pictures = list(sampled_pictures(path, 3, lambda height, width: 1.0))
    times = np.array([picture.timestamp for picture in pictures])
    assert len(times) == len(exact)
    assert 0 < np.abs(times - exact).max() <= LEEWAY / 3 + 1e-6
    assert all(np.array_equal(every[picture.timestamp], picture.image) for picture in pictures)
    for done in range(1, len(times), 4):  # going on after any of them
        rest = sampled_pictures(path, 3, lambda h, w: 1.0, first_timestamp=times[0], after=times[done - 1])
        assert [picture.timestamp for picture in rest] == times[done:].tolist()
    n_decoded = []
    for leeway in (0.0, LEEWAY / 3):
        with Source(path) as source:
            n_decoded.append(len(list(_decoded(source, Grid(1 / 3, 0.0, leeway)))))
    assert n_decoded[1] < n_decoded[0]


class NumberedFrame:
    """As much of a decoded frame as `sampled_frames` uses; its picture is its index."""

    def __init__(self, index: int) -> None:
        self.index = index


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.integers(1, 1500), min_size=0, max_size=60),
    st.integers(0, 5000),
    st.floats(0.5, 120),
    st.randoms(use_true_random=False),
)
def test_for_any_times_the_grid_rule_holds_and_going_on_changes_nothing(steps, start, sample_rate, random):
    times = np.cumsum([start, *steps]) / 1000

    def decoded(source: None, entry: float, grid: Grid):
        earliest = int(np.searchsorted(times, entry, side="right")) - 1
        begin = random.randint(0, max(0, earliest)) if entry > 0 else 0  # any key frame before
        return ((float(times[k]), NumberedFrame(k)) for k in range(begin, len(times)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.video.frames._timed_from", decoded)
        whole = list(_sampled(None, sample_rate))
        chosen = [frame.index for _, frame in whole]
        assert [timestamp for timestamp, _ in whole] == times[chosen].tolist()
        assert np.all(np.diff(chosen) > 0)
        period = 1 / sample_rate
        offset = (times - times[0]) * sample_rate
        clear = np.abs(offset - np.floor(offset) - 0.5) > 1e-3  # not half-way between two grid times
        for index in chosen:
            target = times[0] + np.round(offset[index]) * period
            assert np.abs(times - target).min() >= abs(times[index] - target) - 2e-6 or not clear[index]
        if len(times) > 1 and np.diff(times).min() > period:
            assert chosen == list(range(len(times)))
        for done in {1, len(whole) // 2 + 1, len(whole)} & set(range(1, len(whole) + 1)):
            rest = _sampled(None, sample_rate, first_timestamp=whole[0][0], after=whole[done - 1][0])
            assert [frame.index for _, frame in rest] == chosen[done:]


def test_above_its_own_rate_every_frame_is_taken_once(constant):
    for sample_rate in (31, 100, 1000):
        assert read(constant, sample_rate)[1].tolist() == list(range(4 * FPS))


@pytest.mark.parametrize("sample_rate", [0.4999, 0, -3, np.inf, np.nan])
def test_a_sample_rate_out_of_range_is_refused_by_value(constant, sample_rate):
    with pytest.raises(ValueError, match=rf"0\.5 Hz, got {sample_rate}"):
        next(sampled_frames(constant, sample_rate))


@pytest.mark.parametrize("extension", ["mp4", "mkv", "ts", "flv", "avi"])
@pytest.mark.parametrize("options", [{"bf": "0"}, {"bf": "3", "b-adapt": "0", "x264-params": "open-gop=1"}], ids=str)
def test_going_on_after_any_row_gives_the_frames_of_an_unbroken_reading(tmp_path, extension, options):
    if extension == "avi" and options["bf"] != "0":
        options = {"bf": "0", "g": "300"}  # avi holds no B-frames; one key frame only is its hard case
    tick = Fraction(1, 30) if extension == "avi" else Fraction(1, 1000)
    times = np.arange(150) / 30 if extension == "avi" else np.cumsum(np.tile([0.031, 0.02, 0.06], 50)) + 3
    path = write(tmp_path / f"v.{extension}", times, options=options, tick=tick)
    whole = list(sampled_frames(path, 7))
    assert len(whole) > 30
    for done in [*range(1, len(whole), 5), len(whole)]:
        rest = list(sampled_frames(path, 7, first_timestamp=whole[0].timestamp, after=whole[done - 1].timestamp))
        assert [f.timestamp for f in rest] == [f.timestamp for f in whole[done:]]
        assert all(np.array_equal(a.image, b.image) for a, b in zip(rest, whole[done:], strict=True))


@pytest.mark.parametrize("extension", ["mp4", "mkv", "ts", "flv"])
def test_a_late_entry_does_not_read_the_file_from_its_start(tmp_path, extension):
    path = write(tmp_path / f"v.{extension}", np.arange(300) / 10, width=64, height=48, options={"bf": "2"})
    for time in (15.0, 23.35, 29.5):
        with Source(path) as source:
            first, _ = next(_timed_from(source, time))
        assert time - 12 < first <= time


def test_going_on_needs_the_origin_of_the_grid(constant):
    with pytest.raises(ValueError, match="first_timestamp"):
        next(sampled_frames(constant, 3, after=1.0))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_picture_is_given_upright(tmp_path, rotation):
    path = write(tmp_path / "v.mp4", SECOND, rotation=rotation)
    info = probe(path)
    assert (info.width, info.height, info.rotation) == (160, 120, rotation)
    frames = list(sampled_frames(path, 10))
    assert frames[0].image.shape == (120, 160, 3)
    assert frames[0].image.flags.c_contiguous
    assert [number_of(f.image) for f in frames] == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 29]
    np.testing.assert_allclose(colours_of(frames[-1].image), COLOURS, atol=6)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "size"),
    [
        ("ffv1", "yuv444p", (319, 181)),
        ("libx264", "yuv444p", (319, 181)),
        ("ffv1", "yuv420p", (161, 121)),
        ("libx265", "yuv420p10le", (160, 120)),
        ("libx264", "yuvj420p", (160, 120)),
        ("mjpeg", "yuvj420p", (160, 120)),
        ("libvpx-vp9", "yuv420p", (160, 120)),
    ],
)
def test_odd_sizes_ten_bits_and_full_range_give_the_true_colours(tmp_path, codec, pixel_format, size):
    width, height = size
    path = write(tmp_path / "v.mkv", SECOND[:12], codec=codec, pixel_format=pixel_format, width=width, height=height)
    info = probe(path)
    assert (info.width, info.height, info.pixel_format) == (width, height, pixel_format)
    frames = list(sampled_frames(path, 30))
    assert [number_of(f.image) for f in frames] == list(range(12))
    assert frames[0].image.shape == (height, width, 3)
    np.testing.assert_allclose(colours_of(frames[6].image), COLOURS, atol=7)


def test_probe_tells_what_the_file_holds(constant, tmp_path):
    info = probe(constant)
    assert (info.path, info.codec, info.pixel_format, info.has_audio) == (constant, "h264", "yuv420p", True)
    assert info.duration == pytest.approx(4, abs=0.05)
    assert info.fps == pytest.approx(30, abs=0.1)
    assert not probe(write(tmp_path / "mute.mp4", SECOND)).has_audio


@pytest.fixture(scope="module")
def eight(folder) -> Path:
    """8 s in mkv."""
    return write(folder / "eight.mkv", np.arange(8 * 15) / 15, Sound(tone(220, 8), codec="aac"))


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_of_a_truncated_file_the_readable_part_is_given_and_the_user_told(tmp_path, eight, kind):
    if kind == "mp4":
        times, sound = np.arange(8 * 15) / 15, Sound(tone(220, 8), codec="aac")
        eight = write(tmp_path / "eight.mp4", times, sound, flags={"movflags": "faststart"})
    cut = cut_short(eight, tmp_path / f"cut.{kind}")
    damage = Damage()
    timestamps, numbers = read(cut, 5, damage=damage)
    assert 3 < timestamps[-1] < 6
    np.testing.assert_allclose(numbers / 15, timestamps, atol=1e-3)
    assert numbers.tolist() == read(eight, 5)[1][: len(numbers)].tolist()
    duration = probe(cut).duration
    assert duration == pytest.approx(8, abs=0.1)
    assert (
        f"says {duration:.1f} s but its pictures end at {damage.last_timestamp:.1f} s" in damage.warnings(duration)[-1]
    )
    assert sum(len(b.samples) for b in sound_blocks(cut)) / 16_000 == pytest.approx(timestamps[-1], abs=1.2)


def test_an_undamaged_file_gives_no_warning(eight):
    damage = Damage()
    assert len(read(eight, 5, damage=damage)[0]) == 41
    assert damage.warnings(probe(eight).duration) == []


def test_frames_that_have_no_time_of_their_own_are_counted_not_given(monkeypatch):
    times = [(5, False), (6, False), (None, False), (6, False), (8, False), (8, False), (9, False)]
    frames = [
        SimpleNamespace(pts=pts, interlaced_frame=False, width=4, height=4, format=SimpleNamespace(name=""))
        for pts, _ in times
    ]
    monkeypatch.setattr("core.video.frames._decoded", lambda *_: iter(frames))
    damage = Damage()
    source = SimpleNamespace(damage=damage, interlaced=False, time=lambda frame: frame.pts - 5)
    given = list(_timed(source))
    assert [(t, f.pts) for t, f in given] == [(0, 5), (1, 6), (3, 8), (4, 9)]
    assert (damage.frames_without_time, damage.last_timestamp) == (3, 4)
    assert damage.warnings(4) == [
        "3 frames without a time of their own were skipped",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_corrupt_stretch_is_counted_and_passed_over(tmp_path, constant, seed):
    bad = corrupted(constant, tmp_path / "bad.mp4", 0.4, 0.5, seed=seed)
    damage = Damage()
    frames = list(sampled_frames(bad, 30, damage=damage))
    assert damage.bad_packets > 0
    assert any("damaged packets" in w for w in damage.warnings(4))
    assert 80 < len(frames) < 4 * FPS
    assert frames[-1].timestamp == pytest.approx(4 - 1 / FPS, abs=1e-3)
    for frame in frames:  # away from the damage, up to the next key frame, every picture is the true one
        if not 1.2 < frame.timestamp < 2.5:
            assert number_of(frame.image) == round(frame.timestamp * FPS)


@pytest.mark.parametrize("extension", ["mkv", "ts", "flv", "avi", "webm"])
@pytest.mark.parametrize("seed", range(3))
def test_no_damage_stops_the_reading_with_another_error(tmp_path, extension, seed):
    mp3 = Sound(tone(220, 2, audio_rate=44_100), 44_100, codec="libmp3lame")
    sound = replace(AAC, codec="libopus") if extension == "webm" else mp3
    codec = "libvpx" if extension == "webm" else "libx264"
    options = {"deadline": "realtime", "cpu-used": "8"} if extension == "webm" else {}
    whole = write(tmp_path / f"v.{extension}", np.arange(45) / FPS, sound, codec=codec, options=options)
    for begin, end in ((0.1, 0.12), (0.5, 0.6), (0.97, 1.0)):
        bad = corrupted(whole, tmp_path / f"bad.{extension}", begin, end, seed=seed)
        timestamps = [f.timestamp for f in sampled_frames(bad, 10)]
        assert np.all(np.diff(timestamps) > 0)
        starts = [b.start for b in sound_blocks(bad)]
        assert np.all(np.diff(starts) > 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.mp4", "no such file.*check the path"),
        ("folder", "no such file.*check the path"),
        ("empty.mp4", "empty.*0 bytes.*copy or download"),
        ("text.mp4", "no readable video.*Invalid data.*expected a video file"),
        ("zeros.mp4", "no readable video.*expected a video file"),
        ("cut.mp4", "no readable video.*lost its index.*repair"),
        ("sound.m4a", "no video stream, only sound; Punchline needs"),
        ("cover.mp3", "no video stream, only sound; Punchline needs"),
        ("cover.mp4", "no video stream, only sound; Punchline needs"),
    ],
)
def test_what_cannot_be_read_says_which_file_what_and_what_to_do(tmp_path, name, expected):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "empty.mp4":
        path.touch()
    elif name == "text.mp4":
        path.write_text("These are words and no video.\n" * 40)
    elif name == "zeros.mp4":
        path.write_bytes(bytes(5000))
    elif name == "cut.mp4":
        cut_short(write(tmp_path / "whole.mp4", SECOND, AAC), path)
    elif name == "sound.m4a":
        write(path, None, AAC)
    elif name.startswith("cover"):
        codec = "libmp3lame" if name.endswith("mp3") else "aac"
        write_with_cover(path, Sound(tone(220, 1, audio_rate=44_100), 44_100, codec=codec))
    for reader in (probe, lambda p: next(sampled_frames(p, 3)), lambda p: frame_at(p, 0.5)):
        with pytest.raises(VideoUnreadable, match=expected) as caught:
            reader(path)
        assert str(path) in str(caught.value)
        assert "Errno" not in str(caught.value)


@pytest.mark.parametrize("extension", ["mp4", "mkv", "ts"])
def test_frame_at_gives_the_picture_on_show(tmp_path, extension):
    times = np.round(VARIABLE, 3)
    path = write(tmp_path / f"v.{extension}", times + 2, tick=Fraction(1, 1000), options={"bf": "2"})
    for k in (0, 1, 11, 12, 13, 40, 59, 60, len(times) - 1):
        following = times[k + 1] if k + 1 < len(times) else times[k] + 0.5
        for time in (times[k] + 2e-3, (times[k] + following) / 2):
            frame = frame_at(path, time)
            assert number_of(frame.image) == k
            assert frame.timestamp == pytest.approx(times[k], abs=1.1e-3)
    assert number_of(frame_at(path, 0).image) == 0
    with pytest.raises(VideoUnreadable, match=r"asked for the picture at 60\.00 s, but the video ends at"):
        frame_at(path, 60)


def test_a_reading_that_is_left_closes_its_file(constant):
    frames = sampled_frames(constant, 3)
    next(frames)
    frames.close()
    assert str(constant) not in [file.path for file in psutil.Process().open_files()]
