"""Decoded frames as every screen shows them: square pixels, upright, progressive, BT.709 in standard dynamic range."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from core.video.tone_mapping import colour_table, table_of

BT709 = 1
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc", 10: "bt2020c"}
_SCALER_MATRICES = {"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 5, "smpte240m": 7, "bt2020nc": 9, "bt2020c": 9}
SD_HEIGHT = 720  # pixels below which a video that does not say has the colours of BT.601, as browsers take it
_TICK = Fraction(1, 90_000)
# Without these, a colour that is converted there and back moves by up to three levels.
_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"

USUAL = "yuv420p"  # the kind of nearly all videos

Image = NDArray[np.uint8]
Colours = tuple[str, bool, str | None]  # as `_colours` tells them

_TURNS: dict[str, Callable[[Image], Image]] = {
    "hflip": lambda image: image[:, ::-1],
    "vflip": lambda image: image[::-1],
    "transpose=clock": lambda image: np.rot90(image, -1),
    "transpose=cclock": np.rot90,
    "transpose=cclock_flip": lambda image: image.transpose(1, 0, 2),
    "transpose=clock_flip": lambda image: np.rot90(image, 2).transpose(1, 0, 2),
}
_TURNED = {180: ("hflip", "vflip"), 90: ("transpose=cclock",), 270: ("transpose=clock",)}  # by degrees


@dataclass(frozen=True)
class Orientation:
    """How a stored picture becomes upright: FFmpeg filters, and whether width and height change places."""

    filters: tuple[str, ...] = ()
    turned: bool = False

    @property
    def rotation(self) -> int:
        """Degrees counter-clockwise by which the picture is turned, mirrorings left aside."""
        return next((degrees for degrees, filters in _TURNED.items() if filters == self.filters), 0)

    def __call__(self, image: Image) -> Image:
        """A stored picture (h, w, 3), upright."""
        for name in self.filters:
            image = _TURNS[name](image)
        return np.ascontiguousarray(image)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """What a frame's display matrix asks for: quarter turns and mirrorings (ISO/IEC 14496-12, 8.3.2.3)."""
    try:
        # Not `frame.side_data`: it and its frame hold each other, and megabytes wait for the garbage collector.
        data: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]
    except ValueError:  # a kind that PyAV does not know, such as EXIF; what it tells all the same is the turn
        filters = _TURNED.get(frame.rotation % 360, ())
        return Orientation(filters, turned=len(filters) == 1)
    if data is None:
        return Orientation()
    a, b, _, c, d, *_ = struct.unpack("9i", bytes(data)[:36])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation((*(["hflip"] if a < 0 else []), *(["vflip"] if d < 0 else [])))
    turns = {(True, False): "clock", (False, True): "cclock", (True, True): "cclock_flip", (False, False): "clock_flip"}
    return Orientation((f"transpose={turns[b > 0, c > 0]}",), turned=True)


@dataclass(frozen=True)
class Shape:
    """An upright picture: its stored pixels, and how much wider than high one of them is shown."""

    width: int
    height: int
    pixel_aspect: Fraction = Fraction(1)

    @property
    def square(self) -> tuple[int, int]:
        """Width and height in square pixels; the height stays."""
        return max(1, round(self.width * self.pixel_aspect)), self.height

    def even(self, height: int | None = None) -> tuple[int, int]:
        """Width and height in square pixels, both even, at most `height` high."""
        width, high = self.square
        scale = min(1.0, height / high) if height else 1.0
        return max(2, round(width * scale / 2) * 2), max(2, round(high * scale / 2) * 2)


def shape_of(frame: av.VideoFrame, pixel_aspect: Fraction | None) -> Shape:
    """The shape of a decoded frame; `pixel_aspect` is the stream's sample aspect ratio, None where it does not say."""
    aspect = pixel_aspect if pixel_aspect else Fraction(1)
    if orientation_of(frame).turned:
        return Shape(frame.height, frame.width, 1 / aspect)
    return Shape(frame.width, frame.height, aspect)


class Images:
    """Turns decoded frames into upright RGB arrays of square pixels, coloured as every screen shows them.

    Parameters
    ----------
    size
        Frame -> width and height of its upright picture, in pixels.
    """

    def __init__(self, size: Callable[[av.VideoFrame], tuple[int, int]]) -> None:
        self._size = size
        self._full, self._small, self._coloured = VideoReformatter(), VideoReformatter(), VideoReformatter()
        self._converter = Converter(size, pixel_format="rgb24")
        self._graph: Any = None
        self._kind: tuple[Any, ...] = ()

    def __call__(self, frame: av.VideoFrame) -> Image:
        """The picture (h, w, 3) at full size."""
        if _colours(frame)[2]:
            return np.asarray(self._converter(frame).to_ndarray(), np.uint8)
        stored = (frame.width, frame.height)
        if frame.format.name == USUAL and not orientation_of(frame).filters and self._size(frame) == stored:
            return self._usual(frame)
        return self._plain(self._full, frame, _colours(frame), *self._size(frame))

    def reduced(self, frame: av.VideoFrame, share: float) -> Image:
        """The picture at a share of its size, each pixel the mean of those that it stands for.

        The usual kind is scaled before its colours are converted, which takes two thirds of the time.
        """
        width, height = (max(1, round(side * share)) for side in self._size(frame))
        colours = _colours(frame)
        if colours[2]:
            toned = self._converter(frame)
            small = self._small.reformat(toned, width, height, "rgb24", interpolation="AREA", threads=1)
            return np.asarray(small.to_ndarray(), np.uint8)
        if frame.format.name == USUAL and not orientation_of(frame).filters:
            small = self._small.reformat(frame, width, height, interpolation="AREA", threads=1)
            return self._plain(self._coloured, small, colours, width, height)
        return self._plain(self._small, frame, colours, width, height, interpolation="AREA")

    def _usual(self, frame: av.VideoFrame) -> Image:
        """As `_plain` at the stored size, but a filter graph uses the memory of pictures that are done with again."""
        kind = (*_colours(frame), frame.width, frame.height)
        if kind != self._kind:
            matrix, full, _ = _colours(frame)
            coded = f"in_range={'full' if full else 'limited'}:in_color_matrix={matrix}:flags=bilinear"
            self._graph, self._kind = _graph(frame, [f"scale={coded}", "format=rgb24"], n_threads=1), kind
        self._graph.vpush(frame)
        return np.ascontiguousarray(self._graph.vpull().to_ndarray(), np.uint8)

    def _plain(
        self, reformatter: VideoReformatter, frame: av.VideoFrame, colours: Colours, width: int, height: int, **how: Any
    ) -> Image:
        """Without a table of colours: FFmpeg's scaler alone, which is the quickest."""
        upright = orientation_of(frame)
        size = (height, width) if upright.turned else (width, height)
        matrix, full, _ = colours
        if not frame.format.is_rgb:
            how |= {"src_colorspace": _SCALER_MATRICES.get(matrix), "src_color_range": 2 if full else 1}
        return upright(np.asarray(reformatter.reformat(frame, *size, "rgb24", threads=1, **how).to_ndarray(), np.uint8))


class Converter:
    """Turns frames upright, scales them, and converts their colours to BT.709; times stay.

    Parameters
    ----------
    size
        Upright frame -> width and height of what comes out, in pixels.
    pixel_format
        yuv420p (limited range) or rgb24.
    """

    def __init__(self, size: Callable[[av.VideoFrame], tuple[int, int]], *, pixel_format: str = "yuv420p") -> None:
        self._size, self._format = size, pixel_format
        self._kind: tuple[Any, ...] = ()
        self._graph: Any = None

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        kind = (*_colours(frame), frame.width, frame.height, frame.format.name, orientation_of(frame))
        if kind != self._kind:  # also in the middle: a stream may change its size or its colours
            self._graph, self._kind = self._built(frame), kind
        self._graph.vpush(frame)
        converted: av.VideoFrame = self._graph.vpull()
        converted.colorspace = BT709 if self._format != "rgb24" else 0
        converted.color_primaries = converted.color_trc = BT709
        return converted

    def _built(self, frame: av.VideoFrame) -> Any:
        matrix, full, table = _colours(frame)
        width, height = self._size(frame)
        upright = orientation_of(frame)
        size = f"{height}:{width}" if upright.turned else f"{width}:{height}"
        coded = f"in_range={'full' if full else 'limited'}:"
        coded += f"in_color_matrix={matrix}:" if matrix in _MATRICES.values() else ""
        output = "out_range=full" if self._format == "rgb24" else "out_range=limited:out_color_matrix=bt709"
        if table is None:
            return _graph(frame, [f"scale={size}:{coded}{output}:{_EXACT}", *self._last(upright)])
        with tempfile.TemporaryDirectory() as folder:  # read when the graph is made
            path = Path(folder) / "colours.cube"
            path.write_text(colour_table(table))
            name = path.as_posix().replace("'", "'\\''")
            steps = [
                f"scale={size}:{coded}out_range=full:{_EXACT}",
                "format=gbrp10le",
                f"lut3d=file='{name}':interp=tetrahedral",
                f"scale={output}:{_EXACT}",
            ]
            return _graph(frame, [*steps, *self._last(upright)])

    def _last(self, upright: Orientation) -> list[str]:
        return [f"format={self._format}", *upright.filters, "setsar=1"]


def _colours(frame: av.VideoFrame) -> Colours:
    """The matrix that coded a frame's colours, whether its range is full, and the table of colours that it needs."""
    rgb = frame.format.is_rgb
    matrix = "gbr" if rgb else _MATRICES.get(frame.colorspace, "bt709" if frame.height >= SD_HEIGHT else "bt470bg")
    full = rgb or frame.color_range == 2 or frame.format.name.startswith("yuvj")
    return matrix, full, table_of(frame)


def _graph(frame: av.VideoFrame, steps: list[str], *, n_threads: int = 0) -> Any:
    graph = av.filter.Graph()
    graph.threads = n_threads
    shape = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:pixel_aspect=1/1"
    tags = f"colorspace={frame.colorspace}:range={frame.color_range}"
    nodes = [graph.add("buffer", f"{shape}:time_base={frame.time_base or _TICK}:{tags}")]
    for name, _, options in (step.partition("=") for step in steps):
        nodes.append(graph.add(name, options or None))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    return graph


class Deinterlacer:
    """Frames without combs: those that are marked as interlaced become whole pictures (bwdif), one for one.

    Frames keep their times; from the first interlaced one on, they come one frame late.
    """

    def __init__(self) -> None:
        self._graph: Any = None
        self._kind: tuple[Any, ...] = ()

    def __call__(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """What can be shown now that `frame` is known, in order."""
        kind = (frame.width, frame.height, frame.format.name)
        if kind != self._kind:
            yield from self.rest()
        if self._graph is None and not frame.interlaced_frame:
            yield frame
            return
        if self._graph is None:
            self._graph, self._kind = _graph(frame, ["bwdif=mode=send_frame:deint=interlaced"]), kind
        self._graph.vpush(frame)
        yield from self._ready()

    def rest(self) -> Iterator[av.VideoFrame]:
        """What is still held back, at the end of the frames."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._ready()
        self._graph, self._kind = None, ()

    def _ready(self) -> Iterator[av.VideoFrame]:
        try:
            while True:
                yield self._graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def progressive(frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """All frames of a video without combs; see `Deinterlacer`."""
    deinterlacer = Deinterlacer()
    for frame in frames:
        yield from deinterlacer(frame)
    yield from deinterlacer.rest()
