"""The cues there are: one entry each, with its columns, how it is read, and what makes its values comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cue:
    """One kind of cue.

    `columns` name what a row holds, `lane` the column that is drawn and ranked. `read_from` is the video's sound or a
    file beside the video. Values of two `digest` must not be compared.
    """

    name: str
    columns: tuple[str, ...]
    lane: str
    read_from: Literal["sound", "file"]
    digest: str


CUES = {
    cue.name: cue
    for cue in (
        Cue("laughter", ("laughter", "speech", "music", "crowd"), "laughter", "sound", "yamnet-int8/2"),
        Cue("chat", ("messages", "laughing"), "laughing", "file", "chat/1"),
    )
}


def column_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Columns of several cues side by side, each after its cue's name: `laughter_music`."""
    return tuple(f"{name}_{column}" for name in names for column in CUES[name].columns)
