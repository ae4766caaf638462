"""Odd files as recorders really write them, one line each with its right answer.

``python -m tests.media.odd`` prints a table: kind, expected, got.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import PunchlineError
from tests.media.odd.answer import FPS, LOUD, Answer, N, answer_of
from tests.media.odd.kind import Kind
from tests.media.odd.pictures import PICTURES
from tests.media.odd.sounds import SOUNDS
from tests.media.odd.streams import STREAMS
from tests.media.odd.times import TIMED

__all__ = ["FPS", "KINDS", "LOUD", "Answer", "Kind", "N", "answer_of", "faults", "got"]
KINDS: dict[str, Kind] = PICTURES | SOUNDS | STREAMS | TIMED


def got(kind: str) -> Answer | str:
    """What is read of a kind of file, or why it cannot be."""
    with TemporaryDirectory() as folder:
        try:
            return answer_of(KINDS[kind].make(Path(folder)), fps=KINDS[kind].fps, tracks=KINDS[kind].tracks)
        except PunchlineError as error:
            return str(error)


def faults(kind: str) -> Iterator[str]:
    """What is not as expected."""
    expected, answer = KINDS[kind].expected, got(kind)
    if isinstance(expected, str) and isinstance(answer, str):
        yield from () if expected in answer else (f"expected {expected!r} in: {answer}",)
    elif isinstance(expected, str) or isinstance(answer, str):
        yield f"expected {expected}, got {answer}"
    else:
        names = expected.differences(answer)
        yield from (f"{name}: expected {getattr(expected, name)}, got {getattr(answer, name)}" for name in names)
