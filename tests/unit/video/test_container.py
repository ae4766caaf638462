"""Packets from any time on, also of damaged files."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.error import InvalidDataError

from core.errors import VideoUnreadable
from core.video.container import Source
from core.video.frames import frame_at
from tests import media


def test_keyframes_are_found_without_decoding(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.mp4", np.arange(100) / 25, options={"g": "10", "bf": "2", "sc_threshold": "0"})
    with Source(path) as source:
        assert source.keyframes(1.0, 2.1) == pytest.approx([0.8, 1.2, 1.6, 2.0])
        assert source.keyframes(0.0, 0.0) == pytest.approx([0.0])


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "flv"])
@pytest.mark.parametrize("time", [0.0, 1.3, 3.9])
def test_every_picture_from_a_time_on_can_be_decoded(tmp_path: Path, suffix: str, time: float) -> None:
    path = media.write(tmp_path / f"v.{suffix}", np.arange(100) / 25, options={"g": "25", "bf": "0"})
    with Source(path) as source:
        source.go(time)
        found = [
            media.number_of(frame.to_ndarray(format="rgb24"))
            for packet in source.packets()
            if packet.stream is source.video
            for frame in packet.decode()
        ]
    assert found[0] <= round(time * 25)
    assert found == list(range(found[0], 100))


def test_the_shape_of_pixels_is_known_behind_megabytes_of_sound(tmp_path: Path) -> None:
    """Where FFmpeg looks for what a stream holds, there is no picture yet."""
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w", options={"max_interleave_delta": "1"}) as container:
        video, audio = container.add_stream("libx264", rate=25), container.add_stream("pcm_f32le", rate=192_000)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        video.codec_context.sample_aspect_ratio = Fraction(2)
        sound = media.Sound(media.tone(220, 7, audio_rate=192_000), 192_000)
        for frame in media.sound_frames(sound, audio.format.name, 1024):
            container.mux(audio.encode(frame))
        for k in range(25):
            frame = av.VideoFrame.from_ndarray(media.numbered(k), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    with Source(path) as source:
        assert source.shape.square == (320, 120)
    assert frame_at(path, 0.5).image.shape == (120, 320, 3)


def test_a_cover_is_no_picture(tmp_path: Path) -> None:
    path = media.write_with_cover(tmp_path / "song.mp4", media.Sound(media.tone(440, 1.0), codec="aac"))
    with Source(path) as source, pytest.raises(VideoUnreadable, match="no video stream"):
        source.video  # noqa: B018


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoUnreadable, match=r"gone\.mp4: no such file"):
        Source(tmp_path / "gone.mp4")


def test_times_count_from_the_containers_start(tmp_path: Path) -> None:
    path = media.write(tmp_path / "v.ts", 5 + np.arange(50) / 25)
    with av.open(str(path)) as container:
        assert container.start_time > 0
    with Source(path) as source:
        first = next(packet for packet in source.packets() if packet.stream is source.video)
        assert source.time(first) == pytest.approx(0.0, abs=1e-6)


class BrokenContainer:
    """Packets 0 to 9; reading the ones in `broken` fails, and a generator that has raised is finished."""

    duration, format = None, SimpleNamespace(name="mp4")

    def __init__(self, broken: set[int]) -> None:
        self.broken, self.position = broken, 0

    def demux(self, streams: object):
        while self.position < 10:
            k, self.position = self.position, self.position + 1
            if k in self.broken:
                raise InvalidDataError(1, "planted")
            yield SimpleNamespace(
                stream=SimpleNamespace(type="audio", index=0), number=k, pts=k, dts=k, time_base=Fraction(1, 25)
            )

    def close(self) -> None:
        pass


def test_the_reading_goes_on_behind_a_packet_that_cannot_be_read(tmp_path: Path) -> None:
    with Source(media.write(tmp_path / "v.mp4", np.arange(3) / 25)) as source:
        source.container.close()
        source.container = BrokenContainer({3, 4, 8})
        assert [packet.number for packet in source.packets(None)] == [0, 1, 2, 5, 6, 7, 9]
    assert source.damage.bad_packets == 3
