"""One message of a chat, and what could not be read of a chat file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

EPOCH = 1e8  # seconds above which a time is one of the calendar, not of a video
MAX_EXAMPLES = 5
LONGEST = 8 << 20  # characters that one message may have, with all that is told of it
_CLOCK = re.compile(r"(-?)(?:(\d+):)?(\d{1,4}):(\d{2}(?:[.,]\d+)?)")
_DATE = re.compile(  # as spreadsheets of many countries write it: 2024. 5. 1. 오후 8:01:05, 2024/5/1 20:01
    r"(\d{4})[-./] ?(\d{1,2})[-./] ?(\d{1,2})\.?[T ] *(오전|오후|AM|PM)? *"
    r"(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))? *(AM|PM)?",
    re.IGNORECASE,
)


class Message(NamedTuple):
    """`time` is in seconds of the video, or of the calendar where the file knows no better."""

    time: float
    user: str
    text: str


@dataclass
class Unread:
    """What of a file gave no message: damaged places with a few examples, and whether it ends in the middle."""

    n_damaged: int = 0
    examples: list[str] = field(default_factory=list)
    cut_off: bool = False

    def add(self, place: str, content: str) -> None:
        """One more damaged place; the beginning of its content is shown, and not kept in any file."""
        self.n_damaged += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{place}: {content[:60]!r}")


def seconds_of(value: object, *, milliseconds: bool = False) -> float | None:
    """A time as chat files write it: seconds, h:mm:ss, or a date; None where it is none of these."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    if match := _CLOCK.fullmatch(text):
        sign, hours, minutes, seconds = match.groups()
        total = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
        return -total if sign else total
    try:
        number = float(text.replace(",", ".") if text.count(",") == 1 else text)
    except ValueError:
        return _calendar(text)
    if number != number or abs(number) > 1e17:
        return None
    while milliseconds or abs(number) > 1e11:  # milliseconds or microseconds of the calendar
        number, milliseconds = number / 1000, False
    return number


def _calendar(text: str) -> float | None:
    """A date with a time of day in seconds of the calendar; None where it is none."""
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC")).timestamp()
    except ValueError:
        match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, before, hour, minute, second, after = match.groups()
    half = (before or after or "").upper()
    late = 12 if half in ("오후", "PM") else 0
    try:
        start = datetime(int(year), int(month), int(day)).timestamp()
    except ValueError:
        return None
    hours = int(hour) % 12 + late if half else int(hour)
    return start + hours * 3600 + int(minute) * 60 + float((second or "0").replace(",", "."))
