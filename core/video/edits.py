"""What a file leaves out by its edit list (ISO/IEC 14496-12, 8.6.6): phones trim by it, editors cut by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

REORDERED = 20  # pictures around the begin of the first that is shown, of which some come later


@dataclass(frozen=True)
class Edits:
    """Whether pictures are left out at all, and whether others are shown before them.

    Of the latter, FFmpeg does not find the places again that it had shown from the start.
    """

    any: bool = False
    inside: bool = False


def read_edits(container: Any, index: int) -> Edits:
    """The edits of a stream of an open file."""
    if "mov" not in container.format.name:
        return Edits()
    return edits_of([entry.is_discard for entry in container.streams[index].index_entries])


def edits_of(left_out: Sequence[bool]) -> Edits:
    """Of pictures in the order of decoding, each left out or not."""
    if True not in left_out:
        return Edits()
    first = left_out.index(False) if False in left_out else len(left_out)
    return Edits(True, True in left_out[first + REORDERED :])
