"""What browsers play, and proxies whose time is the source's."""

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import PunchlineError, StorageFault, VideoUnreadable
from core.playback.proxy import make_minute, make_proxy, plan
from core.video.container import Source
from tests import media
from tests.unit.video.test_transcode import beep_of, beeps, pictures_of

TIMES = np.arange(75) / 25
QUICK = {"deadline": "realtime", "cpu-used": "8"}
AAC = media.Sound(beeps([1.3], 3.0, 44_100), audio_rate=44_100, codec="aac")

# name -> how it is written, how it can be played
FILES: dict[str, tuple[dict, str]] = {
    "h264.mp4": ({"sound": AAC}, "direct"),
    "h264.mkv": ({"sound": AAC}, "direct"),
    "silent.mov": ({}, "direct"),
    "vp9.webm": ({"codec": "libvpx-vp9", "options": QUICK}, "direct"),
    "vp8.webm": (
        {"codec": "libvpx", "options": QUICK, "sound": media.Sound(beeps([1.3], 3.0), codec="libopus")},
        "direct",
    ),
    "h264.ts": ({"sound": AAC}, "remux"),
    "h264.flv": ({"sound": AAC}, "remux"),
    "h264.bin": ({"sound": AAC}, "remux"),
    "pcm.mov": ({"sound": media.Sound(beeps([1.3], 3.0), codec="pcm_s16le")}, "remux"),
    "hevc.mp4": ({"codec": "libx265", "sound": AAC}, "transcode"),
    "ten_bit.mp4": ({"pixel_format": "yuv420p10le"}, "transcode"),
    "mpeg2.ts": ({"codec": "mpeg2video", "tick": 1 / 25, "options": {"bf": "2"}}, "transcode"),
    "mpeg4.avi": ({"codec": "mpeg4", "tick": 1 / 25}, "transcode"),
    "prores.mov": ({"codec": "prores_ks", "pixel_format": "yuv422p10le"}, "transcode"),
}


def write(folder: Path, name: str, times: np.ndarray = TIMES, **more: object) -> Path:
    settings = dict(FILES[name][0]) | more
    if "tick" in settings:
        settings["tick"] = Fraction(settings["tick"]).limit_denominator(1000)
    path = folder / name
    if path.suffix == ".bin":
        return media.write(folder / "v.mp4", times, **settings).rename(path)
    return media.write(path, times, **settings)


@pytest.mark.parametrize("name", list(FILES))
def test_what_browsers_play_is_known_and_a_proxy_keeps_the_time(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name)
    playback = plan(path)
    assert playback.mode == FILES[name][1]
    assert (playback.estimated_bytes > 0) == (playback.mode != "direct")
    made = make_proxy(path, tmp_path / "proxy.mp4")
    assert plan(made.path).mode == "direct"
    assert made.offset == 0
    with Source(made.path) as source:
        assert float(source.start) == pytest.approx(0.0, abs=0.001)
    source_pictures, proxy_pictures = pictures_of(path), pictures_of(made.path)
    assert [number for _, number in proxy_pictures] == [number for _, number in source_pictures]
    assert [t for t, _ in proxy_pictures][1:] == pytest.approx([t for t, _ in source_pictures][1:], abs=0.002)
    if FILES[name][0].get("sound"):
        assert beep_of(made.path) == pytest.approx(beep_of(path), abs=0.02)


# The container's start is that of the earlier stream, and need not be 0.
@pytest.mark.parametrize("name", ["h264.ts", "hevc.mkv", "h264.mkv"])
@pytest.mark.parametrize(("picture_start", "sound_start"), [(0.5, 0.0), (0.0, 0.7), (2.0, 2.6)])
def test_streams_that_start_apart_stay_apart(
    tmp_path: Path, name: str, picture_start: float, sound_start: float
) -> None:
    sound = media.Sound(beeps([1.0], 3.0), codec="aac", start=sound_start)
    codec = "libx265" if "hevc" in name else "libx264"
    path = media.write(tmp_path / name, TIMES + picture_start, sound, codec=codec)
    made = make_proxy(path, tmp_path / "proxy.mp4")
    assert made.mode == ("transcode" if "hevc" in name else "remux")
    found = {number: time for time, number in reversed(pictures_of(path))}
    shown = {number: time for time, number in pictures_of(made.path)}  # the first may be shown from 0 on
    assert set(shown) == set(found)
    assert [shown[k] for k in range(75)] == pytest.approx([found[k] for k in range(75)], abs=0.005)
    assert beep_of(made.path) == pytest.approx(beep_of(path), abs=0.02)
    with Source(made.path) as source:
        assert float(source.start) == pytest.approx(0.0, abs=0.001)


def test_the_track_that_is_heard_is_played(tmp_path: Path) -> None:
    silent = media.Sound(np.zeros(3 * 48_000), codec="aac")
    first = media.write(tmp_path / "a.mkv", TIMES, silent)
    path = media.with_tracks(first, tmp_path / "v.mkv", media.Sound(beeps([1.3], 3.0), codec="aac"))
    assert plan(path).mode == "remux"
    proxy = make_proxy(path, tmp_path / "proxy.mp4").path
    assert plan(proxy).mode == "direct"
    assert beep_of(proxy) == pytest.approx(1.3, abs=0.03)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_file_whose_times_begin_late_is_repacked(tmp_path: Path, suffix: str) -> None:
    sound = media.Sound(beeps([1.0], 3.0), codec="aac", start=5.0)
    path = media.write(tmp_path / f"v.{suffix}", TIMES + 5, sound)
    assert plan(path).mode == "remux"
    with Source(make_proxy(path, tmp_path / "proxy.mp4").path) as source:
        assert float(source.start) == pytest.approx(0.0, abs=0.001)


def test_a_variable_rate_keeps_every_pictures_time(tmp_path: Path) -> None:
    times = np.array([0.0, 0.05, 0.06, 1.5, 1.52, 2.9])
    path = media.write(tmp_path / "v.mkv", times, codec="libx265")
    found = pictures_of(make_proxy(path, tmp_path / "proxy.mp4").path)
    assert [number for _, number in found] == list(range(6))
    assert [time for time, _ in found] == pytest.approx(list(times), abs=0.002)


def test_a_large_picture_becomes_smaller_and_upright(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mp4", TIMES[:10], codec="libx265", width=322, height=242, rotation=270)
    with av.open(str(make_proxy(path, tmp_path / "proxy.mp4", height=120).path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (160, 120, 0)
        assert media.number_of(frame.to_ndarray(format="rgb24")) == 0


def test_pixels_and_tags_agree(tmp_path: Path) -> None:
    red, grey = (63, 102, 240), (143, 128, 128)  # in BT.709; reference white in PQ
    hd = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}
    hdr = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": 16}
    for colour, tags in ((red, hd), (grey, hdr)):
        path = media.write_plain(
            tmp_path / "v.mkv",
            colour,
            codec="libx265",
            pixel_format="yuv420p10le" if tags is hdr else "yuv420p",
            **tags,
        )
        frame = media.first_frame(make_proxy(path, tmp_path / "proxy.mp4").path)
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)
        shown = [bytes(plane)[0] for plane in frame.planes]
        np.testing.assert_allclose(shown, red if tags is hd else (shown[0], 128, 128), atol=2)
    assert 200 < shown[0] <= 235


@pytest.mark.parametrize(("name", "codec"), [("v.mpg", "mpeg2video"), ("v.mp4", "libx264")])
def test_an_anamorphic_interlaced_picture_is_shown_as_it_is_meant(tmp_path: Path, name: str, codec: str) -> None:
    path = media.interlaced(tmp_path / name, aspect=Fraction(4, 3), codec=codec)
    assert plan(path).mode == "transcode"
    with av.open(str(make_proxy(path, tmp_path / "proxy.mp4").path)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 25
    assert (frames[5].width, frames[5].height) == (212, 120)
    assert media.combs(frames[5]) < 40


@pytest.mark.parametrize(("name", "mode"), [("hevc.mp4", "transcode"), ("h264.ts", "remux")])
def test_a_minute_is_wanted_first(tmp_path: Path, name: str, mode: str) -> None:
    times = np.arange(0, 130, 0.5)
    sound = media.Sound(beeps([70.0], 130.0), codec="aac")
    path = write(tmp_path, name, times, sound=sound)
    late = pictures_of(path)[0][0]
    made = make_minute(path, tmp_path / "minute.mp4", 1)
    assert made.mode == mode
    assert made.offset == 60 if mode == "transcode" else 53 < made.offset <= 60
    with Source(made.path) as source:
        assert float(source.start) == pytest.approx(0.0, abs=0.03)
    found = {number: time for time, number in reversed(pictures_of(made.path))}
    for number in range(121, 239):
        assert found[number] + made.offset == pytest.approx(number / 2 + late, abs=0.01)
    assert max(found) < 250
    assert beep_of(made.path) + made.offset == pytest.approx(beep_of(path), abs=0.03)
    with pytest.raises(PunchlineError, match=r"asked for 180\.0 to 240\.0 s of 1\d\d"):
        make_minute(path, tmp_path / "minute.mp4", 3)


def test_what_on_progress_raises_leaves_nothing(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    told: list[tuple[float, float]] = []

    def stop(completed: float, total: float) -> None:
        told.append((completed, total))
        if len(told) == 3:
            raise Stop

    for name in ("hevc.mp4", "h264.ts"):
        path = write(tmp_path, name)
        target = tmp_path / name / ".." / "out" / "proxy.mp4"
        (tmp_path / "out").mkdir(exist_ok=True)
        with pytest.raises(Stop):
            make_proxy(path, tmp_path / "out" / target.name, end=3.0, on_progress=stop)
        assert list((tmp_path / "out").iterdir()) == []
        assert told == sorted(told)
        assert {total for _, total in told} == {3.0}
        told.clear()


def test_a_proxy_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = write(tmp_path, "hevc.mp4")
    target = tmp_path / "proxy.mp4"
    target.write_bytes(b"old")

    def stop(completed: float, total: float) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        make_proxy(path, target, on_progress=stop)
    assert target.read_bytes() == b"old"


def test_too_little_room_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "hevc.mp4")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(StorageFault, match="0 MB are free"):
        make_proxy(path, tmp_path / "proxy.mp4")


def test_the_estimate_is_an_upper_bound(tmp_path: Path) -> None:
    path = write(tmp_path, "hevc.mp4", np.arange(250) / 25)
    estimated = plan(path).estimated_bytes
    assert make_proxy(path, tmp_path / "proxy.mp4").path.stat().st_size < estimated


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoUnreadable, match="no such file"):
        plan(tmp_path / "gone.mp4")


def test_a_cut_short_file_becomes_what_can_be_read(tmp_path: Path) -> None:
    path = media.cut_short(write(tmp_path, "h264.ts"), tmp_path / "short.ts")
    found = pictures_of(make_proxy(path, tmp_path / "proxy.mp4").path)
    assert 30 < len(found) < 60
