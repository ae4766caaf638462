"""What is written into MP4 files: sizes, channels, colours, the order of the file."""

from pathlib import Path

import av
import numpy as np
import pytest

from core.video.container import Source
from core.video.probe import probe
from core.video.transcode import copy, encode
from core.video.writer import Recipe, Writer
from tests import media
from tests.unit.video.test_transcode import beep_of, beeps, converted, pictures_of


@pytest.mark.parametrize(
    ("layout", "n", "kept"), [("quad", 4, 4), ("5.1", 6, 6), ("6.1", 7, 7), ("7.1", 8, 8), ("7.1.4", 12, 8)]
)
def test_channels_stay(tmp_path: Path, layout: str, n: int, kept: int) -> None:
    samples = np.zeros((n, 96_000))
    samples[-1] = beeps([0.5], 2.0)  # one channel, of those that are kept
    samples[3] = samples[-1]
    path = media.write(tmp_path / "v.mkv", np.arange(50) / 25, media.Sound(samples, layout=layout, codec="pcm_s16le"))
    out = converted(path, tmp_path / "o.mp4", 0, 2)
    with av.open(str(out)) as container:
        assert container.streams.audio[0].codec_context.channels == kept
        (sound,) = container.streams.audio
        assert float(sound.duration * sound.time_base) == pytest.approx(2.0, abs=0.03)
    if kept < 8:  # PyAV cannot read more planes as an array
        assert beep_of(out) == pytest.approx(0.5, abs=0.01)


def test_a_size_that_changes_in_the_middle_is_scaled(tmp_path: Path) -> None:
    a = media.write(tmp_path / "a.ts", np.arange(25) / 25)
    b = media.write(tmp_path / "b.ts", 1.0 + np.arange(25) / 25, width=240, height=180)
    path = tmp_path / "v.ts"
    path.write_bytes(a.read_bytes() + b.read_bytes())
    found = pictures_of(converted(path, tmp_path / "o.mp4", 0, 2))
    assert len(found) >= 48


def test_the_index_is_at_the_files_head(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mp4", np.arange(50) / 25)
    content = converted(path, tmp_path / "o.mp4", 0, 2).read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_colours_stay(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mp4", np.arange(10) / 25)
    out = converted(path, tmp_path / "o.mp4", 0, 0.4)
    with av.open(str(out)) as container:
        image = next(container.decode(video=0)).to_ndarray(format="rgb24")
    np.testing.assert_allclose(media.colours_of(image), media.COLOURS, atol=12)


def test_a_copied_hevc_track_has_apples_tag(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mkv", np.arange(50) / 25, codec="libx265")
    with Source(path) as source, Writer(tmp_path / "o.mp4", source, recipe=None) as writer:
        copy(source, writer, 0.0)
    assert b"hvc1" in (tmp_path / "o.mp4").read_bytes()
    assert [number for _, number in pictures_of(tmp_path / "o.mp4")] == list(range(50))


def test_bits_are_limited(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mp4", np.arange(250) / 25)
    sizes = []
    for most in (None, 4_000):
        recipe = Recipe(media.WIDTH, media.HEIGHT, crf=1, max_bit_rate=most)
        with Source(path) as source, Writer(tmp_path / "o.mp4", source, recipe=recipe) as writer:
            encode(source, writer, 0, 10)
        sizes.append((tmp_path / "o.mp4").stat().st_size)
    assert sizes[1] < 12 * 4_000 / 8 + 6_000
    assert sizes[1] < sizes[0]
    assert probe(tmp_path / "o.mp4").duration == pytest.approx(10, abs=0.1)
