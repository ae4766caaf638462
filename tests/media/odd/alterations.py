"""More ways to make odd files: those that change what another recipe has made, or put several together."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from PIL import Image

from tests import media
from tests.media import Sound, numbered, sound_frames, write
from tests.media.odd.answer import FPS, N
from tests.media.odd.recipes import TIMES, Recipe, changed, joined, late, remuxed, sound

RATE = Fraction(1, FPS)


def marked(source: Recipe, name: str, *sounds: Disposition) -> Recipe:
    """What the sound tracks say of their part."""

    def head(container: Any) -> None:
        for stream, disposition in zip(container.streams.audio, sounds):
            stream.disposition = disposition

    return remuxed(source, name, head=head)


def two_films(name: str, size: tuple[int, int], first: Disposition, second: Disposition) -> Recipe:
    """A grey film before the numbered one."""

    def make(folder: Path) -> Path:
        film, path = write(folder / f"film-{name}", TIMES, sound()), folder / name
        with av.open(str(film)) as original, av.open(str(path), "w") as container:
            grey = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "threads": "1"})
            grey.width, grey.height, grey.pix_fmt, grey.disposition = *size, "yuv420p", first
            copies = {stream.index: container.add_stream_from_template(stream) for stream in original.streams}
            copies[0].disposition = second
            packets = []
            for k in range(N):
                frame = av.VideoFrame.from_ndarray(np.full((*size[::-1], 3), 40 + k, np.uint8), format="rgb24")
                frame.pts, frame.time_base = k, RATE
                packets += grey.encode(frame)
            packets += grey.encode(None)
            for packet in original.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream_index]
                    packets.append(packet)
            packets.sort(key=lambda packet: packet.dts * packet.time_base)
            container.mux(packets)
        return path

    return make


def trimmed(source: Recipe, start: float, duration: float) -> Recipe:
    """The edit list of an mp4's picture begins later, as phones and ``-ss`` before ``-c copy`` leave it."""

    def change(data: bytes) -> bytes:
        at, scale = data.index(b"elst") + 12, data.index(b"mdhd") + 16
        ticks = struct.unpack(">I", data[scale : scale + 4])[0]
        per_second = struct.unpack(">I", data[(at_movie := data.index(b"mvhd") + 16) : at_movie + 4])[0]
        first = struct.unpack(">i", data[at + 4 : at + 8])[0] + round(start * ticks)
        return data[:at] + struct.pack(">Ii", round(duration * per_second), first) + data[at + 8 :]

    return changed(source, "v.mp4", change)


def cut_out(source: Recipe, begin: float, end: float) -> Recipe:
    """An mp4 of 2 s whose edit list leaves out a stretch."""

    def change(data: bytes) -> bytes:
        at = data.index(b"elst") - 4
        size = struct.unpack(">I", data[at : at + 4])[0]
        ticks, per_second = (
            struct.unpack(">I", data[(place := data.index(name) + 16) : place + 4])[0] for name in (b"mdhd", b"mvhd")
        )
        parts = [(0.0, begin), (end, 2.0)]
        edits = b"".join(struct.pack(">Iii", round((b - a) * per_second), round(a * ticks), 1 << 16) for a, b in parts)
        box = struct.pack(">I4sII", 16 + len(edits), b"elst", 0, len(parts)) + edits
        changed_data = bytearray(data)
        for name in (b"moov", b"trak", b"edts"):
            place = data.rindex(name, 0, at) - 4
            length = struct.unpack(">I", data[place : place + 4])[0] + len(box) - size
            changed_data[place : place + 4] = struct.pack(">I", length)
        return bytes(changed_data[:at]) + box + data[at + size :]

    return changed(source, "v.mp4", change)


def encoded(
    name: str,
    codec: str,
    pixel_format: str = "yuv420p",
    *,
    first: int = 0,
    start: float = 0.0,
    audio: Sound | None = None,
    form: str | None = None,
    size: tuple[int, int] = (media.WIDTH, media.HEIGHT),
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    draw: Callable[[int], media.Image] | None = None,
) -> Recipe:
    """Pictures from a number on, of a codec and in a container that `media.write` does not take."""

    def make(folder: Path) -> Path:
        path = folder / name
        with av.open(str(path), "w", format=form, options=container_options or {}) as container:
            video = container.add_stream(codec, rate=FPS, options={"g": "12"} | (options or {}))
            video.width, video.height, video.pix_fmt = *size, pixel_format
            if codec == "mpeg2video":
                video.bit_rate = 4_000_000
            track = container.add_stream(audio.codec, rate=audio.audio_rate, layout=audio.layout) if audio else None
            packets = []
            for k in range(first, first + N):
                picture = draw(k) if draw else numbered(k, width=size[0], height=size[1])
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = round(start * FPS) + k - first, RATE
                packets += video.encode(frame)
            packets += video.encode(None)
            if audio and track:
                for part in sound_frames(late(start, audio), track.format.name, track.frame_size or 1024):
                    packets += track.encode(part)
                packets += track.encode(None)
            packets.sort(key=lambda packet: packet.dts * packet.time_base)
            container.mux(packets)
        return path

    return make


X264 = {"preset": "ultrafast", "threads": "1"}


def one_after_the_other(name: str, *parts: Recipe, head: int = 0) -> Recipe:
    """Whole files in one; `head` bytes of all but the first are left out."""

    def make(folder: Path) -> Path:
        data = b""
        for k, part in enumerate(parts):
            (folder / str(k)).mkdir()
            data += part(folder / str(k)).read_bytes()[head if k else 0 :]
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def of_sizes(name: str, sizes: Sequence[int]) -> Recipe:
    """Pictures that change their size in the middle, in a container that states one."""
    return remuxed(joined("sizes.ts", *(1 + 2.08 * k for k in range(len(sizes))), size=tuple(sizes)), name)


def two_programmes(name: str, first: Sound, second: Sound, *, apart: float = 0.0) -> Recipe:
    """A grey film and its sound, and a numbered one of twice the size and its own, in one transport stream.

    The clock of the second is `apart` seconds ahead.
    """

    def make(folder: Path) -> Path:
        parts = []
        for k, audio in enumerate((first, second)):
            numbers = {"mpegts_start_pid": f"{256 * (k + 1)}", "mpegts_pmt_start_pid": f"{4096 + 16 * k}"}
            size = (media.WIDTH * (k + 1), media.HEIGHT * (k + 1))
            grey = None if k else lambda number: np.full((media.HEIGHT, media.WIDTH, 3), 60 + number, np.uint8)
            how: dict[str, Any] = {"size": size, "draw": grey, "options": X264}
            options = numbers | {"mpegts_service_id": f"{k + 1}"}
            made = encoded(f"{k}.ts", "libx264", start=1 + k * apart, audio=audio, container_options=options, **how)
            data = made(folder).read_bytes()
            packets = [data[at : at + 188] for at in range(0, len(data), 188)]
            parts.append([packet for packet in packets if int.from_bytes(packet[1:3], "big") % 8192 not in (0, 17)])
        table = bytes([0, 0xB0, 17, 0, 1, 0xC1, 0, 0]) + struct.pack(">4H", 1, 0xE000 | 4096, 2, 0xE000 | 4112)
        packet = bytes([0x47, 0x40, 0, 0x10, 0]) + table + struct.pack(">I", _checksum(table))
        merged = sorted((k / len(part), n, one) for n, part in enumerate(parts) for k, one in enumerate(part))
        path = folder / name
        path.write_bytes(packet.ljust(188, b"\xff") + b"".join(one for _, _, one in merged))
        return path

    return make


def _checksum(data: bytes) -> int:
    """CRC-32 of ISO/IEC 13818-1."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def photos(name: str, *, turn: int = 1, n: int = N) -> Recipe:
    """JPEG pictures one after the other; `turn` is what their EXIF says of how the camera was held."""

    def make(folder: Path) -> Path:
        exif = Image.Exif()
        exif[0x112] = turn
        data = io.BytesIO()
        for k in range(n):
            Image.fromarray(numbered(k)).save(data, format="JPEG", quality=95, subsampling=0, exif=exif)
        path = folder / name
        path.write_bytes(data.getvalue())
        return path

    return make


def linked(name: str, source: Recipe) -> Recipe:
    """A link to a file."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.symlink_to(source(folder))
        return path

    return make


def named_by_bytes(name: str, charset: str) -> str:
    """A file name that is no UTF-8, as an archive of another system leaves it."""
    return os.fsdecode(name.encode(charset))
