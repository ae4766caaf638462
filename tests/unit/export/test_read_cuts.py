"""Cut lists of editors, read back: own timelines, and such as other programs write them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from core.errors import PunchlineError
from core.export.edl import edl_text
from core.export.lists import csv_text
from core.export.read_cuts import CutEvent, of_source, read_cut
from core.export.timecode import DROPPING, Media, pieces
from core.export.timeline import otio_text
from core.segment import Detection, Segment
from core.video.picture import Shape
from core.video.probe import VideoInfo

WRITERS = {
    ".edl": lambda chosen, media: edl_text(chosen, media, "cut")[0],
    ".otio": lambda chosen, media: otio_text(chosen, media, "cut"),
    ".csv": csv_text,
}
RESOLVE = """TITLE: Episode 12
FCM: NON-DROP FRAME

001  AX       V     C        10:00:12:00 10:00:20:00 01:00:00:00 01:00:08:00
* FROM CLIP NAME: STREAM.MOV

002  AX       A     C        10:00:12:00 10:00:20:00 01:00:00:00 01:00:08:00
* FROM CLIP NAME: STREAM.MOV

003  AX       V     D    012 00:00:00:00 00:00:04:00 01:00:08:00 01:00:12:00
* FROM CLIP NAME: intro.mp4

004  AX       AA/V  C        10:01:00:12 10:01:06:00 01:00:12:00 01:00:17:13
* FROM CLIP NAME: stream.mov
"""


def media(rate: Fraction = Fraction(25), *, timecode: int = 0, duration: float = 3600.0) -> Media:
    info = VideoInfo(Path("/v/stream.mov"), duration, 1920, 1080, 0, float(rate), "h264", "yuv420p", True, 0.0)
    return Media(info, rate, Shape(1920, 1080), timecode=timecode, drop=rate in DROPPING)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(60)])
@pytest.mark.parametrize("hour", [0, 1])
def test_own_timelines_come_back_within_a_frame(suffix: str, rate: Fraction, hour: int) -> None:
    source = media(rate, timecode=round(3600 * hour * rate))
    wanted = [Detection(12.3, 19.8, 0.9), Detection(1000.02, 1006.0, 0.5), Detection(3333.3, 3340.1, 0.7)]
    chosen, _ = pieces(wanted, duration=3600.0, apart=True)
    found = of_source(read_cut(WRITERS[suffix](chosen, source).encode(), f"cut{suffix}", source), source)
    assert [(s.start, s.end) for s in found] == [
        (pytest.approx(m.start, abs=1 / rate + 1e-6), pytest.approx(m.end, abs=1 / rate + 1e-6)) for m in wanted
    ]


def test_an_edl_of_another_program_is_read_by_source_and_its_timecode() -> None:
    source = media(timecode=10 * 3600 * 25)
    events = read_cut(RESOLVE.encode(), "episode.EDL", source)
    assert of_source(events, source) == [Segment(12.0, 20.0), Segment(60.48, 66.0)]
    other = replace(source, info=replace(source.info, path=Path("/v/renamed.mkv")))
    with pytest.raises(PunchlineError, match=r"holds nothing of renamed.mkv; it names STREAM.MOV, stream.mov"):
        of_source(events, other)
    assert of_source(events, other, name="Stream.mov") == [Segment(12.0, 20.0), Segment(60.48, 66.0)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("start,end\n10,16.5\n1:00,1:06", [(10, 16.5), (60, 66)]),
        ("10;16,5\n0:01:00;0:01:06\n", [(10, 16.5), (60, 66)]),  # as LosslessCut writes it, without a header
        ("Name,Source In,Source Out\na,00:00:10:00,00:00:16:12\n", [(10, 16.48)]),
        ("video,start,end\nother.mp4,1,9\nstream.mp4,10,16\n", [(10, 16)]),
        ("start,end\n10,16\n15.9,20\n20,21\n3599,3700", [(10, 21), (3599, 3600)]),
    ],
)
def test_tables_of_cuts(text: str, wanted: list[tuple[float, float]]) -> None:
    source = media()
    found = of_source(read_cut(text.encode(), "cut.csv", source), source)
    assert [(s.start, s.end) for s in found] == [pytest.approx(span) for span in wanted]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.xml", b"<a/>", "unknown kind of cut list"),
        ("cut.otio", b"{", "cannot be read"),
        ("cut.edl", b"TITLE: nothing\n", "no cut is in it"),
        ("cut.edl", b"001  AX V C 00:00:77:00 00:00:78:00 00:00:00:00 00:00:01:00", "cannot be read"),
        ("cut.csv", b"\xff\xfe\x00", "no cut is in it"),
        ("cut.csv", b"start,end\nsoon,later", "cannot be read"),
    ],
)
def test_what_is_no_cut_list_is_said(name: str, content: bytes, said: str) -> None:
    with pytest.raises(PunchlineError, match=said):
        read_cut(content, name, media())


def test_the_same_part_counts_once() -> None:
    text = RESOLVE + RESOLVE[RESOLVE.index("004") :].replace("004", "005")
    assert (
        read_cut(text.encode(), "a.edl", media(timecode=900_000)).count(CutEvent("stream.mov", Segment(60.48, 66.0)))
        == 1
    )
