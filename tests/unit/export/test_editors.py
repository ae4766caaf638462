"""Timelines, read again by OpenTimelineIO's adapters and by strict readers written here, over three hours."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree as ET

import numpy as np
import opentimelineio as otio
import pytest

from core.export.edl import edl_text, markers_text
from core.export.final_cut import fcp7_text, fcpxml_text
from core.export.timecode import DROPPING, Media, Piece, SoundFormat, pieces
from core.export.timeline import otio_text
from core.segment import Detection
from core.video.picture import Shape
from core.video.probe import VideoInfo

HOURS = 3
RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(60)]
Span = tuple[Fraction, Fraction]


def made_up(rate: Fraction, duration: float = HOURS * 3600.0, **more: object) -> Media:
    """A video that need not exist."""
    info = VideoInfo(Path("/v/영상 <1>.mp4"), duration, 1920, 1080, 0, float(rate), "h264", "yuv420p", True, 0.0)
    settings: dict = {"drop": rate in DROPPING, "sounds": (SoundFormat(2, 48_000),)} | more
    return Media(info, rate, **{"shape": Shape(1920, 1080)} | settings)


def three_hours(n: int = 60) -> list[Piece]:
    starts = np.linspace(0.37, HOURS * 3600 - 9, n) + np.random.default_rng(2).uniform(0, 0.7, n)
    moments = [Detection(float(start), float(start) + 5.123, 0.5) for start in starts]
    names = [f"웃음 & <{k}>" for k in range(n)]
    return pieces(moments, duration=HOURS * 3600.0, names=names, apart=True)[0]


def within_a_frame(spans: list[Span], chosen: list[Piece], rate: Fraction) -> None:
    assert len(spans) == len(chosen)
    for (start, end), piece in zip(spans, chosen):
        assert start <= piece.moment.start + 1e-6
        assert end >= piece.moment.end - 1e-6
        assert piece.moment.start - start < 1 / rate + Fraction(1, 10**6)
        assert end - piece.moment.end < 1 / rate + Fraction(1, 10**6)


def read_timecode(text: str, rate: Fraction) -> int:
    """Frame number by counting minutes, unlike the way it was made."""
    hours, minutes, seconds, mark, frames = re.fullmatch(r"(\d\d):(\d\d):(\d\d)([:;])(\d\d)", text).groups()
    fps = round(rate)
    assert int(frames) < fps
    total = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * fps + int(frames)
    if mark == ";":
        dropped = {30: 2, 60: 4}[fps]
        assert int(minutes) % 10 == 0 or int(seconds) or int(frames) >= dropped, f"{text} does not exist"
        total -= dropped * sum(1 for minute in range(1, int(hours) * 60 + int(minutes) + 1) if minute % 10)
    return total


def read_edl(text: str, rate: Fraction) -> tuple[bool, list[Span], list[tuple[int, int]]]:
    """A strict CMX 3600 reader: title, FCM, then events of one line each and their comments."""
    lines = text.split("\n")
    assert lines[0].startswith("TITLE: ")
    drop = {"FCM: DROP FRAME": True, "FCM: NON-DROP FRAME": False}[lines[1]]
    spans, records = [], []
    for line in lines[2:]:
        if not line or line.startswith("* "):
            continue
        event = re.fullmatch(r"(\d{3})  (\w{2,8}) +(V|B|AA/V) +C +(\S{11}) (\S{11}) (\S{11}) (\S{11})", line)
        assert event, line
        assert int(event[1]) == len(spans) + 1
        codes = [event[k] for k in (4, 5, 6, 7)]
        assert all((";" in code) == drop for code in codes)
        a, b, c, d = (read_timecode(code, rate) for code in codes)
        assert b - a == d - c > 0
        spans.append((a / rate, b / rate))
        records.append((c, d))
    return drop, spans, records


@pytest.mark.parametrize("rate", RATES)
def test_an_edl_drifts_by_no_frame_in_three_hours(rate: Fraction) -> None:
    chosen = three_hours()
    text, said = edl_text(chosen, made_up(rate), "제목")
    drop, spans, records = read_edl(text, rate)
    assert drop == (rate in DROPPING)
    within_a_frame(spans, chosen, rate)
    assert records[0][0] == 0
    assert all(a[1] == b[0] for a, b in itertools.pairwise(records))
    assert not said


def spans_of(timeline: otio.schema.Timeline, rate: Fraction, kind: str) -> list[Span]:
    tracks = timeline.video_tracks() if kind == "Video" else timeline.audio_tracks()
    clips = [clip.source_range for clip in tracks[0].find_clips()]
    assert all(span.start_time.rate == pytest.approx(float(rate), rel=1e-3) for span in clips)
    return [(round(s.start_time.value) / rate, round(s.end_time_exclusive().value) / rate) for s in clips]


def by_edl(chosen: list[Piece], media: Media) -> tuple[str, str]:
    return edl_text(chosen, media, "t")[0], "cmx_3600"


def by_otio(chosen: list[Piece], media: Media) -> tuple[str, str]:
    return otio_text(chosen, media, "t"), "otio_json"


def by_fcp7(chosen: list[Piece], media: Media) -> tuple[str, str]:
    return fcp7_text(chosen, media, "t"), "fcp_xml"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("made", [by_edl, by_otio, by_fcp7])
def test_opentimelineio_reads_what_was_written(made: Callable[..., tuple[str, str]], rate: Fraction) -> None:
    chosen = three_hours(12)
    text, adapter = made(chosen, made_up(rate))
    options = {"rate": float(rate)} if adapter == "cmx_3600" else {}
    timeline = otio.adapters.read_from_string(text, adapter_name=adapter, **options)
    within_a_frame(spans_of(timeline, rate, "Video"), chosen, rate)
    within_a_frame(spans_of(timeline, rate, "Audio"), chosen, rate)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(60)])
def test_opentimelineio_reads_fcpxml_at_whole_rates(rate: Fraction) -> None:
    chosen = three_hours(12)
    found = otio.adapters.read_from_string(fcpxml_text(chosen, made_up(rate), "t"), adapter_name="fcpx_xml")
    (timeline,) = (
        found.find_children(descended_from_type=otio.schema.Timeline)
        if not isinstance(found, otio.schema.Timeline)
        else [found]
    )
    within_a_frame(spans_of(timeline, rate, "Video"), chosen, rate)


def seconds(text: str) -> Fraction:
    assert re.fullmatch(r"\d+(/\d+)?s", text), text
    return Fraction(text[:-1])


@pytest.mark.parametrize("rate", RATES)
def test_fcpxml_holds_whole_frames_as_fractions(rate: Fraction) -> None:
    chosen = three_hours()
    root = ET.fromstring(fcpxml_text(chosen, made_up(rate), "제목"))
    form, asset = root.find("resources/format"), root.find("resources/asset")
    assert 1 / seconds(form.get("frameDuration")) == rate
    assert unquote(urlparse(asset.get("src")).path) == "/v/영상 <1>.mp4"
    sequence = root.find("library/event/project/sequence")
    assert sequence.get("tcFormat") == ("DF" if rate in DROPPING else "NDF")
    spans, record = [], Fraction(0)
    for clip in sequence.find("spine"):
        offset, start, duration = (seconds(clip.get(key)) for key in ("offset", "start", "duration"))
        assert offset == record
        assert all((value * rate).denominator == 1 for value in (offset, start, duration))
        assert start + duration <= seconds(asset.get("duration"))
        record += duration
        spans.append((start, start + duration))
    assert seconds(sequence.get("duration")) == record
    within_a_frame(spans, chosen, rate)


@pytest.mark.parametrize("rate", RATES)
def test_fcp7_links_picture_and_sound_and_says_the_rate(rate: Fraction) -> None:
    chosen = three_hours(8)
    root = ET.fromstring(fcp7_text(chosen, made_up(rate), "제목"))
    items = {item.get("id"): item for item in root.iter("clipitem")}
    assert len(items) == 3 * 8  # picture and two channels
    for item in items.values():
        links = [items[link.findtext("linkclipref")] for link in item.findall("link")]
        assert len(links) == 3
        for tag in ("in", "out", "start", "end"):
            assert {link.findtext(tag) for link in links} == {item.findtext(tag)}
    for found in root.iter("rate"):
        assert found.findtext("timebase") == str(round(rate))
        assert found.findtext("ntsc") == ("TRUE" if rate.denominator > 1 else "FALSE")
    assert root.findtext(".//samplecharacteristics/width") == "1920"
    assert len([file for file in root.iter("file") if len(file)]) == 1


def test_the_files_timecode_moves_source_points_but_not_those_of_fcp7() -> None:
    rate, chosen = Fraction(25), three_hours(3)
    plain, tagged = made_up(rate), made_up(rate, timecode=90_000)
    shift = 3600
    for (a, b), (c, d) in zip(
        read_edl(edl_text(chosen, plain, "t")[0], rate)[1], read_edl(edl_text(chosen, tagged, "t")[0], rate)[1]
    ):
        assert (c - a, d - b) == (shift, shift)
    for text, move in ((otio_text, shift), (fcpxml_text, shift)):
        adapter = "otio_json" if text is otio_text else "fcpx_xml"
        starts = [
            spans_of(otio.adapters.read_from_string(text(chosen, m, "t"), adapter_name=adapter), rate, "Video")[0][0]
            if text is otio_text
            else seconds(ET.fromstring(text(chosen, m, "t")).find(".//asset-clip").get("start"))
            for m in (plain, tagged)
        ]
        assert starts[1] - starts[0] == move
    points = [[e.text for e in ET.fromstring(fcp7_text(chosen, m, "t")).iter("in")] for m in (plain, tagged)]
    assert points[0] == points[1]
    assert ET.fromstring(fcp7_text(chosen, tagged, "t")).findtext(".//file/timecode/string") == "01:00:00:00"


def test_a_video_without_sound_has_no_sound_tracks() -> None:
    chosen, silent = three_hours(2), made_up(Fraction(25), sounds=())
    assert " V     C " in edl_text(chosen, silent, "t")[0]
    assert ET.fromstring(fcp7_text(chosen, silent, "t")).find(".//audio") is None
    assert "hasAudio" not in fcpxml_text(chosen, silent, "t")
    timeline = otio.adapters.read_from_string(otio_text(chosen, silent, "t"))
    assert not timeline.audio_tracks()


def test_an_edl_above_99_frames_a_second_counts_each_second_one() -> None:
    chosen, rate = three_hours(5), Fraction(120_000, 1001)
    text, said = edl_text(chosen, made_up(rate), "t")
    drop, spans, _ = read_edl(text, rate / 2)
    assert drop
    within_a_frame(spans, chosen, rate / 2)
    assert "59.940" in said[0]


def test_more_events_than_an_edl_holds_are_said() -> None:
    moments = [Detection(10 * k, 10 * k + 5, 0.5) for k in range(1001)]
    chosen, _ = pieces(moments, duration=None, apart=True)
    assert any("999" in sentence for sentence in edl_text(chosen, made_up(Fraction(25)), "t")[1])


def test_cuts_that_meet_share_no_frame() -> None:
    moments = [Detection(1.01, 2.01, 0.5), Detection(2.02, 3.0, 0.5)]
    chosen, _ = pieces(moments, duration=100.0, before=1.0, after=1.0, apart=True)
    _, spans, _ = read_edl(edl_text(chosen, made_up(Fraction(25)), "t")[0], Fraction(25))
    assert spans[0][1] <= spans[1][0]


def test_control_characters_in_names_leave_the_xml_readable() -> None:
    (piece,) = pieces([Detection(1, 2, 0.5)], duration=10.0, names=["a\x00b\x0bc\n"])[0]
    media = made_up(Fraction(25))
    media = replace(media, info=replace(media.info, path=Path("/v/x\x07y.mp4")))
    for text in (fcp7_text, fcpxml_text):
        root = ET.fromstring(text([piece], media, "t\x01"))
        assert any("a b c" in (e.get("name") or e.text or "") for e in root.iter())


NAMES = ["& < > \" ' %20", "웃음 😂", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "x" * 300, "]]> -->", "a|b"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_comes_back(name: str) -> None:
    rate = Fraction(25)
    chosen, _ = pieces([Detection(1, 2, 0.5)], duration=10.0, names=[name])
    media = made_up(rate, 10.0)
    media = replace(media, info=replace(media.info, path=Path(f"/v/{name.replace('/', '_')[:80]}.mp4")))
    for text, adapter in ((otio_text, "otio_json"), (fcp7_text, "fcp_xml"), (fcpxml_text, "fcpx_xml")):
        timeline = otio.adapters.read_from_string(text(chosen, media, name), adapter_name=adapter)
        (clip,) = timeline.find_children(descended_from_type=otio.schema.Clip)[:1]
        assert clip.name == name
        if adapter != "fcpx_xml":
            assert unquote(urlparse(clip.media_reference.target_url).path) == str(media.info.path)
    edl, _ = edl_text(chosen, media, name)
    read_edl(edl, rate)
    assert f"* COMMENT: {name} (50%)" in edl
    assert f"|M:{name.replace('|', '/')} (50%) |D:25" in markers_text(chosen, media, name)


# What may stand in what, and which attributes each must and may have, by Apple's descriptions of the two formats.
FCPXML = {
    "fcpxml": (("resources", "library"), {"version"}, set()),
    "resources": (("format", "asset"), set(), set()),
    "format": ((), {"id"}, {"frameDuration", "width", "height", "paspH", "paspV"}),
    "asset": (
        (),
        {"id", "src"},
        {"name", "start", "duration", "format", "hasVideo", "hasAudio", "audioSources", "audioChannels", "audioRate"},
    ),
    "library": (("event",), set(), set()),
    "event": (("project",), set(), {"name"}),
    "project": (("sequence",), set(), {"name"}),
    "sequence": (("spine",), {"format"}, {"duration", "tcStart", "tcFormat", "audioLayout", "audioRate"}),
    "spine": (("asset-clip",), set(), set()),
    "asset-clip": (("note",), {"ref"}, {"name", "offset", "start", "duration", "format", "tcFormat"}),
    "note": ((), set(), set()),
}
VALUES = {
    "version": {"1.8"},
    "tcFormat": {"DF", "NDF"},
    "audioLayout": {"mono", "stereo", "surround"},
    "hasVideo": {"1"},
    "hasAudio": {"1"},
}
SEQUENCE_RATES = {"32k", "44.1k", "48k", "88.2k", "96k", "176.4k", "192k"}
XMEML_VALUES = {
    "ntsc": {"TRUE", "FALSE"},
    "anamorphic": {"TRUE", "FALSE"},
    "enabled": {"TRUE", "FALSE"},
    "displayformat": {"DF", "NDF"},
    "fielddominance": {"none", "lower", "upper"},
    "mediatype": {"audio", "video"},
    "pixelaspectratio": {
        *("square", "NTSC-601", "PAL-601", "DVCPROHD-720P", "DVCPROHD-1080i60", "DVCPROHD-1080i50"),
        *("HD-(960x720)", "HD-(1280x1080)", "HD-(1440x1080)"),
    },
}
XMEML = {
    "xmeml": {"sequence"},
    "sequence": {"name", "duration", "rate", "timecode", "media"},
    "rate": {"timebase", "ntsc"},
    "timecode": {"rate", "string", "frame", "displayformat"},
    "media": {"video", "audio"},
    "video": {"format", "track", "samplecharacteristics"},
    "audio": {"numOutputChannels", "track", "samplecharacteristics", "channelcount", "audiochannel"},
    "format": {"samplecharacteristics"},
    "track": {"clipitem", "outputchannelindex"},
    "clipitem": {
        *(
            "name",
            "enabled",
            "duration",
            "rate",
            "start",
            "end",
            "in",
            "out",
            "file",
            "sourcetrack",
            "link",
            "comments",
        ),
    },
    "file": {"name", "pathurl", "rate", "duration", "timecode", "media"},
    "samplecharacteristics": {
        *("rate", "width", "height", "anamorphic", "pixelaspectratio", "fielddominance", "depth", "samplerate"),
    },
    "audiochannel": {"sourcechannel"},
    "sourcetrack": {"mediatype", "trackindex"},
    "link": {"linkclipref", "mediatype", "trackindex", "clipindex"},
    "comments": {"mastercomment1"},
}


SOUNDS = [(), (SoundFormat(2, 48_000),), (SoundFormat(1, 8_000), SoundFormat(6, 48_000)), (SoundFormat(8, 192_000),)]
SHAPES = [Shape(1920, 1080), Shape(1080, 1920), Shape(1440, 1080, Fraction(4, 3)), Shape(720, 576, Fraction(64, 45))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sounds", SOUNDS)
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001)])
def test_the_xml_holds_what_its_format_allows(rate: Fraction, sounds: tuple[SoundFormat, ...], shape: Shape) -> None:
    media = made_up(rate, sounds=sounds, shape=shape)
    root = ET.fromstring(fcpxml_text(three_hours(3), media, "t"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        children, must, may = FCPXML[element.tag]
        assert [child.tag for child in element] == sorted((c.tag for c in element), key=children.index)
        assert must <= set(element.keys()) <= must | may, element.tag
        assert all(value in VALUES.get(name, {value}) for name, value in element.items()), element.tag
        assert element.tag != "sequence" or element.get("audioRate", "48k") in SEQUENCE_RATES
        assert {element.get(name) for name in ("ref", "format") if element.get(name)} <= set(ids)
        for name in ("offset", "start", "duration", "frameDuration"):
            assert element.get(name) is None or seconds(element.get(name)) * rate == round(
                seconds(element.get(name)) * rate
            )
    root = ET.fromstring(fcp7_text(three_hours(3), media, "t"))
    items = {item.get("id") for item in root.iter("clipitem")}
    for element in root.iter():
        tags = [child.tag for child in element]
        assert set(tags) <= XMEML.get(element.tag, set()), element.tag
        repeated = {"track", "clipitem", "link", "audio", "audiochannel"}
        assert all(tags.count(tag) == 1 for tag in set(tags) - repeated), element.tag
        assert element.text in XMEML_VALUES.get(element.tag, {element.text}), element.tag
    assert {link.text for link in root.iter("linkclipref")} <= items
