"""Makers of small video and sound files with a known answer, for tests.

Every picture carries its own number as a row of black and white blocks, so that a test can prove that a picture and
its time belong together, and four colours below it, so that a test can tell how it is turned and coloured.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 120
N_BITS = 10
COLOURS = ((200, 40, 40), (40, 170, 60), (50, 60, 200), (190, 190, 190))  # left to right
DARK, LIGHT = 24, 232

Image = NDArray[np.uint8]


def numbered(number: int, *, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A picture with `number` in binary in its upper half, the highest bit on the left, and `COLOURS` below."""
    image = np.empty((height, width, 3), np.uint8)
    for bit, columns in enumerate(np.array_split(np.arange(width), N_BITS)):
        image[: height // 2, columns] = LIGHT if number >> (N_BITS - 1 - bit) & 1 else DARK
    for colour, columns in zip(COLOURS, np.array_split(np.arange(width), len(COLOURS))):
        image[height // 2 :, columns] = colour
    return image


def number_of(image: Image) -> int:
    """The number that `numbered` drew; an AssertionError if a block is neither dark nor light."""
    rows = image[image.shape[0] // 8 : 3 * image.shape[0] // 8]
    number = 0
    for columns in np.array_split(np.arange(image.shape[1]), N_BITS):
        level = rows[:, columns[len(columns) // 4 : -(len(columns) // 4) or None]].mean()
        assert abs(level - 128) > 40, f"block at column {columns[0]} is neither dark nor light: {level:.0f}"
        number = 2 * number + int(level > 128)
    return number


def colours_of(image: Image) -> NDArray[np.float64]:
    """Mean RGB (4, 3) in the middle of the four patches."""
    rows = image[5 * image.shape[0] // 8 : 7 * image.shape[0] // 8]
    patches = np.array_split(rows, len(COLOURS), axis=1)
    return np.array([p[:, p.shape[1] // 4 : 3 * p.shape[1] // 4].mean(axis=(0, 1)) for p in patches])


@dataclass(frozen=True)
class Sound:
    """Samples (n,) or (channels, n) in [-1, 1], the time of the first, and parts of it that are not written."""

    samples: NDArray[np.floating]
    audio_rate: int = 48_000
    start: float = 0.0
    layout: str = "mono"
    codec: str = "pcm_f32le"
    holes: tuple[tuple[float, float], ...] = ()  # seconds since `start`


def tone(frequency: float, duration: float, *, amplitude: float = 0.5, audio_rate: int = 48_000) -> NDArray[np.float64]:
    """A sine of a given peak amplitude; its RMS is 3.01 dB below."""
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(round(duration * audio_rate)) / audio_rate)


def voice(duration: float = 4.0, *, audio_rate: int = 16_000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A voice that glides from 90 to 400 Hz with a vibrato, twelve falling harmonics and a little noise.

    Returns
    -------
    Samples (n,) and the true fundamental frequency of each in Hz (n,).
    """
    time = np.arange(round(duration * audio_rate)) / audio_rate
    f0 = 90 * (400 / 90) ** (time / duration) * 2 ** (0.4 / 12 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(f0) / audio_rate
    samples = sum(np.sin(k * phase) / k for k in range(1, 13))
    samples += np.random.default_rng(1).normal(0, 0.02, len(time))
    return 0.3 * samples / np.abs(samples).max(), f0


def write(
    path: Path,
    times: NDArray[np.floating] | None = None,
    sound: Sound | None = None,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    tick: Fraction = Fraction(1, 90_000),
    rotation: int = 0,
    flags: dict[str, str] | None = None,
    context: dict[str, object] | None = None,
    timecode: str = "",
) -> Path:
    """Write picture k, `numbered(k)`, at ``times[k]`` seconds, and the sound.

    Parameters
    ----------
    times
        (n,) seconds, increasing; None for no picture.
    options, flags
        For the encoder (such as g, bf, keyint) and for the container (such as movflags).
    tick
        Time base of the pictures in seconds.
    rotation
        Degrees counter-clockwise that a player must turn the stored picture; the upright one is `numbered`.
    context
        Attributes of the pictures' encoder, such as colorspace or sample_aspect_ratio.
    timecode
        Of the first frame.
    """
    with av.open(str(path), "w", options=flags or {}) as container:
        video = audio = None
        if times is not None:
            rate = 1 / tick if 1 / tick <= 240 else 30
            video = container.add_stream(codec, rate=rate, options=_quick(codec) | (options or {}))
            turned = rotation % 180 == 90
            video.width, video.height = (height, width) if turned else (width, height)
            video.pix_fmt = pixel_format
            video.codec_context.time_base = tick
            for name, value in (context or {}).items():
                setattr(video.codec_context, name, value)
            if timecode:
                video.metadata["timecode"] = timecode
            if rotation:
                video.set_display_rotation(rotation)
        if sound is not None:
            audio = container.add_stream(sound.codec, rate=sound.audio_rate, layout=sound.layout)
            if sound.codec.startswith("wma"):
                audio.bit_rate = 128_000
        packets = []
        if video is not None:
            for k, time in enumerate(times):
                image = np.ascontiguousarray(np.rot90(numbered(k, width=width, height=height), -rotation // 90))
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = round(time / tick), tick
                packets += video.encode(frame)
            packets += video.encode(None)
        if audio is not None:
            for frame in sound_frames(sound, audio.format.name, audio.frame_size or 1024):
                packets += audio.encode(frame)
            packets += audio.encode(None)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        container.mux(packets)
    return path


def _quick(codec: str) -> dict[str, str]:
    if codec == "libx264":
        return {"preset": "ultrafast", "crf": "20", "g": "12", "threads": "1"}
    if codec == "libx265":
        return {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1:keyint=12"}
    return {"g": "12"}


def sound_frames(sound: Sound, sample_format: str, n: int) -> list[av.AudioFrame]:
    """Its samples as frames of `n` each, without those of its holes."""
    samples = np.atleast_2d(np.asarray(sound.samples, np.float32))
    as_encoded = av.AudioResampler(format=sample_format, layout=sound.layout, rate=sound.audio_rate)
    frames = []
    for begin in range(0, samples.shape[1], n):
        if any(begin < b * sound.audio_rate and begin + n > a * sound.audio_rate for a, b in sound.holes):
            continue
        packed = np.ascontiguousarray(samples[:, begin : begin + n].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=sound.layout)
        frame.sample_rate = sound.audio_rate
        for converted in as_encoded.resample(frame):
            converted.pts = round(sound.start * sound.audio_rate) + begin
            converted.time_base = Fraction(1, sound.audio_rate)
            frames.append(converted)
    return frames


def write_with_cover(path: Path, sound: Sound) -> Path:
    """A sound file whose only picture is its cover (an attached picture)."""
    with av.open(str(path), "w") as container:
        audio = container.add_stream(sound.codec, rate=sound.audio_rate, layout=sound.layout)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(numbered(1), format="rgb24").reformat(format="yuvj420p")
        packets = cover.encode(picture) + cover.encode(None)
        for frame in sound_frames(sound, audio.format.name, audio.frame_size or 1024):
            packets += audio.encode(frame)
        container.mux(packets + audio.encode(None))
    return path


def with_matrix(source: Path, path: Path, a: int, b: int, c: int, d: int) -> Path:
    """A copy of an MP4 whose picture has another display matrix (ISO/IEC 14496-12, 8.3.2): (1, 0, 0, -1) is upside
    down in a mirror, (0, 1, -1, 0) turned by a quarter."""
    data = bytearray(source.read_bytes())
    place = data.index(b"tkhd") + 44
    values = [(value << 16) & 0xFFFFFFFF for value in (a, b, 0, c, d, 0, 0, 0)]
    data[place : place + 36] = struct.pack(">9I", *values, 1 << 30)
    path.write_bytes(data)
    return path


def plain(colour: tuple[int, int, int], *, width: int = 64, height: int = 48, **tags: int) -> av.VideoFrame:
    """A frame of one colour, 8 bit 4:2:0 Y, U, V; `tags` such as colorspace, color_range."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, colour):
        plane.update(bytes([value]) * plane.buffer_size)
    for name, value in tags.items():
        setattr(frame, name, value)
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return frame


def write_plain(
    path: Path,
    colour: tuple[int, int, int],
    *,
    keyframes: int = 12,
    n: int = 50,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    **tags: int,
) -> Path:
    """Pictures of one colour (8 bit Y, U, V) at 25 a second, with tags such as colorspace."""
    options = _quick(codec) | {"g": str(keyframes)}
    if codec == "libx265":
        options["x265-params"] = options["x265-params"].replace("keyint=12", f"keyint={keyframes}")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for k in range(n):
            frame = plain(colour, width=WIDTH, height=HEIGHT, **tags)
            frame = frame if pixel_format == "yuv420p" else frame.reformat(format=pixel_format)
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def first_frame(path: Path) -> av.VideoFrame:
    """The first picture of a file, as it is stored."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def with_tracks(source: Path, path: Path, *sounds: Sound) -> Path:
    """A copy of a file with more sound tracks, in Korean."""
    with av.open(str(source)) as original, av.open(str(path), "w") as container:
        copies = {stream.index: container.add_stream_from_template(stream) for stream in original.streams}
        added = [container.add_stream(s.codec, rate=s.audio_rate, layout=s.layout) for s in sounds]
        packets = []
        for stream, sound in zip(added, sounds):
            stream.metadata["language"] = "kor"
            for frame in sound_frames(sound, stream.format.name, stream.frame_size or 1024):
                packets += stream.encode(frame)
            packets += stream.encode(None)
        for packet in original.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                packets.append(packet)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        container.mux(packets)
    return path


def interlaced(
    path: Path, *, aspect: Fraction = Fraction(1), codec: str = "mpeg2video", n: int = 25, keyframes: int = 5
) -> Path:
    """Pictures of two fields each, 25 a second, in which a bar moves from field to field."""
    options = {"flags": "+ildct+ilme", "g": str(keyframes)}
    if codec == "libx264":
        options |= {"preset": "ultrafast", "x264-params": "interlaced=1"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 4_000_000
        stream.codec_context.sample_aspect_ratio = aspect
        for k in range(n):
            image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
            for field in (0, 1):
                left = (6 * k + 3 * field) % (WIDTH - 20)
                image[field::2, left : left + 20] = 220
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def combs(frame: av.VideoFrame) -> float:
    """How much the rows of a picture differ from the ones around them, at the most, in levels."""
    rows = frame.to_ndarray(format="gray").astype(float)
    return float(np.abs(rows[1:-1:2] - (rows[:-2:2] + rows[2::2]) / 2).max(axis=1).mean())


def cut_short(source: Path, path: Path, share: float = 0.6) -> Path:
    """The first part of a file, as a broken download or a full disk leaves it."""
    data = source.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    return path


def corrupted(source: Path, path: Path, begin: float = 0.4, end: float = 0.5, *, seed: int = 0) -> Path:
    """A copy in which a stretch, given as shares of the size, is overwritten with noise."""
    data = bytearray(source.read_bytes())
    a, b = round(begin * len(data)), round(end * len(data))
    data[a:b] = np.random.default_rng(seed).bytes(b - a)
    path.write_bytes(data)
    return path
