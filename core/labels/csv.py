"""Labels as CSV: video,start,end,label[,person,note], or a single time column for a 6 s clip around a laugh.

Written files have all of `COLUMNS`, so that export and import lose nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import PunchlineError, Sentence
from core.labels.event import ORIGINS

MARK_BEFORE, MARK_AFTER = 5.0, 1.0  # seconds: a single time is that of a laugh, which a clip of 6 s ends after
COLUMNS = (
    *("video", "start", "end", "label", "person", "note", "origin", "clip_id", "labeller", "labelled_at"),
    *("video_id", "video_name"),
)
WORDS = dict.fromkeys(("1", "1.0", "funny", "true", "yes"), 1)
WORDS |= dict.fromkeys(("0", "0.0", "not funny", "not_funny", "false", "no"), 0)


@dataclass(frozen=True)
class LabelRow:
    """One good line: `line` counts from 1 with the header, times are seconds, `label` is 0 or 1.

    What the file does not say is empty. `origin` is one of `core.labels.ledger.ORIGINS`, `labelled_at` ISO 8601 in UTC.
    """

    line: int
    video: str
    start: float
    end: float
    label: int
    person: str = ""
    note: str = ""
    origin: str = ""
    clip_id: str = ""
    labeller: str = ""
    labelled_at: str = ""
    video_id: str = ""
    video_name: str = ""


@dataclass(frozen=True)
class Fault:
    """One line that cannot be used, and why."""

    line: int
    reason: str


def seconds_of(text: str) -> float:
    """Seconds from ``12.5``, ``m:ss`` or ``h:mm:ss``; a comma may stand for the point. Raises ValueError."""
    try:
        numbers = [float(part) for part in text.strip().replace(",", ".").split(":")]
        if len(numbers) > 3:
            raise ValueError(len(numbers))
    except ValueError as error:
        raise ValueError(Sentence("{text!r} is no time; expected seconds or h:mm:ss", text=text)) from error
    if any(not 0 <= n < 60 for n in numbers[1:]) or not 0 <= numbers[0] < 1e7:
        raise ValueError(Sentence("{text!r} is no time; minutes and seconds go from 0 to 59", text=text))
    return float(sum(n * 60.0**k for k, n in enumerate(reversed(numbers))))


def read_labels(content: bytes) -> tuple[list[LabelRow], list[Fault]]:
    """All good lines of a CSV and all faults, each with its line number.

    Commas, semicolons and tabs are told apart; a byte order mark is passed over; UTF-8 is expected, old Korean files in
    CP949 are read too.

    Raises
    ------
    PunchlineError
        If it is no text, or columns are missing.
    """
    text = _decoded(content)
    header, _, rest = text.partition("\n")
    named = header.strip().lower() if header[:4].lower() == "sep=" else ""  # as spreadsheets name their delimiter
    delimiter = named[4:5] or max(",;\t", key=(rest.partition("\n")[0] if named else header).count)
    lines = _lines(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    if named:
        next(lines)
    _, first, fault = next(lines, (1, [], None))
    if fault:
        raise PunchlineError("the header is {fault}", fault=fault)
    names = [name.strip().lower() for name in first]
    missing = ({"video", "label"} - set(names)) | (set() if "time" in names else {"start", "end"} - set(names))
    if missing:
        raise PunchlineError(
            "columns {missing} are missing (found {columns}); expected "
            "video,start,end,label[,person,note], or video,time,label",
            missing=", ".join(sorted(missing)),
            columns=", ".join(names) or Sentence("none"),
        )
    rows: list[LabelRow] = []
    faults: list[Fault] = []
    for line, cells, fault in lines:
        try:
            if any(cells[len(names) :]):
                n, wanted = len(cells), len(names)
                fault = Sentence("{n} cells, expected {wanted}; quote a cell that holds a comma", n=n, wanted=wanted)
            if fault:
                raise ValueError(fault)
            rows.append(_row(line, dict(zip(names, cells))))
        except ValueError as error:
            faults.append(Fault(line, Sentence.of(error)))
    return rows, faults


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise PunchlineError("this is no CSV text in UTF-8; save it as CSV UTF-8")


def _lines(reader: Any) -> Iterator[tuple[int, list[str], str | None]]:
    """The number of each line that is not blank, its cells without space around them, and why they are not readable."""
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield line, [], Sentence("not readable as CSV ({cause}); check its quotes", cause=error)
        else:
            if any(cells):
                yield line, cells, None


def _row(line: int, cells: dict[str, str]) -> LabelRow:
    if not (cells.get("video") or cells.get("video_id") or cells.get("video_name")):
        raise ValueError("the video is missing")
    word = cells.get("label", "").lower()
    if word not in WORDS:
        raise ValueError(Sentence("label {word!r}, expected 1 (funny) or 0 (not funny)", word=word))
    if cells.get("start") or cells.get("end"):
        start, end = seconds_of(cells.get("start", "")), seconds_of(cells.get("end", ""))
    else:
        time = seconds_of(cells.get("time", ""))
        start = max(0.0, time - MARK_BEFORE)
        end = start + MARK_BEFORE + MARK_AFTER
    origin = cells.get("origin", "").lower()
    if origin and origin not in ORIGINS:
        known = ", ".join(ORIGINS)
        raise ValueError(Sentence("origin {origin!r}, expected one of {known}, or nothing", origin=origin, known=known))
    text = {name: cells.get(name, "") for name in ("person", "note", "clip_id", "labeller", "video_id", "video_name")}
    at = _moment(cells.get("labelled_at", ""))
    return LabelRow(line, cells["video"], start, end, WORDS[word], origin=origin, labelled_at=at, **text)


def _moment(text: str) -> str:
    """A point in time as the ledger writes it; one without a zone is taken as UTC. Raises ValueError."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            Sentence("labelled_at {text!r}, expected ISO 8601 such as 2024-05-01T12:00:00Z, or nothing", text=text)
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def write_labels(rows: Iterable[Sequence[str | float]]) -> str:
    """CSV text of rows in the order of `COLUMNS`, as `read_labels` takes it; a shorter row leaves the rest empty.

    A spreadsheet shows Korean only where the text is saved with a byte order mark (encoding ``utf-8-sig``).
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for video, start, end, *rest in rows:
        texts = [*rest, *[""] * (len(COLUMNS) - 3 - len(rest))]
        writer.writerow([video, f"{float(start):.3f}", f"{float(end):.3f}", *texts])
    return out.getvalue()
