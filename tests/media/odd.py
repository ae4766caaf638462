"""Odd files as recorders really write them, one line each with its right answer.

``python -m tests.media.odd`` prints a table: kind, expected, got.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from core.audio_feature_extractor import AudioFeatureExtractor
from core.errors import PunchlineError, VideoUnreadable
from core.video.frames import sampled_frames
from core.video.probe import probe
from core.video.sound import sound_blocks
from tests import media
from tests.media import Sound, tone, write

FPS, N = 25, 50
TIMES = np.arange(N) / FPS
LOUD = -9.03  # dBFS of a sine of amplitude 0.5


@dataclass(frozen=True)
class Answer:
    """What is read of a file; None is unknown or absent."""

    duration: float | None = 2.0
    n_pictures: int = N
    first: float = 0.0
    level: float | None = LOUD
    shape: tuple[int, int] = (120, 160)
    has_colours: bool = True  # `media.COLOURS`, from left to right

    def agrees(self, other: Answer) -> bool:
        """Whether another is as good: to .15 s, .03 s, 1 dB."""
        near = (
            (a is b is None) or (a is not None and b is not None and abs(a - b) <= tolerance)
            for a, b, tolerance in (
                (self.duration, other.duration, 0.15),
                (self.first, other.first, 0.03),
                (self.level, other.level, 1.0),
            )
        )
        exact = (self.n_pictures, self.shape, self.has_colours) == (other.n_pictures, other.shape, other.has_colours)
        return all(near) and exact


def answer_of(path: Path) -> Answer:
    """What this program reads. Raises PunchlineError."""
    info = probe(path)
    frames = list(sampled_frames(path, 200))
    if not frames:
        raise VideoUnreadable("not one picture has a time")
    level = AudioFeatureExtractor(sound_blocks(path)).features(np.array([1.0]), sample_period=0.5)[0, 0]
    colours = media.colours_of(frames[len(frames) // 2].image)
    return Answer(
        duration=info.duration,
        n_pictures=len(frames),
        first=frames[0].timestamp,
        level=None if np.isnan(level) else float(level),
        shape=(frames[0].image.shape[0], frames[0].image.shape[1]),
        has_colours=bool(np.abs(colours - media.COLOURS).max() < 12),
    )


def _sound(codec: str = "aac", rate: int = 44_100, layout: str = "mono", gains: tuple[float, ...] = (1.0,)) -> Sound:
    return Sound(np.outer(gains, tone(220, 2, audio_rate=rate)), rate, layout=layout, codec=codec)


def _written(name: str, sound: Sound | None = None, **how: object) -> Callable[[Path], Path]:
    return lambda folder: write(folder / name, TIMES, sound or _sound(), **how)  # type: ignore[arg-type]


def _titled(name: str, charset: str) -> Callable[[Path], Path]:
    """A file whose title is Korean or Japanese in a charset of its own."""
    title = {"cp949": "웃긴순간", "shift-jis": "面白い瞬間"}.get(charset, "").encode(
        charset, "ignore"
    ) or b"\xff\xfe\xc3("

    def make(folder: Path) -> Path:
        source, path = write(folder / f"plain-{name}", TIMES, _sound()), folder / name
        with av.open(str(source)) as original, av.open(str(path), "w") as container:
            container.metadata["title"] = "T" * len(title)
            copies = {stream.index: container.add_stream_from_template(stream) for stream in original.streams}
            for packet in original.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    container.mux(packet)
        path.write_bytes(path.read_bytes().replace(b"T" * len(title), title, 1))
        return path

    return make


def _still_first(name: str) -> Callable[[Path], Path]:
    """A large picture of slides that nobody marked as such, before the film."""

    def make(folder: Path) -> Path:
        film, path = write(folder / f"film-{name}", TIMES, _sound()), folder / name
        with av.open(str(film)) as original, av.open(str(path), "w") as container:
            still = container.add_stream("mjpeg", rate=1)
            still.width, still.height, still.pix_fmt = 640, 480, "yuvj420p"
            copies = {stream.index: container.add_stream_from_template(stream) for stream in original.streams}
            picture = av.VideoFrame.from_ndarray(np.full((480, 640, 3), 90, np.uint8), format="rgb24")
            container.mux(still.encode(picture.reformat(format="yuvj420p")) + still.encode(None))
            for packet in original.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    container.mux(packet)
        return path

    return make


def _mute_first(name: str) -> Callable[[Path], Path]:
    """A muted microphone as first sound track, as OBS writes it."""

    def make(folder: Path) -> Path:
        return media.with_tracks(write(folder / f"mute-{name}", TIMES, _sound(gains=(0.0,))), folder / name, _sound())

    return make


def _unknown_sound(name: str, *, others: int) -> Callable[[Path], Path]:
    """A first sound track of a codec that no decoder knows, as Apple's spatial sound."""

    def make(folder: Path) -> Path:
        source = write(folder / f"aac-{name}", TIMES, _sound())
        data = media.with_tracks(source, folder / f"more-{name}", *[_sound()] * others).read_bytes()
        at = data.index(b"mp4a", data.index(b"moov"))
        esds = data.index(b"esds", at)
        path = folder / name
        path.write_bytes(data[:at] + b"apac" + data[at + 4 : esds] + b"free" + data[esds + 4 :])
        return path

    return make


def _turned(name: str, *matrix: int) -> Callable[[Path], Path]:
    return lambda folder: media.with_matrix(write(folder / f"flat-{name}", TIMES, _sound()), folder / name, *matrix)


def _anamorphic(folder: Path) -> Path:
    return media.interlaced(folder / "wide.mpg", aspect=Fraction(4, 3))


B_FRAMES = {"bf": "3", "b-adapt": "0"}
PCM = "pcm_s16le"
KINDS: dict[str, tuple[Callable[[Path], Path], Answer]] = {
    **{f"h264 in {s}": (_written(f"v.{s}"), Answer()) for s in ("mp4", "mov", "mkv", "ts", "flv")},
    **{
        f"B-frames in {s}": (_written(f"v.{s}", options=B_FRAMES), Answer()) for s in ("mp4", "mov", "mkv", "ts", "flv")
    },
    "h264 in avi": (_written("v.avi", _sound("libmp3lame"), tick=Fraction(1, FPS)), Answer()),
    "h264 with B-frames in avi": (
        _written("v.avi", _sound("libmp3lame"), tick=Fraction(1, FPS), options=B_FRAMES),
        Answer(),
    ),
    "hevc": (_written("v.mp4", codec="libx265"), Answer()),
    "hevc, 10 bit": (_written("v.mkv", codec="libx265", pixel_format="yuv420p10le"), Answer()),
    "vp9": (_written("v.webm", _sound("libopus", 48_000), codec="libvpx-vp9"), Answer()),
    "mjpeg": (_written("v.avi", _sound(PCM), codec="mjpeg", pixel_format="yuvj420p", tick=Fraction(1, FPS)), Answer()),
    "ffv1, 4:4:4": (_written("v.mkv", codec="ffv1", pixel_format="yuv444p"), Answer()),
    "full range": (_written("v.mkv", pixel_format="yuvj420p"), Answer()),
    "odd size": (_written("v.mkv", codec="ffv1", width=161, height=121), Answer(shape=(121, 161))),
    "no duration": (_written("v.mkv", flags={"live": "1"}), Answer(duration=None)),
    "fragmented": (_written("v.mp4", flags={"movflags": "frag_keyframe+empty_moov"}), Answer()),
    **{f"turned by {r}": (_written("v.mp4", rotation=r), Answer()) for r in (90, 180, 270)},
    "mirrored twice": (_turned("v.mp4", -1, 0, 0, -1), Answer(has_colours=False)),
    "upside down": (_turned("v.mp4", 1, 0, 0, -1), Answer(has_colours=False)),
    "mirrored": (_turned("v.mp4", -1, 0, 0, 1), Answer(has_colours=False)),
    "quarter turn": (_turned("v.mp4", 0, 1, -1, 0), Answer(shape=(160, 120), has_colours=False)),
    "interlaced, 4:3 pixels": (
        _anamorphic,
        Answer(duration=1.0, n_pictures=25, level=None, shape=(120, 213), has_colours=False),
    ),
    **{f"title in {c}, {s}": (_titled(f"v.{s}", c), Answer()) for c in ("cp949", "shift-jis") for s in ("mp4", "mkv")},
    "title in broken UTF-8": (_titled("v.mkv", "ascii"), Answer()),
    **{f"a still first, {s}": (_still_first(f"v.{s}"), Answer()) for s in ("mp4", "mkv", "mov")},
    **{f"a muted track first, {s}": (_mute_first(f"v.{s}"), Answer()) for s in ("mp4", "mkv", "mov")},
    "only sound of no known codec": (_unknown_sound("v.mp4", others=0), Answer(level=None)),
    "first sound of no known codec": (_unknown_sound("v.mp4", others=1), Answer()),
    "left only": (_written("v.mkv", _sound(PCM, layout="stereo", gains=(1, 0))), Answer(level=LOUD - 3.01)),
    "opposite phase": (_written("v.mkv", _sound(PCM, layout="stereo", gains=(1, -1))), Answer()),
    "centre of 5.1": (
        _written("v.mkv", _sound(PCM, layout="5.1", gains=(0, 0, 1, 0, 0, 0))),
        Answer(level=LOUD - 7.78),
    ),
    "7.1": (_written("v.mkv", _sound(PCM, layout="7.1", gains=(1,) * 8)), Answer()),
    "no sound": (lambda folder: write(folder / "v.mp4", TIMES), Answer(level=None)),
    "late start": (lambda folder: write(folder / "v.mkv", TIMES + 100), Answer(level=None)),
}


def got(kind: str) -> Answer | str:
    """What is read of a kind of file, or why it cannot be."""
    with TemporaryDirectory() as folder:
        try:
            return answer_of(KINDS[kind][0](Path(folder)))
        except PunchlineError as error:
            return str(error)


def main() -> int:
    """Print the table."""
    n_wrong = 0
    for kind, (_, expected) in KINDS.items():
        answer = got(kind)
        right = isinstance(answer, Answer) and expected.agrees(answer)
        n_wrong += not right
        print(f"{'ok   ' if right else 'WRONG'} {kind:32} {expected}\n{'':38} {answer}")
    print(f"{len(KINDS)} kinds, {n_wrong} wrong")
    return n_wrong


if __name__ == "__main__":
    sys.exit(bool(main()))
