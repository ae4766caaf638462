"""Chats in lines: CSV with a time, a user and a message; logs with h:mm:ss; logs of IRC clients and raw IRC."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from core.cues.chat_message import LONGEST, Message, Unread, seconds_of

COLUMNS = {
    "time": "time timestamp offset seconds timeinseconds contentoffsetseconds playermessagetime messagetime msgtime "
    "times timeseconds timems offsetms milliseconds timestampms date datetime createdat 시간 재생시간 시각 작성시간",
    "user": "user username nickname author authorname name displayname uid userid useridhash id 닉네임 아이디 작성자",
    "text": "message content text body comment chat chatmessage msg messagebody 메시지 내용 채팅 채팅내용 메세지",
}
IN_MILLISECONDS = ("ms", "milliseconds", "playermessagetime")
_DATED = r"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| UTC|[+-]\d\d:?\d\d)?)"
_TIME = rf"(?P<time>{_DATED}|-?(?:\d+:)?\d{{1,4}}:\d{{2}}(?:[.,]\d+)?)"
_LOG = re.compile(rf"\s*[\[(]?{_TIME}[\])]?\s*[-|]?\s*(?:<?(?P<user>[^:<>]{{1,60}}?)>?\s*:\s)?(?P<text>.+)")
_CLIENT = re.compile(
    r"\s*\[?(?:(?P<date>\d{4}-\d\d-\d\d)[T ]|[A-Z][a-z]{2} \d\d )?(?P<time>-?\d{1,2}:\d{2}(?::\d{2})?)\]?"
    r"\s+<[~&@%+ ]?(?P<user>[^>]+)>\s?(?P<text>.*)"
)
_RAW = re.compile(r"(?:@(?P<tags>\S+) )?:(?P<user>[^! ]+)!\S+ PRIVMSG \S+ :(?P<text>.*)")
_SENT = re.compile(r"(?:tmi-sent-ts|rm-received-ts)=(\d+)")
_NOTICE = re.compile(r"\s*$|---|\s*#|.*\s-!-\s|.*\s\*{1,3}\s|(?:@\S+ )?:\S+ (?!PRIVMSG)[A-Z0-9]+ |PING")
_BEGINS = re.compile(rf"\s*[\[(]?{_TIME}[\s\])]+\S")
DAY = 86_400.0


def csv_messages(lines: Iterable[str], sample: str, unread: Unread) -> Iterator[Message]:
    """The messages of a table; its columns are known by their heading, else they are time, user, message."""
    first = next((line for line in sample.splitlines() if not line.startswith("sep=")), "")
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter)
    places: dict[str, int] | None = None
    milliseconds = False
    for row in _safely(rows, unread):
        if places is None:
            places = _places(row)
            if places is not None:
                milliseconds = _plain(row[places["time"]]).endswith(IN_MILLISECONDS)
                continue
            if row and row[0].startswith("sep="):  # of spreadsheets
                continue
            places = {"time": 0, "user": 1, "text": 2} if len(row) >= 3 else {"time": 0, "text": 1}
        if not any(row):
            continue
        time = seconds_of(row[places["time"]], milliseconds=milliseconds) if len(row) > places["time"] else None
        if time is None or len(row) <= places["text"]:
            unread.add(f"line {rows.line_num}", delimiter.join(row))
        else:
            user = row[places["user"]] if "user" in places and len(row) > places["user"] else ""
            yield Message(time, user, row[places["text"]])


def _safely(rows: Iterator[list[str]], unread: Unread) -> Iterator[list[str]]:
    """The rows that can be read, with longer cells than elsewhere: the module's limit holds for the whole process."""
    while True:
        usual = csv.field_size_limit(LONGEST)
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            unread.add("a row", str(error))
            continue
        finally:
            csv.field_size_limit(usual)
        yield row


def _places(header: list[str]) -> dict[str, int] | None:
    names = [_plain(name) for name in header]
    place_of = {}
    for column, known in COLUMNS.items():
        place = next((names.index(name) for name in known.split() if name in names), None)
        if place is not None:
            place_of[column] = place
    return place_of if "time" in place_of and "text" in place_of else None


def _plain(name: str) -> str:
    """A column's name in small letters alone: `Time (s)` and `time_s` are the same."""
    return re.sub(r"[\W_]", "", name).lower()


def log_messages(lines: Iterable[str], unread: Unread) -> Iterator[Message]:
    """The messages of a log: `[h:mm:ss] user: message` on the video's clock."""
    for number, line in enumerate(lines, 1):
        match = _LOG.match(line)
        time = seconds_of(match["time"]) if match else None
        if match and time is not None:
            yield Message(time, match["user"] or "", match["text"].strip())
        elif not _NOTICE.match(line):
            unread.add(f"line {number}", line)


def irc_messages(lines: Iterable[str], unread: Unread) -> Iterator[Message]:
    """The messages of an IRC client's log (`21:03 <user> message`) or of raw IRC with its time in the tags.

    Times of day go on over midnight.
    """
    day, last = 0.0, 0.0
    for number, line in enumerate(lines, 1):
        if (raw := _RAW.search(line)) and (sent := _SENT.search(raw["tags"] or "")):
            yield Message(float(sent[1]) / 1000, raw["user"], raw["text"].strip())
            continue
        match = _CLIENT.match(line)
        if match is None:
            if not _NOTICE.match(line):
                unread.add(f"line {number}", line)
            continue
        time = seconds_of(match["time"] if match["time"].count(":") == 2 else f"{match['time']}:00") or 0.0
        if match["date"]:
            time = seconds_of(f"{match['date']}T{match['time'].zfill(5)}") or time
        elif time + day < last - DAY / 2:
            day += DAY
        last = time + day if not match["date"] else time
        yield Message(last, match["user"].strip(), match["text"].strip())


def is_irc(sample: str) -> bool:
    """Whether the beginning of a text is an IRC log."""
    lines = [line for line in sample.splitlines()[:200] if line.strip()]
    n = sum(bool(_CLIENT.match(line) or _RAW.search(line)) for line in lines)
    return n > 0 and n >= sum(bool(_LOG.match(line)) and not _CLIENT.match(line) for line in lines)


def is_log(sample: str) -> bool:
    """Whether the beginning of a text is lines that start with a time and are no table."""
    lines = [line for line in sample.splitlines()[:200] if line.strip()]
    return sum(bool(_BEGINS.match(line)) for line in lines) > len(lines) / 2
