"""Writes MP4 files: pictures as H.264 and sound as AAC, or the packets of another file as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

from core.video.packets import Source
from core.video.video import VideoInfo

TICK = Fraction(1, 90_000)  # seconds; the times of pictures that keep no constant rate
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How pictures are encoded: size in pixels (even), x264's crf and preset, and the most bits per second or None.

    `rate` makes the frame rate constant, by repeating and leaving out pictures; None keeps every picture's own time.
    """

    width: int
    height: int
    rate: Fraction | None = None
    crf: int = 18
    preset: str = "veryfast"
    max_bit_rate: int | None = None


def even_size(source: Source, info: VideoInfo, *, height: int | None = None) -> tuple[int, int]:
    """Width and height of a video's upright picture in even, square pixels, at most `height` high."""
    ratio = float(source.video.sample_aspect_ratio or 1)  # of the stored picture's pixels
    width = info.width * (ratio if info.rotation % 180 == 0 else 1 / ratio)
    scale = min(1.0, height / info.height) if height else 1.0
    return max(2, round(width * scale / 2) * 2), max(2, round(info.height * scale / 2) * 2)


class Writer:
    """An MP4 file that is written: picture and sound are each copied or encoded."""

    def __init__(self, path: Path, source: Source, *, recipe: Recipe | None, copy_sound: bool = False) -> None:
        # The index goes to the file's head, so that a player can start before it has all.
        self.container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self.recipe = recipe
        self._fps = source.video.average_rate or source.video.guessed_rate or Fraction(30)
        self._scaler = Scaler(recipe, source) if recipe else None
        self.video = self._encoder(recipe, source) if recipe else self._copied(source.video)
        self.audio: Any = None
        self.audio_rate = 0
        self.copies_sound = copy_sound
        if source.audio is not None:
            self.audio = self._copied(source.audio) if copy_sound else self._sound_encoder(source.audio)
        self._waiting: list[Floats] = []  # sound that does not fill an encoder's frame yet
        self._n_waiting = 0
        self._n_encoded = 0  # samples
        self.n_pictures = 0
        self._last_dts: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self.container.close()

    @property
    def n_sound(self) -> int:
        """Samples that were given so far."""
        return self._n_encoded + self._n_waiting

    def _copied(self, stream: Any) -> Any:
        made = self.container.add_stream_from_template(stream)
        # The container's own tag, for a transport stream's means nothing here; Apple's players want HEVC as hvc1.
        made.codec_context.codec_tag = "hvc1" if stream.codec_context.name == "hevc" else "\0\0\0\0"
        return made

    def _encoder(self, recipe: Recipe, source: Source) -> Any:
        rate = recipe.rate or self._fps
        options = {"preset": recipe.preset, "crf": str(recipe.crf)}
        if recipe.rate is None:
            options["bf"] = "0"  # with reordered pictures the file's length is wrong where the rate varies
        if recipe.max_bit_rate:
            options |= {"maxrate": str(recipe.max_bit_rate), "bufsize": str(2 * recipe.max_bit_rate)}
        stream = self.container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, "yuv420p"
        context, original = stream.codec_context, source.video.codec_context
        context.time_base = 1 / recipe.rate if recipe.rate else TICK
        context.gop_size = max(1, round(2 * rate))  # a keyframe each 2 s: quick to seek in
        context.thread_type = "AUTO"
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(context, name, getattr(original, name))
        return stream

    def _sound_encoder(self, original: Any) -> Any:
        rate = original.codec_context.sample_rate
        self.audio_rate = rate if rate in AAC_RATES else 48_000
        layout = "mono" if original.codec_context.channels == 1 else "stereo"
        stream = self.container.add_stream("aac", rate=self.audio_rate, layout=layout)
        stream.bit_rate = 96_000 if layout == "mono" else 160_000
        return stream

    def copy(self, packet: Any, stream: Any, shift: Fraction) -> None:
        """Write a packet of the source `shift` seconds earlier; its decoding times are kept increasing."""
        ticks = round(shift / packet.time_base)
        dts = (packet.dts if packet.dts is not None else packet.pts) - ticks
        pts = (packet.pts if packet.pts is not None else packet.dts) - ticks
        dts = max(dts, self._last_dts.get(stream.index, dts - 1) + 1)
        self._last_dts[stream.index] = dts
        packet.dts, packet.pts = dts, max(pts, dts)
        self.n_pictures += stream is self.video
        if not packet.duration and stream is self.video:  # without one, the last picture lies after the file's end
            packet.duration = round(1 / (self._fps * packet.time_base))
        packet.stream = stream
        self.container.mux_one(packet)

    def picture(self, frame: Any, ticks: int) -> None:
        """Encode a picture at `ticks` of the encoder's time base, increasing from call to call."""
        assert self._scaler is not None
        for scaled in self._scaler(frame):
            scaled.pts, scaled.time_base = ticks, self.video.codec_context.time_base
            scaled.pict_type = av.video.frame.PictureType.NONE  # else the source's keyframes are forced on the encoder
            self.n_pictures += 1
            self.container.mux(self.video.encode(scaled))

    def sound(self, samples: Floats) -> None:
        """Encode samples (n, channels) in [-1, 1] that follow the ones before."""
        self._waiting.append(samples)
        self._n_waiting += len(samples)
        size = self.audio.codec_context.frame_size or 1024
        if self._n_waiting >= size:
            joined = np.concatenate(self._waiting)
            whole = len(joined) // size * size
            for begin in range(0, whole, size):
                self._encode(joined[begin : begin + size])
            self._waiting, self._n_waiting = [joined[whole:]], len(joined) - whole

    def _encode(self, samples: Floats) -> None:
        planes = np.ascontiguousarray(samples.T)  # (channels, n)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="mono" if len(planes) == 1 else "stereo")
        frame.sample_rate, frame.time_base, frame.pts = self.audio_rate, Fraction(1, self.audio_rate), self._n_encoded
        self._n_encoded += len(samples)
        self.container.mux(self.audio.encode(frame))

    def _finish(self) -> None:
        if self.recipe is not None:
            self.container.mux(self.video.encode(None))
        if self.audio is not None and not self.copies_sound:
            if self._n_waiting:
                self._encode(np.concatenate(self._waiting))
            self.container.mux(self.audio.encode(None))


class Scaler:
    """Turns pictures upright and scales them to a recipe's size, 8 bit 4:2:0, square pixels."""

    def __init__(self, recipe: Recipe, source: Source) -> None:
        self._recipe = recipe
        self._tick = source.video.time_base
        self._shape: tuple[Any, ...] = ()
        self._graph: Any = None

    def __call__(self, frame: Any) -> Iterator[Any]:
        shape = (frame.width, frame.height, frame.format.name, frame.rotation)
        if shape != self._shape:  # also in the middle: a stream may change its size
            self._graph, self._shape = self._made(frame), shape
        self._graph.vpush(frame)
        yield self._graph.vpull()

    def _made(self, frame: Any) -> Any:
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._tick or TICK
        )
        turns = {1: ["transpose=cclock"], 2: ["hflip", "vflip"], 3: ["transpose=clock"]}
        steps = turns.get(round(frame.rotation / 90) % 4, [])
        steps = [*steps, f"scale={self._recipe.width}:{self._recipe.height}", "setsar=1", "format=yuv420p"]
        nodes: list[Any] = [source]
        for name, _, value in (step.partition("=") for step in steps):
            nodes.append(graph.add(name, value or None))
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        return graph
