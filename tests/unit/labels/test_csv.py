"""Labels as CSV: what people's spreadsheets write, and lines that cannot be used."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from core.errors import PunchlineError
from core.labels.csv import Fault, LabelRow, read_labels, seconds_of, write_labels

HEADER = "video,start,end,label,person,note\n"


def rows_of(text: str, *, encoding: str = "utf-8") -> list[LabelRow]:
    """The lines of a CSV without a fault."""
    rows, faults = read_labels(text.encode(encoding))
    assert faults == []
    return rows


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("0", 0.0), ("12.5", 12.5), ("12,5", 12.5), (" 7 ", 7.0), ("90", 90.0), ("1e3", 1000.0)),
        *(("1:30", 90.0), ("0:59.9", 59.9), ("75:00", 4500.0)),
        *(("1:02:03", 3723.0), ("01:02:03,25", 3723.25), ("12:00:00", 43200.0)),
    ],
)
def test_times_are_seconds_or_a_clock(text, seconds):
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "1:60", "1:60:00", "1:-2", "1::2", ":5", "1:2:3:4", "nan", "inf", "1.2.3", "1e9"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="is no time"):
        seconds_of(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_any_kind_are_read(encoding, newline, delimiter):
    text = HEADER + "방송 1.mp4,10,16.5,1,지은,좋다\na.mp4,1:00,1:05,0,,\n"
    assert rows_of(text.replace(",", delimiter).replace("\n", newline), encoding=encoding) == [
        LabelRow(2, "방송 1.mp4", 10.0, 16.5, 1, "지은", "좋다"),
        LabelRow(3, "a.mp4", 60.0, 65.0, 0, "", ""),
    ]


def test_old_korean_files_are_read():
    (row,) = rows_of(HEADER + "방송.mp4,10,16,1,지은,똠방\n", encoding="cp949")
    assert (row.video, row.person, row.note) == ("방송.mp4", "지은", "똠방")


def test_a_comma_may_stand_for_the_point():
    (row,) = rows_of("video;start;end;label\na.mp4;10,25;16,5;1\n")
    assert (row.start, row.end) == (10.25, 16.5)
    (row,) = rows_of('video,start,end,label\na.mp4,"10,25","16,5",1\n')
    assert (row.start, row.end) == (10.25, 16.5)


def test_columns_have_any_order_and_case_and_others_are_passed_over():
    (row,) = rows_of("Label, END ,colour,Start,VIDEO\n funny ,16,red, 10 , a.mp4 \n")
    assert row == LabelRow(2, "a.mp4", 10.0, 16.0, 1, "", "")


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("1", 1),
        ("0", 0),
        ("Funny", 1),
        ("not funny", 0),
        ("not_funny", 0),
        ("TRUE", 1),
        ("no", 0),
        ("1.0", 1),
        ("0.0", 0),
    ],
)
def test_labels_are_numbers_or_words(word, label):
    assert rows_of(f"video,time,label\na,60,{word}\n")[0].label == label


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_first_line_may_name_the_separator(separator):
    lines = ["video,start,end,label", "a.mp4,1,7,1"]
    text = "\n".join([f"sep={separator}", *(line.replace(",", separator) for line in lines)]) + "\n"
    assert [(row.video, row.start, row.label) for row in rows_of(text)] == [("a.mp4", 1.0, 1)]


def test_a_single_time_is_a_clip_of_six_seconds_that_ends_a_second_after_it():
    found = rows_of("video,time,label\na,1:00:00,1\na,5,0\na,2,0\n")
    assert [(row.start, row.end) for row in found] == [(3595.0, 3601.0), (0.0, 6.0), (0.0, 6.0)]


def test_start_and_end_win_over_a_time_that_also_stands_there():
    found = rows_of("video,start,end,time,label\na,10,17,90,1\na,,,90,1\n")
    assert [(row.start, row.end) for row in found] == [(10.0, 17.0), (85.0, 91.0)]


def test_bad_lines_are_numbered_with_their_reason_and_good_ones_kept():
    lines = ["a,1,7,1", "a,soon,7,1", "", "a,1,7,maybe", ",1,7,1", "a,1,,1", ",,,", "a,1:75,7,1", "a,2,8,0", "a,1"]
    rows, faults = read_labels(("video,start,end,label\n" + "\n".join(lines)).encode())
    assert [(row.line, row.start) for row in rows] == [(2, 1.0), (10, 2.0)]
    assert faults == [
        Fault(3, "'soon' is no time; expected seconds or h:mm:ss"),
        Fault(5, "label 'maybe', expected 1 (funny) or 0 (not funny)"),
        Fault(6, "the video is missing"),
        Fault(7, "'' is no time; expected seconds or h:mm:ss"),
        Fault(9, "'1:75' is no time; minutes and seconds go from 0 to 59"),
        Fault(11, "label '', expected 1 (funny) or 0 (not funny)"),
    ]


def test_a_line_with_too_many_cells_is_bad_and_empty_ones_do_no_harm():
    """An unquoted decimal comma moves all later cells: 10 to 16,5 would become 10 to 16."""
    rows, faults = read_labels(b"video,label,start,end\na,1,10,16,5\na,1,20,26,,\n")
    assert [row.start for row in rows] == [20.0]
    (fault,) = faults
    assert fault.line == 2
    assert "5 cells, expected 4" in fault.reason


def test_a_quote_that_does_not_end_is_told_and_not_swallowed():
    rows, faults = read_labels((HEADER + 'a,1,7,1,,\na,2,8,1,,"a note\na,3,9,1,,\na,4,10,1,,\n').encode())
    assert [row.start for row in rows] == [1.0]
    assert [fault.line for fault in faults] == [3]
    assert "quote" in faults[0].reason


def test_a_cell_of_any_length_is_no_traceback():
    content = (HEADER + f"a,1,7,1,,{'x' * 200_000}\na,2,8,1,,\n").encode()
    rows, faults = read_labels(content)
    assert [row.start for row in rows] == [2.0]
    assert [fault.line for fault in faults] == [2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "columns end, label, start, video are missing (found none)"),
        ("video,label\na,1\n", "columns end, start are missing (found video, label)"),
        ("start,end,label\n1,7,1\n", "columns video are missing"),
        ("video,time\na,1\n", "columns label are missing"),
        ("a.mp4,1,7,1\n", "expected video,start,end,label[,person,note], or video,time,label"),
    ],
)
def test_missing_columns_are_named(text, words):
    with pytest.raises(PunchlineError) as error:
        read_labels(text.encode())
    assert words in str(error.value)


@pytest.mark.parametrize("content", [b"\xff\xfev\x00i\x00d\x00", b"\x89PNG\r\n\x1a\n\x00\xff\xff", b"video\xff\n"])
def test_what_is_no_text_is_refused(content):
    with pytest.raises(PunchlineError, match="save it as CSV UTF-8"):
        read_labels(content)


def test_what_is_written_is_read():
    rows = [
        ("/방송/a, b.mp4", 10.0, 16.5, 1, "지은", 'say "ha"; ha'),
        ("c.mp4", 3601.125, 3607.0005, 0, "A/B", "two\nlines"),
    ]
    text = write_labels(rows)
    assert (
        text.splitlines()[0]
        == "video,start,end,label,person,note,origin,clip_id,labeller,labelled_at,video_id,video_name"
    )
    found = rows_of(text)
    assert [(r.video, r.label, r.person, r.note) for r in found] == [(v, n, p, t) for v, _, _, n, p, t in rows]
    for row, (_, start, end, *_) in zip(found, rows, strict=True):
        assert (row.start, row.end) == pytest.approx((start, end), abs=0.00051)
    again = write_labels((r.video, r.start, r.end, r.label, r.person, r.note) for r in found)
    assert again == text


def test_export_and_import_lose_nothing():
    rows = [
        ("a.mp4", 1.0, 7.0, 1, "지은", "", "peaks", "c1", "Ann", "2024-05-01T12:00:00.123+00:00", "v1", "a.mp4"),
        ("a.mp4", 20.0, 26.5, 0, "", "x", *[""] * 6),
    ]
    found = rows_of(write_labels(rows))
    assert [astuple(row)[1:] for row in found] == rows


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00.000+00:00"),
        ("2024-05-01 21:00:00+09:00", "2024-05-01T12:00:00.000+00:00"),
        ("2024-05-01", "2024-05-01T00:00:00.000+00:00"),
    ],
)
def test_a_time_of_labelling_is_kept_in_utc(text, want):
    (row,) = rows_of(f"video,time,label,labelled_at\na,60,1,{text}\n")
    assert row.labelled_at == want


def test_an_unknown_origin_or_time_of_labelling_is_a_bad_line():
    rows, faults = read_labels(b"video,time,label,origin,labelled_at\na,60,1,guess,\na,60,1,,soon\na,60,1,Peaks,\n")
    assert [row.origin for row in rows] == ["peaks"]
    assert [fault.line for fault in faults] == [2, 3]
    assert "origin 'guess', expected one of random" in faults[0].reason
    assert "labelled_at 'soon', expected ISO 8601" in faults[1].reason


def test_a_hundred_thousand_lines_are_read_with_their_bad_ones():
    lines = [f"방송 {k % 7}.mp4,{k // 360}:{k // 6 % 60:02d}:{k % 6 * 10:02d},1" for k in range(100_000)]
    lines[70_000] = "방송 1.mp4,late,1"
    rows, faults = read_labels(("video,time,label\n" + "\n".join(lines)).encode("utf-8-sig"))
    assert len(rows) == 99_999
    assert rows[-1].end == pytest.approx(999_990 + 1)
    assert [fault.line for fault in faults] == [70_002]


@pytest.mark.parametrize("head", ["sep=;\n", "sep=;\r\n", "\ufeffSEP=;\n", ""])
def test_a_first_line_that_names_the_delimiter_is_no_header(head):
    rows, faults = read_labels((head + "video;start;end;label\na, b.mp4;1,5;7,5;1.0\n").encode())
    assert [(row.video, row.start, row.label) for row in rows] == [("a, b.mp4", 1.5, 1)], faults
