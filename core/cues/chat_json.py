"""Chats in JSON: TwitchDownloader, yt-dlp's live_chat.json (YouTube), Chzzk, chat-downloader; read piece by piece.

https://github.com/lay295/TwitchDownloader, https://github.com/yt-dlp/yt-dlp, https://github.com/xenova/chat-downloader;
Chzzk's answers hold `videoChats` with `playerMessageTime` in milliseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from core.cues.chat_message import LONGEST, Message, Unread, seconds_of

CHUNK = 1 << 20  # characters read at once
LISTS = re.compile(r'"(?:comments|videoChats|messages|chats|chatList|edges|bdy)"\s*:\s*\[')
TIMES = (
    "content_offset_seconds",
    "contentOffsetSeconds",
    "playerMessageTime",
    "time_in_seconds",
    "messageTime",
    "msgTime",
    "timestamp",
    "time",
    "offset",
    "seconds",
)
TEXTS = ("content", "msg", "message", "text", "body")
OVERLAP = 64  # characters that a match may have on both sides of two pieces
_GAP = re.compile(r"[\s,]*")
_BEFORE_OBJECT = re.compile(r"(?=\{)")
_LIST_END = re.compile(r"\]\s*(?:[,}\]]|$)")

Json = dict[str, Any]


def json_messages(file: TextIO, unread: Unread) -> Iterator[Message]:
    """The messages of a chat in JSON, one list, one object a line, or pages of them."""
    for value in _objects(file, unread):
        try:
            yield from _messages_of(value, unread)
        except (AttributeError, KeyError, TypeError) as error:  # a part is of another kind than it should be
            unread.add("a message that is no message", f"{error}: {json.dumps(value, ensure_ascii=False)}")


class _Text:
    """A file read in pieces: `text` from `position` on is what is not used yet."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.text, self.position, self.begin = file.read(CHUNK), 0, 0

    def more(self) -> bool:
        """Read another piece and drop what is used; False at the end of the file."""
        piece = self._file.read(CHUNK)
        self.begin += self.position
        self.text, self.position = self.text[self.position :] + piece, 0
        return bool(piece)

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Go behind the next match; False, at the end of the file, where there is none."""
        while (match := pattern.search(self.text, self.position)) is None:
            self.position = max(self.position, len(self.text) - OVERLAP)
            if not self.more():
                return False
        self.position = match.end()
        return True


def _objects(file: TextIO, unread: Unread) -> Iterator[Json]:
    """The objects of lists of messages, or those that follow each other; damaged ones are passed over."""
    decode = json.JSONDecoder().raw_decode
    source = _Text(file)
    listed = LISTS.search(source.text)
    source.position = listed.end() if listed else len(source.text) - len(source.text.lstrip("[ \t\r\n\ufeff"))
    damaged = False
    while True:
        if len(source.text) - source.position < CHUNK // 8:
            source.more()
        if damaged and not source.skip(_BEFORE_OBJECT):
            break
        if gap := _GAP.match(source.text, source.position):
            source.position = gap.end()
        if source.position >= len(source.text):
            damaged |= listed is not None  # a list that does not end
            break
        if source.text[source.position] == "]":
            if _LIST_END.match(source.text, source.position) and (listed is None or not source.skip(LISTS)):
                break
            damaged = _LIST_END.match(source.text, source.position) is None and source.text[source.position] == "]"
            continue
        try:
            value, source.position = decode(source.text, source.position)
        except (ValueError, RecursionError):
            if len(source.text) - source.position < LONGEST and source.more():
                continue
            if not damaged:
                unread.add(f"character {source.begin + source.position}", source.text[source.position :][:60])
            damaged, source.position = True, source.position + 1
            continue
        if isinstance(value, dict) and (not damaged or _looks_like_message(value)):
            damaged = False
            yield value
    unread.cut_off |= damaged


def _looks_like_message(value: Json) -> bool:
    return any(key in value for key in (*TIMES, "replayChatItemAction", "node"))


def _messages_of(value: Json, unread: Unread) -> Iterator[Message]:
    if "replayChatItemAction" in value:
        yield from _youtube(value, unread)
        return
    if isinstance(node := value.get("node"), dict):  # as Twitch answers
        value = node
    pages = value.get("content")
    if isinstance(pages, dict):
        for item in [*pages.get("previousVideoChats", []), *pages.get("videoChats", [])]:
            yield from _messages_of(item, unread)
        return
    key = next((key for key in TIMES if value.get(key) is not None), None)
    time = seconds_of(value[key], milliseconds=key == "playerMessageTime") if key else None
    text = _text_of(value)
    if time is None or text is None:
        unread.add("a message without time or text", json.dumps(value, ensure_ascii=False))
    else:
        yield Message(time, _user_of(value), text)


def _text_of(value: Json) -> str | None:
    for key in TEXTS:
        text = value.get(key)
        if isinstance(text, dict):  # TwitchDownloader; without a body where only its parts were kept
            parts = "".join(str(part.get("text") or "") for part in text.get("fragments") or [])
            text = next((text[key] for key in ("body", "text") if isinstance(text.get(key), str)), parts)
        if isinstance(text, str):
            return text
    return None


def _user_of(value: Json) -> str:
    for key in ("commenter", "author"):
        if isinstance(person := value.get(key), dict):
            return str(person.get("_id") or person.get("id") or person.get("display_name") or person.get("name"))
    for key in ("userIdHash", "uid", "userId", "user", "nickname", "username", "author"):
        if value.get(key) is not None:
            return str(value[key])
    return ""


def _youtube(value: Json, unread: Unread) -> Iterator[Message]:
    replay = value["replayChatItemAction"]
    offset = replay.get("videoOffsetTimeMsec", value.get("videoOffsetTimeMsec"))  # outside where recorded live
    time = seconds_of(offset, milliseconds=True)
    for action in replay.get("actions", []):
        item = action.get("addChatItemAction", {}).get("item", {})
        for kind in ("liveChatTextMessageRenderer", "liveChatPaidMessageRenderer"):
            if kind not in item:
                continue
            message = item[kind]
            shown = message.get("timestampText", {}).get("simpleText", "")
            before = seconds_of(shown) if shown.startswith("-") else None  # before the stream: the offset stays 0
            at = time if before is None else before
            if at is None:
                unread.add("a message without time", json.dumps(message, ensure_ascii=False))
            else:
                yield Message(at, str(message.get("authorExternalChannelId", "")), _runs(message.get("message") or {}))


def _runs(message: Json) -> str:
    """The text of a message, emoji by what is typed for them."""
    parts = []
    for run in message.get("runs") or []:
        emoji = run.get("emoji", {})
        parts.append(run.get("text") or next(iter(emoji.get("shortcuts", [])), emoji.get("emojiId", "")))
    return "".join(parts)
