"""What is handed on of a file shows and sounds like what is read of it: thumbnails, proxy, clips and reel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.stream import Disposition
from PIL import Image

from core.audio_feature_extractor import AudioFeatureExtractor
from core.errors import PunchlineError
from core.export.clips import write_clip
from core.export.reel import write_reel
from core.export.timecode import Piece, read_media
from core.playback.proxy import make_proxy
from core.segment import Segment
from core.video.container import Source
from core.video.frames import frame_at, sampled_frames
from core.video.sound import sound_blocks
from core.video.streams import AUTOMATIC, Tracks
from tests import media

CUT = (0.37, 0.8)  # the part of the pictures' time that is cut out
SAME_LOOK = 14.0  # mean levels by which a picture may differ that was encoded again
SAME_LEVEL = 6.0  # dB
FULL_SCALE = -3.0  # dBFS of the loudest sine that is not clipped; formats of whole numbers hold nothing louder
SILENT = -60.0  # dBFS: encoders fill silence and drop what is lower
STEP = 0.25  # seconds from one time at which sound is compared to the next
CLOSE = 0.3  # seconds from the ends of a cut within which sound may be that of either side


@dataclass(frozen=True)
class Seen:
    """A file as it is read, its pictures reduced."""

    path: Path
    tracks: Tracks = AUTOMATIC

    @cached_property
    def frames(self) -> list[tuple[float, np.ndarray, tuple[int, int]]]:
        """Time, small picture and size of each."""
        found = sampled_frames(self.path, 300, tracks=self.tracks)
        return [(frame.timestamp, small(frame.image), frame.image.shape[:2]) for frame in found]

    @property
    def times(self) -> np.ndarray:
        return np.array([time for time, _, _ in self.frames])

    @property
    def period(self) -> float:
        return float(np.median(np.diff(self.times))) if len(self.frames) > 1 else 0.04

    @property
    def end(self) -> float:
        return float(self.times[-1]) + self.period

    @property
    def n_channels(self) -> int:
        with Source(self.path, tracks=self.tracks) as source:
            return source.sound.codec_context.channels if source.sound else 0

    def at(self, time: float) -> int:
        """The number of the picture that is shown at a time."""
        return max(0, int(np.searchsorted(self.times, time + 1e-3, side="right")) - 1)

    def distance(self, look: np.ndarray, time: float, within: float) -> float:
        """How much a picture differs from the ones around a time, in levels."""
        near = {self.at(time), *np.flatnonzero(np.abs(self.times - time) <= 1.1 * within)}
        return min(float(np.abs(self.frames[k][1] - look).mean()) for k in near)

    def levels(self, times: np.ndarray) -> np.ndarray:
        extractor = AudioFeatureExtractor(sound_blocks(self.path, tracks=self.tracks))
        return extractor.features(times, sample_period=0.4)[:, 0]


def as_played(path: Path) -> Seen:
    """A file of several sound tracks with the one that is marked as default."""
    with av.open(str(path)) as container:
        default = [bool(stream.disposition & Disposition.default) for stream in container.streams.audio]
    return Seen(path, Tracks(audio=1 + default.index(True)) if True in default else AUTOMATIC)


def small(image: media.Image) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((20, 12), Image.Resampling.BOX), float)


def faults(path: Path, tracks: Tracks = AUTOMATIC) -> Iterator[str]:
    """What differs in what is made of a file that can be read."""
    try:
        yield from _faults(path, tracks)
    except PunchlineError as error:
        yield str(error)


def _faults(path: Path, tracks: Tracks) -> Iterator[str]:
    source = Seen(path, tracks)
    yield from _thumbnails(source)
    with TemporaryDirectory() as folder:
        proxy = make_proxy(path, Path(folder) / "proxy.mp4", tracks=tracks)
        yield from _differences(source, Seen(proxy.path), proxy.offset, source.period, f"proxy by {proxy.mode}")
        yield from _cuts(source, Path(folder))


def _thumbnails(source: Seen) -> Iterator[str]:
    for share in (0, 0.3, 0.6, 1):
        timestamp, look, size = source.frames[round(share * (len(source.frames) - 1))]
        time = timestamp + min(0.3, source.period / 3)
        found = frame_at(source.path, time, tracks=source.tracks)
        if abs(found.timestamp - timestamp) > 0.02 or np.abs(small(found.image) - look).mean() > SAME_LOOK / 2:
            yield f"thumbnail at {time:.2f} s: another picture, of {found.timestamp:.3f} instead of {timestamp:.3f} s"
        if found.image.shape[:2] != size:
            yield f"thumbnail: {found.image.shape[:2]} instead of {size} pixels"


def _cuts(source: Seen, folder: Path) -> Iterator[str]:
    video = read_media(source.path, tracks=source.tracks)
    start, end = (source.times[0] + share * (source.end - source.times[0]) for share in CUT)
    piece = Piece("m", 0.5, Segment(start, end), Segment(start, end))
    for tolerance in (0.5, 0.0):
        clip = write_clip(folder / f"{tolerance}.mp4", piece, video, tolerance=tolerance)
        what = "clip, copied" if clip.copied else "clip, encoded"
        yield from _differences(source, as_played(clip.path), clip.start, source.period, what, until=end)
    write_reel(folder / "reel.mp4", [piece], video)
    first, per_frame = float(piece.frames(video)[0] / video.rate), float(1 / video.rate)
    yield from _differences(
        source, as_played(folder / "reel.mp4"), first, max(source.period, per_frame), "reel", until=end
    )


def _differences(
    source: Seen, copy: Seen, offset: float, within: float, what: str, *, until: float | None = None
) -> Iterator[str]:
    """What a copy shows and sounds otherwise; its time 0 is the source's `offset`."""
    if not copy.frames:
        yield f"{what}: no picture"
        return
    last = source.end if until is None else until
    n_wanted = int(np.sum((source.times >= offset - 1e-6) & (source.times < last - 1e-6)))
    if what != "reel" and len(copy.frames) < 0.9 * n_wanted - 1:
        yield f"{what}: {len(copy.frames)} pictures instead of {n_wanted}"
    others = [time for time, look, _ in copy.frames if source.distance(look, time + offset, within) > SAME_LOOK]
    if others:
        yield f"{what}: {len(others)} of {len(copy.frames)} pictures are others, such as at {others[0]:.2f} s"
    (height, width), (high, wide) = source.frames[0][2], copy.frames[0][2]
    if min(high, wide) > 20 and abs((wide / high) / (width / height) - 1) > 0.05:
        yield f"{what}: {wide} x {high} instead of {width} x {height} pixels"
    if what.startswith("proxy") and source.n_channels > 2:
        return  # two are mixed from them, without the bass
    times = np.arange(max(offset, source.times[0]) + CLOSE, last - CLOSE, STEP)
    if len(times):
        yield from _other_levels(source, copy, offset, times, what)


def _other_levels(source: Seen, copy: Seen, offset: float, times: np.ndarray, what: str) -> Iterator[str]:
    """The first time at which a copy sounds otherwise, where the source's sound neither begins nor ends."""
    wanted = np.nan_to_num(source.levels(np.array([times[0] - STEP, *times, times[-1] + STEP])), nan=-99)
    wanted = np.minimum(wanted, FULL_SCALE)
    for k, got in enumerate(np.nan_to_num(copy.levels(times - offset), nan=-99)):
        around = wanted[k : k + 3]
        if max(around.max(), got) > SILENT and np.ptp(around) < SAME_LEVEL and abs(around[1] - got) > SAME_LEVEL:
            yield f"{what}: {got:.0f} instead of {around[1]:.0f} dBFS at {times[k]:.2f} s"
            return
