"""Kinds of one minute of the sample video, of which every answer is that of the plain one: smiles and moments too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from core.actions.labels import import_labels
from core.actions.models import train
from core.actions.moments import detect
from core.actions.people import add_photos, photo
from core.actions.videos import extract, make_series
from core.detection.detect import DetectionSettings
from core.detection.moments import Moment
from core.segment import tiou
from core.series import FEATURES, Source
from core.training.train import TrainingSettings
from core.workspace.workspace import Workspace
from tests import media
from tests.media import Sound, sound_frames

ASSETS = Path(__file__).parents[3] / "assets"
SAMPLE, PORTRAIT = ASSETS / "sample.mp4", Path(__file__).parents[2] / "fixtures" / "portrait_hopper.jpg"
SECONDS, RATE = 64.0, Fraction(25)
N_MOMENTS, SAME_PROBABILITY = 3, 0.15  # as many as the plain minute holds
PAIRS = (1, -1), (2, 1)  # of stereo sounds: in anti-phase, and louder on the left
Image = np.ndarray[Any, np.dtype[np.uint8]]
_FROM_709 = np.linalg.inv([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


@dataclass(frozen=True)
class SampleKind:
    """How the minute is written: gains of its channels, a filter of its pictures, tags, and how the file is changed.

    `off` is how much the mean happiness may differ from the plain one's.
    """

    name: str = "v.mkv"
    gains: tuple[float, ...] = (1,)
    layout: str = "mono"
    filters: str = ""
    pixel_format: str = "yuv420p"
    codec: str = "libx264"
    options: tuple[tuple[str, str], ...] = ()
    context: tuple[tuple[str, Any], ...] = ()
    fields: bool = False
    matrix: tuple[int, int, int, int] | None = None
    first: SampleKind | None = None  # its sound is the first track
    off: float = 0.03


def _cube(path: Path, signal: Callable[[Any], Any]) -> str:
    """A table for the filter lut3d: BT.709 pictures as those of another transfer, in BT.2020."""
    steps = np.linspace(0, 1, 33)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    light = np.stack([red, green, blue], axis=-1).reshape(-1, 3) ** 2.4
    rows = signal(np.clip(light @ _FROM_709.T, 0, 1))
    path.write_text("LUT_3D_SIZE 33\n" + "\n".join(" ".join(f"{v:.6f}" for v in row) for row in rows))
    return f"format=gbrp16le,lut3d=file={path},scale=out_color_matrix=bt2020:out_range=tv,"


def _pq(light: Any) -> Any:
    """BT.2100, white being 203 cd/m²."""
    power = (203 * light / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def _hlg(light: Any) -> Any:
    """BT.2100 on a display of 1000 cd/m², white being 203 cd/m²."""
    shown = 0.203 * light
    scene = shown / np.maximum((shown @ [0.2627, 0.6780, 0.0593]), 1e-9)[:, None] ** (0.2 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene, 1) - 0.28466892) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"
HDR = {"codec": "libx265", "pixel_format": "yuv420p10le"}
INTERLACED = ("x264-params", "interlaced=1"), ("flags", "+ildct+ilme")
SURROUND = {"layout": "5.1"}


def _tags(matrix: int, primaries: int, transfer: int, full: bool = False) -> tuple[tuple[str, Any], ...]:
    return (
        ("colorspace", matrix),
        ("color_primaries", primaries),
        ("color_trc", transfer),
        ("color_range", 2 if full else 1),
    )


KINDS: dict[str, SampleKind] = {
    "pixels of 2/1": SampleKind(filters="scale=320:360", context=(("sample_aspect_ratio", Fraction(2)),)),
    "pixels of 4/3": SampleKind(filters="scale=480:360", context=(("sample_aspect_ratio", Fraction(4, 3)),)),
    "mirrored": SampleKind("v.mp4", filters="hflip", matrix=(-1, 0, 0, 1)),
    "upside down": SampleKind("v.mp4", filters="vflip", matrix=(1, 0, 0, -1)),
    "turned by 180": SampleKind("v.mp4", filters="hflip,vflip", matrix=(-1, 0, 0, -1)),
    "quarter turn": SampleKind("v.mp4", filters="transpose=cclock", matrix=(0, 1, -1, 0)),
    "interlaced": SampleKind(fields=True, options=INTERLACED, off=0.05),
    "BT.601": SampleKind(filters="scale=out_color_matrix=smpte170m", context=_tags(6, 6, 6)),
    "BT.709": SampleKind(
        filters=f"format=gbrp,scale=out_color_matrix=bt709:out_range=tv:{EXACT}", context=_tags(1, 1, 1)
    ),
    "full range": SampleKind(filters="scale=out_range=pc", context=_tags(6, 6, 6, full=True)),
    "PQ": SampleKind(filters="pq", context=_tags(9, 9, 16), off=0.06, **HDR),
    "HLG": SampleKind(filters="hlg", context=_tags(9, 9, 18), off=0.06, **HDR),
    "15 dB lower": SampleKind(gains=(0.178,)),
    "6 dB lower": SampleKind(gains=(0.5,)),
    "6 dB louder": SampleKind(gains=(2,)),
    "only centre of 5.1": SampleKind(gains=(0, 0, 1, 0, 0, 0), **SURROUND),
    "only left": SampleKind(gains=(1, 0), layout="stereo"),
    "in anti-phase": SampleKind(gains=(1, -1), layout="stereo"),
    "a muted track first": SampleKind(first=SampleKind(gains=(0,))),
    "h264 in avi": SampleKind("v.avi", options=(("bf", "2"),)),
}


def written(kind: SampleKind, folder: Path) -> Path:
    """The minute as a file of a kind."""
    path = folder / kind.name
    first = folder / f"first{path.suffix}"
    if kind.first is not None:
        _write(kind.first, first, folder)
        return media.with_tracks(first, path, _sound(kind))
    if kind.matrix is None:
        return _write(kind, path, folder)
    return media.with_matrix(_write(kind, first, folder), path, *kind.matrix)


def _write(kind: SampleKind, path: Path, folder: Path) -> Path:
    quick = {"preset": "ultrafast", "crf": "14", "threads": "1", "g": "25"}
    if kind.codec == "libx265":
        quick["x265-params"] = "log-level=none:pools=none:frame-threads=1"
    with av.open(str(path), "w") as container:
        encoder: Any = None
        for k, frame in enumerate(_filtered(kind, folder)):
            if encoder is None:
                rate = RATE / 2 if kind.fields else RATE
                encoder = container.add_stream(kind.codec, rate=rate, options=quick | dict(kind.options))
                encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, kind.pixel_format
                for name, value in kind.context:
                    setattr(encoder.codec_context, name, value)
                sound = _sound(kind)
                audio = container.add_stream(sound.codec, rate=sound.audio_rate, layout=sound.layout)
                for part in sound_frames(sound, audio.format.name, audio.frame_size or 1024):
                    container.mux(audio.encode(part))
                container.mux(audio.encode(None))
            frame.pts, frame.time_base = k, 1 / rate
            container.mux(encoder.encode(frame))
        container.mux(encoder.encode(None))
    return path


def _filtered(kind: SampleKind, folder: Path) -> Iterator[av.VideoFrame]:
    filters = kind.filters
    for name, signal in (("pq", _pq), ("hlg", _hlg)):
        if filters == name:
            filters = _cube(folder / f"{name}.cube", signal)
    with av.open(str(SAMPLE)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        chain = [graph.add_buffer(template=stream)]
        for one in [*filter(None, filters.split(",")), f"format={kind.pixel_format}"]:
            name, _, arguments = one.partition("=")
            chain.append(graph.add(name, arguments))
        chain.append(graph.add("buffersink"))
        for node, following in pairwise(chain):
            node.link_to(following)
        graph.configure()
        for frame in _paired(container.decode(stream)) if kind.fields else container.decode(stream):
            if frame.time is not None and frame.time >= SECONDS:
                return
            graph.push(frame)
            yield graph.pull()


def _paired(frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Two pictures as the fields of one."""
    for frame in frames:
        following = next(frames, frame).to_ndarray(format="yuv420p")
        both = frame.to_ndarray(format="yuv420p")
        height, quarter = frame.height, frame.height // 4
        for plane in (slice(height), slice(height, height + quarter), slice(height + quarter, None)):
            width = frame.width if plane.start is None else frame.width // 2
            rows, others = (part[plane].reshape(-1, width) for part in (both, following))
            rows[1::2] = others[1::2]
        paired = av.VideoFrame.from_ndarray(both, format="yuv420p")
        paired.pts, paired.time_base = frame.pts, frame.time_base
        yield paired


def _sound(kind: SampleKind) -> Sound:
    with av.open(str(SAMPLE)) as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray() for frame in container.decode(stream) if frame.time < SECONDS]
        mono = np.concatenate(parts, axis=1).mean(axis=0)
        codec = "pcm_s16le" if kind.name.endswith("avi") else "aac" if kind.name.endswith("mp4") else "pcm_f32le"
        return Sound(np.outer(kind.gains, mono), stream.rate, layout=kind.layout, codec=codec)


@dataclass(frozen=True)
class Felt:
    """What is read of a minute: the mean happiness of the person where it is seen, and the best moments.

    How many of them are shown is chosen for the best expected F1 among a handful of candidates, and so hangs on a
    hundredth of their probability: which they are and how probable does not.
    """

    happiness: float
    moments: tuple[Moment, ...]

    def differences(self, got: Felt, off: float) -> list[str]:
        """What another answer holds otherwise, in words."""
        said = []
        if not abs(self.happiness - got.happiness) <= off:
            said.append(f"happiness: expected {self.happiness:.2f}, got {got.happiness:.2f}")
        same = len(self.moments) == len(got.moments) and all(
            tiou(one, other) >= 0.5 and abs(one.probability - other.probability) < SAME_PROBABILITY
            for one, other in zip(self.moments, got.moments)
        )
        return said if same else [*said, f"moments: expected {_spans(self.moments)}, got {_spans(got.moments)}"]

    def __str__(self) -> str:
        return f"happiness {self.happiness:.2f}, moments at {_spans(self.moments)}"


def _spans(moments: tuple[Moment, ...]) -> str:
    return ", ".join(f"{m.start:.1f}-{m.end:.1f} ({m.probability:.2f})" for m in moments) or "none"


class Reader:
    """A workspace with a model that was trained on the sample; it reads other files by it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.space = folder, Workspace(folder / "space")
        add_photos(self.space, "Grace", [photo(PORTRAIT)])
        self.person = self.space.only_person()
        sample = self.space.register(SAMPLE)
        extract(self.space, sample)
        import_labels(self.space, (ASSETS / "sample_labels.csv").read_bytes(), person=self.person)
        train(self.space, self.person, TrainingSettings(model="logistic"), name="m")
        self.space.unregister([sample.id])
        self.plain = self.felt(written(SampleKind(), folder))

    def felt(self, path: Path) -> Felt:
        """What is read of a file; it is forgotten afterwards."""
        video = self.space.register(path)
        extract(self.space, video)
        series = make_series(self.space, video, self.person).series
        seen = np.isin(series.source, [Source.DETECTED, Source.RELAXED])
        happiness = series.values[seen, FEATURES.index("happiness")].mean()
        found = detect(self.space, video, self.person, DetectionSettings(top_n=N_MOMENTS)).decided
        self.space.unregister([video.id])
        return Felt(float(happiness), tuple(sorted(found.moments, key=lambda moment: moment.start)))

    def read(self, kind: str) -> Felt:
        """What is read of a kind."""
        return self.felt(written(KINDS[kind], self.folder))

    def faults(self, kind: str) -> list[str]:
        """What is read otherwise in a kind than in the plain minute."""
        return self.plain.differences(self.read(kind), KINDS[kind].off)
