"""Moments as lists, read again by strict readers written here."""

import csv
import io
import json
import re
from fractions import Fraction

import pytest

from core.errors import PunchlineError
from core.export.lists import chapters_text, clock, csv_text, json_text, labelstudio_text, srt_text
from core.export.timecode import Piece, pieces
from core.segment import Detection
from tests.unit.export.test_editors import made_up

NTSC = Fraction(30000, 1001)


def listed(*spans: tuple[float, float], duration: float = 600.0, names: list[str] | None = None) -> list[Piece]:
    moments = [Detection(start, end, min(1.0, 0.5 + k / 100)) for k, (start, end) in enumerate(spans)]
    return pieces(moments, duration=duration, names=names)[0]


def test_the_table_is_read_by_pythons_csv_with_any_name() -> None:
    chosen = listed((1.2345, 5.0), (7, 9), names=['quote " and, comma', "두\n줄"])
    rows = list(csv.DictReader(io.StringIO(csv_text(chosen, made_up(Fraction(25))), newline=""), strict=True))
    assert [row["name"] for row in rows] == ['quote " and, comma', "두 줄"]
    assert float(rows[0]["start"]) == pytest.approx(1.2345, abs=5e-4)
    assert [row["score"] for row in rows] == ["0.5000", "0.5100"]
    assert {row["video"] for row in rows} == {"영상 <1>.mp4"}


def test_json_holds_seconds_and_frames_of_a_rational_rate() -> None:
    content = json.loads(json_text(listed((10795.1, 10799.9), duration=10_800), made_up(NTSC)))
    numerator, denominator = content["video"]["frame_rate"]
    moment = content["moments"][0]
    assert abs(moment["first_frame"] * denominator / numerator - 10795.1) <= 1001 / 30000
    assert abs(moment["end_frame"] * denominator / numerator - 10799.9) <= 1001 / 30000
    assert (moment["start"], moment["end"]) == (10795.1, 10799.9)
    assert content["format_version"] == 1


def read_srt(text: str) -> list[tuple[float, float, str]]:
    """A strict reader: numbered from 1, two digits and three, times that do not go back, one line of text."""
    found = []
    for number, block in enumerate(text.strip("\n").split("\n\n"), 1):
        head, times, words = block.split("\n")
        assert head == str(number)
        times = re.fullmatch(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})", times)
        assert times, block
        a, b = (
            3600 * int(h) + 60 * int(m) + int(s) + int(ms) / 1000
            for h, m, s, ms in (times.groups()[:4], times.groups()[4:])
        )
        assert a < b
        found.append((a, b, words))
    return found


def test_subtitles_are_read_strictly() -> None:
    chosen = listed((0.9996, 2), (3599.9999, 3605.5), names=["a --> b\n\n2", "ㅋㅋ"], duration=4000)
    found = read_srt(srt_text(chosen, made_up(NTSC)))
    assert [words for *_, words in found] == ["a → b 2 (50%)", "ㅋㅋ (51%)"]
    for (start, end, _), piece in zip(found, chosen):
        assert (start, end) == pytest.approx((piece.moment.start, piece.moment.end), abs=1e-3)


def test_the_clock_carries_over() -> None:
    assert clock(3599.9996) == "01:00:00.000"
    assert clock(360_000) == "100:00:00.000"


def read_chapters(text: str, duration: float) -> list[tuple[int, str]]:
    """What YouTube asks for: from 0:00, three or more, ascending, 10 s each."""
    found = []
    for line in text.splitlines():
        stamp, title = re.fullmatch(r"((?:\d+:)?\d?\d:\d\d) (.+)", line).groups()
        assert not set(title) & set("<>")
        found.append((sum(int(part) * 60**k for k, part in enumerate(reversed(stamp.split(":")))), title))
    starts = [start for start, _ in found]
    assert starts[0] == 0
    assert len(starts) >= 3
    assert all(b - a >= 10 for a, b in zip(starts, [*starts[1:], duration]))
    return found


def test_chapters_follow_youtubes_rules_and_say_what_was_merged() -> None:
    chosen = listed((12, 15), (18, 20), (100, 105), (595, 599), names=["<one>", "two", "three", "last"])
    text, said = chapters_text(chosen, made_up(Fraction(25), 600))
    assert read_chapters(text, 600) == [(0, "Start"), (12, "‹one›"), (100, "three")]
    assert said == ["2 moments merged with the chapter before: two, last"]


def test_a_video_that_opens_with_a_moment_begins_with_its_chapter() -> None:
    text, said = chapters_text(listed((3, 8), (50, 55), (4000, 4010), duration=5000), made_up(Fraction(25), 5000))
    assert text.splitlines() == ["0:00:00 Moment 1", "0:00:50 Moment 2", "1:06:40 Moment 3"]
    assert not said


def test_one_moment_makes_three_chapters_with_what_follows_it() -> None:
    text, _ = chapters_text(listed((30, 35), duration=100), made_up(Fraction(25), 100), opening="방송")
    assert read_chapters(text, 100) == [(0, "방송"), (30, "Moment 1"), (40, "방송")]


def test_too_short_a_video_has_no_chapters() -> None:
    with pytest.raises(PunchlineError, match="at least 3 of 10 s"):
        chapters_text(listed((2, 5), duration=25), made_up(Fraction(25), 25))


def test_more_text_than_a_description_holds_is_said() -> None:
    chosen = listed(*((20 * k, 20 * k + 5) for k in range(1, 200)), duration=5000, names=["가" * 40] * 199)
    assert any("holds 5000" in sentence for sentence in chapters_text(chosen, made_up(Fraction(25), 5000))[1])


@pytest.mark.parametrize("rate", [Fraction(25), NTSC, Fraction(60000, 1001)])
def test_label_studio_counts_frames_from_one(rate: Fraction) -> None:
    chosen = listed((10.01, 12.02), (9000.3, 9003.4), duration=10_800)
    (task,) = json.loads(labelstudio_text(chosen, made_up(rate), label="웃김"))
    assert task["data"]["framerate"] == float(rate)
    (prediction,) = task["predictions"]
    assert 0 <= prediction["score"] <= 1
    for result, piece in zip(prediction["result"], chosen):
        (span,) = result["value"]["ranges"]
        assert result["type"] == "timelinelabels"
        assert result["value"]["timelinelabels"] == ["웃김"]
        assert abs((span["start"] - 1) / rate - piece.moment.start) <= 1 / rate
        assert abs(span["end"] / rate - piece.moment.end) <= 1 / rate
    assert len({result["id"] for result in prediction["result"]}) == 2
