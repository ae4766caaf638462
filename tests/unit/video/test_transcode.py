"""Pictures and sound keep their times when they are copied or encoded again."""

from fractions import Fraction
from math import inf
from pathlib import Path

import av
import numpy as np
import pytest

from core.video.container import Source
from core.video.transcode import Sounds, copy, encode
from core.video.writer import Recipe, Writer
from tests import media


def beeps(times: list[float], duration: float, audio_rate: int = 48_000) -> np.ndarray:
    """Silence with a tone of 0.1 s at some times."""
    samples = np.zeros(round(duration * audio_rate))
    for time in times:
        tone = media.tone(1000, 0.1, audio_rate=audio_rate)
        begin = round(time * audio_rate)
        samples[begin : begin + len(tone)] = tone
    return samples


def pictures_of(path: Path) -> list[tuple[float, int]]:
    """Seconds from the container's start and the number of each picture."""
    with av.open(str(path)) as container:
        start = (container.start_time or 0) / av.time_base
        return [
            (float(frame.pts * frame.time_base) - start, media.number_of(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(video=0)
        ]


def beeps_of(path: Path, track: int = 0) -> list[float]:
    """Seconds from the container's start at which a tone begins in a sound track."""
    found: list[float] = []
    last = -1.0
    with av.open(str(path)) as container:
        start = (container.start_time or 0) / av.time_base
        for frame in container.decode(audio=track):
            level = np.abs(frame.to_ndarray().astype(np.float64)).max(axis=0)
            for k in np.flatnonzero(level > 0.15):
                time = float(frame.pts * frame.time_base) - start + k / frame.sample_rate
                if time - last > 0.05:
                    found.append(time)
                last = time
    return found


def beep_of(path: Path, track: int = 0) -> float:
    (time,) = beeps_of(path, track)
    return time


def converted(path: Path, target: Path, start: float, end: float, rate: Fraction | None = None) -> Path:
    recipe = Recipe(media.WIDTH, media.HEIGHT, rate=rate, preset="ultrafast")
    with Source(path) as source, Writer(target, source, recipe=recipe) as writer:
        encode(source, writer, start, end)
    return target


def test_a_hole_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    sound = media.Sound(beeps([0.5, 5.0], 6.0), holes=((2.0, 4.0),), codec="pcm_s16le")
    path = media.write(tmp_path / "v.mkv", np.arange(150) / 25, sound)
    assert beeps_of(converted(path, tmp_path / "o.mp4", 0, 6)) == pytest.approx([0.5, 5.0], abs=0.01)


def test_a_late_sound_stays_late_and_a_cut_one_begins_at_zero(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mkv", np.arange(150) / 25, media.Sound(beeps([1.0], 4.0), start=1.5))
    assert beep_of(converted(path, tmp_path / "a.mp4", 0, 6)) == pytest.approx(2.5, abs=0.01)
    assert beep_of(converted(path, tmp_path / "b.mp4", 2.2, 6)) == pytest.approx(0.3, abs=0.01)


def test_a_constant_rate_repeats_and_leaves_out_pictures(tmp_path: Path) -> None:
    times = np.array([0.0, 0.04, 0.05, 0.5, 0.9])
    path = media.write(tmp_path / "v.mkv", times)
    found = pictures_of(converted(path, tmp_path / "o.mp4", 0, 1, Fraction(25)))
    assert [time for time, _ in found] == pytest.approx(list(np.arange(25) / 25), abs=1e-3)
    assert [number for _, number in found] == [0, 1, *[2] * 10, *[3] * 10, *[4] * 3]


def test_twice_the_rate_leaves_out_every_second_picture(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mkv", np.arange(100) / 50)
    found = pictures_of(converted(path, tmp_path / "o.mp4", 0, 2, Fraction(25)))
    assert [number for _, number in found] == list(range(0, 100, 2))


def test_a_still_that_lasts_over_the_whole_part_is_shown(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mkv", np.array([0.0, 0.1, 5.0, 5.1]))
    found = pictures_of(converted(path, tmp_path / "o.mp4", 2, 4))
    assert {number for _, number in found} == {1}
    assert found[0][0] == 0
    assert found[-1][0] == pytest.approx(2.0, abs=0.1)


def test_damaged_packets_do_not_move_what_follows(tmp_path: Path) -> None:
    times = np.arange(200) / 25
    sound = media.Sound(beeps([7.0], 8.0), codec="aac")
    path = media.corrupted(media.write(tmp_path / "v.ts", times, sound), tmp_path / "bad.ts", 0.4, 0.45)
    late = pictures_of(tmp_path / "v.ts")[0][0]
    out = converted(path, tmp_path / "o.mp4", 0, 8)
    shown = pictures_of(out)
    assert any(number == 190 and time == pytest.approx(190 / 25 + late, abs=0.02) for time, number in shown)
    assert beeps_of(out)[-1] == pytest.approx(7.0 + late, abs=0.1)


def test_a_copy_begins_at_its_keyframe(tmp_path: Path) -> None:
    sound = media.Sound(beeps([2.0], 4.0), codec="aac")
    path = media.write(tmp_path / "v.mp4", np.arange(100) / 25, sound, options={"g": "10", "bf": "2"})
    with Source(path) as source, Writer(tmp_path / "o.mp4", source, recipe=None, copied_sounds={"aac"}) as writer:
        copy(source, writer, 1.2, 3.0)
    found = pictures_of(tmp_path / "o.mp4")
    assert [number for _, number in found][:45] == list(range(30, 75))
    assert found[0][0] == pytest.approx(0.0, abs=0.02)
    assert beep_of(tmp_path / "o.mp4") == pytest.approx(0.8, abs=0.02)


def test_sound_whose_times_stand_still_runs_on() -> None:
    class Heard:
        rate, layout, n_written = 48_000, "mono", 0

        def write(self, samples: np.ndarray) -> None:
            self.n_written += len(samples)

    heard = Heard()
    sounds = Sounds(heard, 0.0, inf)
    for frame in media.sound_frames(media.Sound(media.tone(440, 2)), "flt", 9600):
        sounds.add(frame, 0.0)
    assert heard.n_written == 96_000
