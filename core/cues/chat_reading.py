"""Chat files that other programs wrote -> counts of messages and of those that laugh. Who wrote what is not kept."""

from __future__ import annotations

import gzip
import re
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO, cast

import numpy as np
from numpy.typing import NDArray

from core.cues.chat_json import json_messages
from core.cues.chat_message import EPOCH, Message, Unread
from core.cues.chat_text import csv_messages, irc_messages, is_irc, is_log, log_messages
from core.errors import PunchlineError

SAMPLE = 1 << 16  # characters by which a format is known
REPEAT_WITHIN = 30.0  # seconds within which the same long text counts once
LAUGH_WITHIN = 15.0  # seconds within which a user's same short text counts once: later it is the next laugh
BEGINS = 120.0  # seconds: a log that begins before is on a video's clock, not one of the minutes after midnight
COPIED = 20  # characters from which a text that others wrote too is copied, not thought of twice
JSON_FORMATS = {"twitch": "comments", "youtube": "replayChatItemAction", "chzzk": "playerMessageTime"}
_RUNS = re.compile(r"(.{1,4}?)\1{2,}", re.DOTALL)


class ChatUnreadable(PunchlineError):
    """A chat file is missing, or of no known format, or holds not one message."""


@dataclass(frozen=True, eq=False)
class ReadChat:
    """What was read of a chat file: `times` (n,) in seconds, increasing, and `laughing` (n,) of its messages.

    `format` names what it was read as; `n_repeated` messages were left out as repeated or copied. Where
    `by_calendar`, the file has times of day or dates, and the first message lies at 0.
    """

    times: NDArray[np.float64]
    laughing: NDArray[np.bool_]
    format: str
    n_repeated: int
    unread: Unread
    by_calendar: bool


def read_chat(path: Path, laughs: re.Pattern[str]) -> ReadChat:
    """Read a chat file of any known format; memory does not depend on what is written in it.

    Parameters
    ----------
    laughs
        What is found in a message that laughs, as `core.cues.laughs.pattern`.

    Raises
    ------
    ChatUnreadable
        If it cannot be opened or gives not one message.
    """
    unread, repeated = Unread(), _Repeated()
    times, laughing = array("d"), bytearray()
    with _opened(path, unread) as file:
        sample = file.read(SAMPLE)
        file.seek(0)
        form, messages = _format(file, sample, unread)
        for message in messages:
            if not repeated(message):
                times.append(message.time)
                laughing.append(laughs.search(message.text) is not None)
    if not times:
        raise ChatUnreadable(
            "{path}: not one message could be read; expected a chat of TwitchDownloader, yt-dlp or Chzzk, a CSV with "
            "time, user and message, or a log whose lines begin with h:mm:ss",
            path=path,
        )
    at = np.frombuffer(times, np.float64)
    order = np.argsort(at, kind="stable")
    at, flags = at[order], np.frombuffer(bytes(laughing), np.bool_)[order]
    by_calendar = (form == "irc" and not at[0] < BEGINS) or float(np.median(at)) > EPOCH
    return ReadChat(at - at[0] if by_calendar else at, flags, form, repeated.n, unread, by_calendar)


class _Unpacked(gzip.GzipFile):
    """A packed file that ends where it is damaged."""

    def __init__(self, path: Path, unread: Unread) -> None:
        super().__init__(path)
        self._unread = unread

    def read1(self, size: int = -1) -> bytes:
        try:
            return super().read1(size)
        except (EOFError, OSError, zlib.error):
            self._unread.cut_off = True
            return b""

    def read(self, size: int | None = -1) -> bytes:
        return self.read1(-1 if size is None else size)


@contextmanager
def _opened(path: Path, unread: Unread) -> Iterator[TextIO]:
    """A text file, packed or not, in the charset it is most likely in."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise ChatUnreadable("{path}: cannot be read ({reason})", path=path, reason=error.strerror or error) from error

    def content() -> IO[bytes]:
        return cast("IO[bytes]", _Unpacked(path, unread)) if packed else path.open("rb")

    with content() as head:
        charset = _charset(head.read(SAMPLE))
    with TextIOWrapper(content(), encoding=charset, errors="replace", newline="") as text:
        yield text


def _charset(head: bytes) -> str:
    """UTF-16 by its mark or its zeros, UTF-8, else Korean."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    zeros = [head[k::2].count(0) > len(head) / 8 for k in (0, 1)]
    if any(zeros) and not all(zeros):
        return "utf-16-be" if zeros[0] else "utf-16-le"
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 and _korean(head):
            return "cp949"
    return "utf-8-sig"


def _korean(head: bytes) -> bool:
    """Whether bytes make more sense as Korean than as damaged UTF-8."""
    return head.decode("cp949", "replace").count("\ufffd") < head.decode("utf-8", "replace").count("\ufffd")


def _format(file: TextIO, sample: str, unread: Unread) -> tuple[str, Iterator[Message]]:
    start = sample.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[{")) or re.match(r"\[\s*\{", start):
        known = (name for name, key in JSON_FORMATS.items() if f'"{key}"' in sample)
        return next(known, "json"), json_messages(file, unread)
    if is_irc(sample):
        return "irc", irc_messages(file, unread)
    if is_log(sample):
        return "log", log_messages(file, unread)
    return "csv", csv_messages(file, sample, unread)


class _Repeated:
    """Tells messages that a user repeats, or that are copied from others, a short time after."""

    def __init__(self) -> None:
        self.n = 0
        self._seen: dict[int, float] = {}
        self._swept = 0.0

    def __call__(self, message: Message) -> bool:
        text = _RUNS.sub(r"\1\1", " ".join(message.text.casefold().split()))
        keys = [hash((message.user, text))] if message.user else []
        if len(text) >= COPIED:
            keys.append(hash(text))
        within = REPEAT_WITHIN if len(text) >= COPIED else LAUGH_WITHIN
        again = any(abs(message.time - self._seen.get(key, np.inf)) <= within for key in keys)
        self._seen |= dict.fromkeys(keys, message.time)
        if message.time - self._swept > 10 * REPEAT_WITHIN:
            self._swept = message.time
            self._seen = {key: at for key, at in self._seen.items() if message.time - at <= REPEAT_WITHIN}
        self.n += again
        return again
