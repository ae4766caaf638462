"""Odd files as recorders really write them, one line each with its right answer.

``python -m tests.media.odd`` prints a table: kind, expected, got.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import PunchlineError
from tests.media.odd import handed_on
from tests.media.odd.answer import FPS, LOUD, Answer, N, answer_of
from tests.media.odd.kind import Kind
from tests.media.odd.pictures import PICTURES
from tests.media.odd.sounds import SOUNDS
from tests.media.odd.streams import STREAMS
from tests.media.odd.times import TIMED

__all__ = [
    "FPS",
    "KINDS",
    "LOUD",
    "Answer",
    "Kind",
    "N",
    "answer_of",
    "differences",
    "faults",
    "got",
    "handed_on_faults",
]
KINDS: dict[str, Kind] = PICTURES | SOUNDS | STREAMS | TIMED


def got(kind: str) -> Answer | str:
    """What is read of a kind of file, or why it cannot be."""
    with TemporaryDirectory() as folder:
        try:
            return answer_of(KINDS[kind].make(Path(folder)), fps=KINDS[kind].fps, tracks=KINDS[kind].tracks)
        except PunchlineError as error:
            return str(error)


def handed_on_faults(kind: str) -> list[str]:
    """What differs in what is made of a kind of file that can be read."""
    if isinstance(KINDS[kind].expected, str):
        return []
    with TemporaryDirectory() as folder:
        return list(handed_on.faults(KINDS[kind].make(Path(folder)), KINDS[kind].tracks))


def faults(kind: str) -> list[str]:
    """What is not read as expected."""
    return list(differences(kind, got(kind)))


def differences(kind: str, answer: Answer | str) -> Iterator[str]:
    """What in an answer, or in the words of an error, is not as expected."""
    expected = KINDS[kind].expected
    if isinstance(expected, str) and isinstance(answer, str):
        yield from () if expected in answer else (f"expected {expected!r} in: {answer}",)
    elif isinstance(expected, str) or isinstance(answer, str):
        yield f"expected {expected}, got {answer}"
    else:
        names = expected.differences(answer)
        yield from (f"{name}: expected {getattr(expected, name)}, got {getattr(answer, name)}" for name in names)
