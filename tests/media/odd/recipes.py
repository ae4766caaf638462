"""How odd files are made: functions that take a folder and give the path of a file in it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests import media
from tests.media import Sound, tone, write
from tests.media.odd.answer import FPS, N

TIMES = np.arange(N) / FPS
Recipe = Callable[[Path], Path]


def sound(codec: str = "aac", rate: int = 44_100, layout: str = "mono", gains: tuple[float, ...] = (1,)) -> Sound:
    """Two seconds of 220 Hz, one gain a channel."""
    return Sound(np.outer(gains, tone(220, 2, audio_rate=rate)), rate, layout=layout, codec=codec)


def late(seconds: float, audio: Sound | None = None) -> Sound:
    """A sound that begins later."""
    audio = audio or sound()
    return Sound(audio.samples, audio.audio_rate, seconds, audio.layout, audio.codec)


def written(name: str, audio: Sound | None = None, *, times: Any = TIMES, mute: bool = False, **how: Any) -> Recipe:
    """Numbered pictures and a sound, as `media.write`."""
    return lambda folder: write(folder / name, times, None if mute else audio or sound(), **how)


def coded(codec: str, name: str = "v.mkv", pixel_format: str = "yuv420p", **how: Any) -> Recipe:
    """Pictures of a codec that wants whole ticks of its rate."""
    return written(name, sound("pcm_s16le"), codec=codec, pixel_format=pixel_format, tick=Fraction(1, FPS), **how)


def heard(codec: str, name: str = "v.mkv", rate: int = 48_000, layout: str = "mono") -> Recipe:
    """Sound of a codec."""
    n = av.AudioLayout(layout).nb_channels
    tick = Fraction(1, FPS) if name.endswith("avi") else Fraction(1, 90_000)  # avi counts pictures
    return written(name, sound(codec, rate, layout, (1,) * n), tick=tick)


def channels(layout: str, *gains: float) -> Recipe:
    """Sound in some of its channels."""
    return written("v.mkv", sound("pcm_s16le", layout=layout, gains=gains))


def paced(rate: str, name: str = "v.mp4", seconds: float = 2.0) -> Recipe:
    """Pictures at a rational rate."""
    fps = Fraction(rate)
    return written(name, times=np.array([float(k / fps) for k in range(round(seconds * fps))]), tick=1 / fps)


def plain(luma: int, **how: Any) -> Recipe:
    """Grey pictures of a luma, with tags of colour."""
    return lambda folder: media.write_plain(folder / "v.mkv", (luma, 128, 128), **how)


def turned(*matrix: int) -> Recipe:
    """A display matrix."""
    return lambda folder: media.with_matrix(write(folder / "flat.mp4", TIMES, sound()), folder / "v.mp4", *matrix)


def remuxed(
    source: Recipe,
    name: str,
    *,
    packet: Callable[[Any, int], bool] = lambda packet, k: True,
    head: Callable[[Any], None] = lambda container: None,
    flags: dict[str, str] | None = None,
    form: str | None = None,
    backwards: bool = False,
) -> Recipe:
    """The same packets elsewhere; `packet` changes each, the k-th of its stream, or leaves it out by False.

    `backwards` puts the last stream first.
    """

    def make(folder: Path) -> Path:
        path = folder / name
        with (
            av.open(str(source(folder))) as original,
            av.open(str(path), "w", format=form, options=flags or {}) as container,
        ):
            streams = reversed(original.streams) if backwards else original.streams
            copies = {stream.index: container.add_stream_from_template(stream) for stream in streams}
            head(container)
            counts = dict.fromkeys(copies, 0)
            for each in original.demux():
                if each.dts is None:
                    continue
                counts[each.stream_index] += 1
                if packet(each, counts[each.stream_index] - 1):
                    each.stream = copies[each.stream_index]
                    container.mux(each)
        return path

    return make


def changed(source: Recipe, name: str, change: Callable[[bytes], bytes]) -> Recipe:
    """The same file with other bytes."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(change(source(folder).read_bytes()))
        return path

    return make


def renamed(name: str, source: Recipe | None = None) -> Recipe:
    """A file of another name."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return (source or written("v.mp4"))(folder).rename(path)

    return make


def of_bytes(name: str, content: bytes) -> Recipe:
    """No video at all."""
    return changed(lambda folder: Path(__file__), name, lambda _: content)


TITLES = {"cp949": "웃긴순간", "shift-jis": "面白い瞬間", "big5": "有趣的瞬間", "utf-16": "웃긴순간"}


def titled(name: str, charset: str) -> Recipe:
    """A title in a charset of its own, or in none."""
    title = TITLES[charset].encode(charset) if charset in TITLES else b"\xff\xfe\xc3("

    def head(container: Any) -> None:
        container.metadata["title"] = "T" * len(title)

    untitled = remuxed(written(f"plain-{name}"), f"t-{name}", head=head)
    return changed(untitled, name, lambda data: data.replace(b"T" * len(title), title, 1))


def tagged(name: str, tags: dict[str, str]) -> Recipe:
    """Tags of a container."""
    return remuxed(written(f"plain-{name}"), name, head=lambda container: container.metadata.update(tags))


def with_first(name: str, codec: str, *, size: tuple[int, int] = (640, 480), n: int = 1, cover: bool = False) -> Recipe:
    """A still, slides or a cover before the film."""

    def make(folder: Path) -> Path:
        # FFmpeg copies AAC into avi so that its times stand still.
        own = sound("pcm_s16le" if name.endswith("avi") else "aac")
        film, path = write(folder / f"film-{name}", TIMES, own), folder / name
        with av.open(str(film)) as original, av.open(str(path), "w") as container:
            still = container.add_stream(codec, rate=1)
            still.width, still.height = size
            still.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24"}.get(codec, "yuv420p")
            if cover:
                still.disposition = av.stream.Disposition.attached_pic
            copies = {stream.index: container.add_stream_from_template(stream) for stream in original.streams}
            for k in range(n):
                picture = av.VideoFrame.from_ndarray(np.full((*size[::-1], 3), 90, np.uint8), format="rgb24")
                picture.pts, picture.time_base = k, Fraction(1)
                container.mux(still.encode(picture.reformat(format=still.pix_fmt)))
            container.mux(still.encode(None))
            for packet in original.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    container.mux(packet)
        return path

    return make


def tracks(name: str, first: Sound, *more: Sound) -> Recipe:
    """Several sound tracks."""
    return lambda folder: media.with_tracks(write(folder / f"one-{name}", TIMES, first), folder / name, *more)


def unknown_sound(*others: Sound) -> Recipe:
    """A first sound track of a codec that no decoder knows, as Apple's spatial sound."""

    def change(data: bytes) -> bytes:
        at = data.index(b"mp4a", data.index(b"moov"))
        esds = data.index(b"esds", at)
        return data[:at] + b"apac" + data[at + 4 : esds] + b"free" + data[esds + 4 :]

    return changed(tracks("known.mp4", sound(), *others), "v.mp4", change)


def unknown_picture(source: Recipe) -> Recipe:
    """A first picture of a codec that no decoder knows."""

    def change(data: bytes) -> bytes:
        moov = data.index(b"moov")
        return data[:moov] + data[moov:].replace(b"avc1", b"zzz1", 1).replace(b"avcC", b"free", 1)

    return changed(source, "v.mp4", change)


def packets_of_204(data: bytes) -> bytes:
    """A transport stream as receivers pass it on: with room for error correction behind each packet."""
    return b"".join(data[k : k + 188] + bytes(16) for k in range(0, len(data), 188))


def joined(name: str, *starts: float, **how: Any) -> Recipe:
    """Transport streams one after the other, each with a clock of its own; the numbers of the pictures run on.

    A value of `how` that is a tuple has one for each.
    """

    def make(folder: Path) -> Path:
        path = folder / name
        data = b""
        for k, start in enumerate(starts):
            piece = folder / f"piece{k}.ts"
            own = {key: value[k] if isinstance(value, tuple) else value for key, value in how.items()}
            _numbered_from(piece, k * N, start, **own)
            data += piece.read_bytes()
        path.write_bytes(data)
        return path

    return make


def _numbered_from(path: Path, first: int, start: float, *, size: int = 1, audio: Sound | None = None) -> None:
    audio = late(start, audio)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": "12", "threads": "1"})
        video.width, video.height, video.pix_fmt = size * media.WIDTH, size * media.HEIGHT, "yuv420p"
        track = container.add_stream(audio.codec, rate=audio.audio_rate, layout=audio.layout)
        packets = []
        for k in range(N):
            picture = media.numbered(first + k, width=video.width, height=video.height)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round((start + k / FPS) * FPS), Fraction(1, FPS)
            packets += video.encode(frame)
        packets += video.encode(None)
        for part in media.sound_frames(audio, track.format.name, track.frame_size or 1024):
            packets += track.encode(part)
        packets += track.encode(None)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        container.mux(packets)


def with_data(name: str) -> Recipe:
    """Readings of a camera's sensors before the film."""

    def make(folder: Path) -> Path:
        film, path = write(folder / f"film-{name}", TIMES, sound()), folder / name
        with av.open(str(film)) as original, av.open(str(path), "w") as container:
            data = container.add_data_stream("bin_data")
            copies = {stream.index: container.add_stream_from_template(stream) for stream in original.streams}
            for k, packet in enumerate(original.demux()):
                if packet.dts is None:
                    continue
                packet.stream = copies[packet.stream.index]
                container.mux(packet)
                if packet.stream.type == "audio":
                    continue
                reading = av.Packet(bytes(range(k % 200, k % 200 + 40)))
                reading.stream, reading.pts, reading.dts = data, packet.dts, packet.dts
                reading.time_base = packet.time_base
                container.mux(reading)
        return path

    return make


def with_texts(name: str) -> Recipe:
    """Subtitles and chapters beside the film."""

    def make(folder: Path) -> Path:
        film, path, texts = write(folder / f"film-{name}", TIMES, sound()), folder / name, folder / "texts.srt"
        texts.write_text("1\n00:00:00,500 --> 00:00:01,400\nㅋㅋㅋ\n", encoding="utf-8")
        with av.open(str(film)) as original, av.open(str(texts)) as lines, av.open(str(path), "w") as container:
            copies = {
                stream: container.add_stream_from_template(stream) for stream in (*lines.streams, *original.streams)
            }
            container.set_chapters([{"id": 1, "start": 0, "end": 1, "time_base": Fraction(1), "metadata": {}}])
            for packet in (*lines.demux(), *original.demux()):
                if packet.dts is not None:
                    packet.stream = copies[packet.stream]
                    container.mux(packet)
        return path

    return make
