"""All that is kept of a chat: its counts, and how they came about. No message and no name is in the file."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path

from core.cues.chat_counts import ChatCounts
from core.storage.files import program_version, storable
from core.storage.hdf5 import array_of, reading, replacing

CHAT_FORMAT, CHAT_VERSION = "punchline-chat", 1
ROUGH = 1.0  # seconds


@dataclass(frozen=True)
class ChatInfo:
    """Where counts come from; `offset` is added to the chat's times, `lag` is estimated, give or take `lag_doubt`.

    Both are NaN where none was estimated, the doubt also where a file does not tell it.
    """

    file: str
    format: str
    n_messages: int
    n_laughing: int
    n_repeated: int
    n_damaged: int
    cut_off: bool
    by_calendar: bool
    offset: float
    lag: float
    lag_doubt: float = float("nan")
    program_version: str = field(default_factory=program_version)

    @property
    def rough(self) -> bool:
        """Whether the lag may well be a second off, or more."""
        return self.lag_doubt > ROUGH


def write_chat(path: Path, chat: ChatCounts, info: ChatInfo) -> None:
    """Keep the counts of a chat. Raises StorageFault."""
    with replacing(path) as file:
        file.attrs["format"] = CHAT_FORMAT
        file.attrs["format_version"] = CHAT_VERSION
        file.attrs["start"] = chat.start
        for name, value in asdict(info).items():
            file.attrs["read_as" if name == "format" else name] = storable(value) if isinstance(value, str) else value
        file["counts"] = chat.counts


def read_chat_file(path: Path) -> tuple[ChatCounts, ChatInfo]:
    """The counts of a chat and what is known of them. Raises StorageFault."""
    with reading(path, CHAT_FORMAT, CHAT_VERSION, made_by="`punchline chat attach`") as file:
        values = {
            f.name: file.attrs["read_as" if f.name == "format" else f.name]
            for f in fields(ChatInfo)
            if f.name in file.attrs or f.default is MISSING
        }
        plain = {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}
        return ChatCounts(float(file.attrs["start"]), array_of(file, "counts")), ChatInfo(**plain)
