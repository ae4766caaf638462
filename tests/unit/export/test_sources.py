"""Exports of sources as recorders write them, opened again: bounds, sound tracks and shape are the source's."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree as ET

import numpy as np
import opentimelineio as otio
import pytest

from core.export.formats import ExportOptions, export
from core.export.timecode import Media, frame_of, read_media
from core.segment import Detection
from core.video.container import Source
from tests import media
from tests.unit.export.test_clips import irregular
from tests.unit.export.test_editors import read_edl, read_timecode, seconds
from tests.unit.video.test_transcode import beeps, beeps_of

LENGTH = 8.0
MOMENTS = [Detection(1.1, 2.3, 0.9), Detection(4.4, 5.5, 0.5)]
BEEPS = [1.7, 4.9]
NTSC = Fraction(30000, 1001)
PQ = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": 16}


@dataclass(frozen=True)
class Kind:
    """How a source is made: its rate (None: it varies), the name of its file and what the writer is told."""

    rate: Fraction | None = Fraction(25)
    name: str = "v.mp4"
    channels: tuple[int, ...] = (1,)
    timecode: str = ""
    codec: str = "libx264"
    more: tuple[tuple[str, object], ...] = ()


KINDS = {
    "25": Kind(),
    "29.97 drop frame": Kind(NTSC, "v.mov", timecode="01:00:00;00"),
    "59.94": Kind(Fraction(60000, 1001)),
    "23.976": Kind(Fraction(24000, 1001), "v.mkv", timecode="01:00:00:00"),
    "variable": Kind(None, "v.mkv"),
    "rotated": Kind(more=(("rotation", 90),)),
    "anamorphic": Kind(more=(("context", {"sample_aspect_ratio": Fraction(4, 3)}),)),
    "high dynamic range": Kind(name="v.mkv", codec="libx265", more=(("context", PQ), ("pixel_format", "yuv420p10le"))),
    "5.1": Kind(channels=(6,)),
    "two sound tracks": Kind(name="v.mkv", channels=(1, 2)),
    "MXF": Kind(name="v.mxf", channels=(1,), timecode="10:00:00:05", codec="mpeg2video"),
    "Korean": Kind(name=unicodedata.normalize("NFD", "한국 방송 & <1부> \"'100%' 😂") + ".mp4"),
}
DEFAULT = ("29.97 drop frame", "anamorphic", "two sound tracks", "Korean")


def write(folder: Path, kind: Kind) -> tuple[Path, np.ndarray]:
    times = irregular(LENGTH) if kind.rate is None else np.arange(round(LENGTH * kind.rate)) / float(kind.rate)
    layouts = {1: "mono", 2: "stereo", 6: "5.1"}
    codec = "pcm_s16le" if kind.name.endswith("mxf") else "flac" if kind.name.endswith("mkv") else "aac"
    sounds = [media.Sound(np.tile(beeps(BEEPS, LENGTH), (n, 1)), layout=layouts[n], codec=codec) for n in kind.channels]
    more = dict(kind.more)
    if kind.codec == "mpeg2video":
        more |= {"tick": Fraction(1, 25)}
    path = folder / kind.name
    first = path if len(sounds) == 1 else folder / "first.mkv"
    media.write(first, times, sounds[0], codec=kind.codec, timecode=kind.timecode, **more)
    return (path if first == path else media.with_tracks(first, path, *sounds[1:])), times


@pytest.mark.parametrize("name", [n if n in DEFAULT else pytest.param(n, marks=pytest.mark.slow) for n in KINDS])
def test_exports_are_the_sources(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    path, times = write(tmp_path, kind)
    source = read_media(path)
    assert source.variable == (kind.rate is None)
    assert source.rate == (kind.rate or source.rate)
    assert tuple(sound.n_channels for sound in source.sounds) == kind.channels
    if kind.timecode:
        assert (source.timecode, source.drop) == frame_of(kind.timecode, source.rate)
    clips_hold_their_moments(path, times, source, tmp_path / "clips")
    the_reel_holds_all(path, times, source, tmp_path / "reel.mp4")
    for format, read in READERS.items():
        (written,) = export(MOMENTS, path, tmp_path / "out", format=format).paths
        spans = read(written.read_text(encoding="utf-8"), source, path)
        for (start, end), moment in zip(spans, MOMENTS, strict=True):
            assert moment.start - 1 / source.rate <= start <= moment.start + 1e-6
            assert moment.end - 1e-6 <= end <= moment.end + 1 / source.rate


def same_shape_and_sounds(path: Path, original: Path) -> None:
    with Source(path) as written, Source(original) as source:
        np.testing.assert_allclose(written.shape.square, source.shape.square, atol=1)
        for a, b in zip(written.sounds, source.sounds, strict=True):
            assert (a.codec_context.channels, a.sample_rate) == (b.codec_context.channels, b.sample_rate)


def clips_hold_their_moments(path: Path, times: np.ndarray, source: Media, folder: Path) -> None:
    frame = 1 / source.rate
    result = export(MOMENTS, path, folder, format="clips", options=ExportOptions(before=0.2))
    for clip, start, moment, beep in zip(result.paths, result.starts, MOMENTS, BEEPS, strict=True):
        same_shape_and_sounds(clip, path)
        shown = {number: time + start for time, number in reversed(numbers_of(clip))}
        for k in np.flatnonzero((times >= moment.start) & (times < moment.end)):
            assert shown[k] == pytest.approx(times[k], abs=float(frame))
        for track in range(len(source.sounds)):
            assert beeps_of(clip, track)[0] + start == pytest.approx(beep, abs=float(frame) + 0.01)


def the_reel_holds_all(path: Path, times: np.ndarray, source: Media, reel: Path) -> None:
    frame = float(1 / source.rate)
    export(MOMENTS, path, reel, format="reel")
    same_shape_and_sounds(reel, path)
    assert read_media(reel).rate == source.rate
    shown = numbers_of(reel)
    np.testing.assert_allclose([time for time, _ in shown], np.arange(len(shown)) * frame, atol=2e-3)
    numbers = {number for _, number in shown}
    length = sum(moment.duration for moment in MOMENTS)
    assert len(shown) * frame == pytest.approx(length, abs=4 * frame)
    for moment in MOMENTS:
        assert shown_in(times, moment.start) in numbers | {shown_in(times, moment.start) + 1}
        assert shown_in(times, moment.end - frame) in numbers | {shown_in(times, moment.end - frame) - 1}
    for track in range(len(source.sounds)):
        heard = [BEEPS[0] - MOMENTS[0].start, MOMENTS[0].duration + BEEPS[1] - MOMENTS[1].start]
        assert beeps_of(reel, track) == pytest.approx(heard, abs=3 * frame)


def shown_in(times: np.ndarray, time: float) -> int:
    """The number of the picture that is shown at a time."""
    return int(np.searchsorted(times, time, side="right")) - 1


def numbers_of(path: Path) -> list[tuple[float, int]]:
    """Times and numbers of pictures, of a copy that keeps another orientation or shape too."""
    from core.video.picture import Converter, shape_of

    with Source(path) as source:
        converter = Converter(lambda frame: shape_of(frame, None).square, pixel_format="rgb24")
        return [
            (source.time(frame), media.number_of(converter(frame).to_ndarray()))
            for packet in source.packets(source.video)
            for frame in source.frames(packet)
        ]


Spans = list[tuple[Fraction, Fraction]]


def edl(text: str, source: Media, path: Path) -> Spans:
    drop, spans, _ = read_edl(text, source.rate)
    assert drop == source.drop
    assert path.name in text
    shift = source.timecode / source.rate
    return [(start - shift, end - shift) for start, end in spans]


def opentimeline(text: str, source: Media, path: Path) -> Spans:
    timeline = otio.adapters.read_from_string(text, adapter_name="otio_json")
    clips = list(timeline.video_tracks()[0].find_clips())
    assert len(timeline.audio_tracks()) == len(source.sounds)
    spans = []
    for clip in clips:
        file = clip.media_reference
        assert unquote(urlparse(file.target_url).path) == str(path)
        first = file.available_range.start_time.value
        assert first == source.timecode
        start = clip.source_range.start_time.value - first
        spans.append((round(start) / source.rate, round(start + clip.source_range.duration.value) / source.rate))
    return spans


def final_cut_7(text: str, source: Media, path: Path) -> Spans:
    root = ET.fromstring(text)
    assert unquote(urlparse(root.findtext(".//pathurl")).path) == str(path)
    code = root.find(".//file/timecode")
    assert read_timecode(code.findtext("string"), source.rate) == source.timecode == int(code.findtext("frame"))
    assert [int(a.findtext("channelcount")) for a in root.iter("audio") if a.find("channelcount") is not None] == [
        sound.n_channels for sound in source.sounds
    ]
    size = root.find("sequence/media/video/format/samplecharacteristics")
    assert (int(size.findtext("width")), int(size.findtext("height"))) == source.shape.square
    assert len(root.findall("sequence/media/audio/track")) == source.n_channels
    timeline = otio.adapters.read_from_string(text, adapter_name="fcp_xml")
    assert len(timeline.audio_tracks()) == source.n_channels
    items = root.findall("sequence/media/video/track/clipitem")
    return [tuple(int(item.findtext(tag)) / source.rate for tag in ("in", "out")) for item in items]


def final_cut_x(text: str, source: Media, path: Path) -> Spans:
    root = ET.fromstring(text)
    asset = root.find("resources/asset")
    assert unquote(urlparse(asset.get("src")).path) == str(path)
    assert seconds(asset.get("start")) * source.rate == source.timecode
    assert asset.get("audioSources") == str(len(source.sounds))
    formats = {form.get("id"): form for form in root.iter("format")}
    sequence, file = formats[root.find(".//sequence").get("format")], formats[asset.get("format")]
    assert (int(sequence.get("width")), int(sequence.get("height"))) == source.shape.square
    aspect = Fraction(int(file.get("paspH", 1)), int(file.get("paspV", 1)))
    assert (int(file.get("width")), int(file.get("height")), aspect) == (
        source.shape.width,
        source.shape.height,
        source.shape.pixel_aspect,
    )
    first = seconds(asset.get("start"))
    starts = [seconds(clip.get("start")) - first for clip in root.iter("asset-clip")]
    return [(s, s + seconds(clip.get("duration"))) for s, clip in zip(starts, root.iter("asset-clip"))]


def markers(text: str, source: Media, path: Path) -> Spans:
    lines = [line for line in text.split("\n") if line]
    spans = []
    for event, marker in list(pairwise(lines))[2::2]:
        codes = event.split()[4:]
        first = read_timecode(codes[2], source.rate) - read_timecode(
            "01:00:00;00" if source.drop else "01:00:00:00", source.rate
        )
        assert codes[0] == codes[2]
        spans.append((first / source.rate, (first + int(marker.split("|D:")[1])) / source.rate))
    return spans


def losslesscut(text: str, source: Media, path: Path) -> Spans:
    content = json.loads(text)
    assert content["mediaFileName"] == path.name
    return [(Fraction(cut["start"]), Fraction(cut["end"])) for cut in content["cutSegments"]]


READERS: dict[str, Callable[[str, Media, Path], Spans]] = {
    "edl": edl,
    "otio": opentimeline,
    "fcp7xml": final_cut_7,
    "fcpxml": final_cut_x,
    "markers": markers,
    "losslesscut": losslesscut,
}
