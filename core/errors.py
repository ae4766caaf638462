"""The errors that Punchline raises on purpose: each says what was got, what was expected and what to do.

An error, a warning and a job's message are one `Sentence`: its English reads like any string, and its template and
values stay with it, so that a page can say it in another language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Self


class Sentence(str):
    """An English sentence that keeps its template and values. Survives pickling; `with_templates` keeps it in a file.

    Parameters
    ----------
    template
        The English sentence, places for values in braces; taken as it is where there are no values.
    values
        What fills the places: numbers stay numbers, sentences and errors stay sentences, all else becomes a string.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str = "", /, **values: object) -> Self:
        kept = {name: _plain(value) for name, value in values.items()}
        sentence = super().__new__(cls, template.format(**kept) if kept else template)
        sentence.template, sentence.values = template, kept
        return sentence

    @classmethod
    def of(cls, said: object) -> Sentence:
        """What an error, a plain string, or a sentence that `with_templates` wrote says."""
        if isinstance(said, Mapping):
            return Sentence(said["template"], **{name: _restored(value) for name, value in said["values"].items()})
        if isinstance(said, BaseException) and len(said.args) == 1 and isinstance(said.args[0], Sentence):
            return said.args[0]
        return said if isinstance(said, Sentence) else Sentence(str(said))

    @classmethod
    def several(cls, sentences: Iterable[str]) -> Sentence:
        """Several sentences as one, with semicolons between them."""
        parts = {f"part{n}": sentence for n, sentence in enumerate(sentences)}
        return Sentence("; ".join(f"{{{name}}}" for name in parts), **parts)


def with_templates(content: object) -> object:
    """The same with every `Sentence` in it as its template and values, for `Sentence.of` to read again."""
    if isinstance(content, Sentence):
        return (
            {"template": content.template, "values": with_templates(content.values)} if content.values else str(content)
        )
    if isinstance(content, Mapping):
        return {name: with_templates(value) for name, value in content.items()}
    return [with_templates(value) for value in content] if isinstance(content, (list, tuple)) else content


def _restored(value: object) -> object:
    return Sentence.of(value) if isinstance(value, Mapping) else value


def _plain(value: object) -> object:
    if isinstance(value, BaseException):
        return Sentence.of(value)
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)


class PunchlineError(Exception):
    """Root of every error whose message is meant for the user: a `Sentence` of this template and these values."""

    def __init__(self, template: str = "", /, **values: object) -> None:
        self.sentence = template if isinstance(template, Sentence) else Sentence(template, **values)
        super().__init__(self.sentence)


class VideoUnreadable(PunchlineError):
    """The file is missing, empty, no video, or has no stream of the wanted kind."""


class SeriesTooShort(PunchlineError):
    """A series does not cover what is asked of it."""


class FaceNotFound(PunchlineError):
    """A photo or a moment of a video holds no usable face."""


class WeightsUnavailable(PunchlineError):
    """A model's weights are missing, could not be fetched, or fail their checksum."""


class DeviceUnavailable(PunchlineError):
    """A GPU is asked for where there is none."""


class StorageFault(PunchlineError):
    """A file of ours is unreadable, of another version, or cannot be written."""


class WorkspaceFault(PunchlineError):
    """The workspace cannot be used, or a name in it is unknown, ambiguous or taken."""


class ModelFault(PunchlineError):
    """A classifier cannot be trained or used: too few labels, other features, a damaged file."""


class UndoRefused(PunchlineError):
    """What is to be undone is not in the ledger, or something else happened to its clip since."""


class Busy(PunchlineError):
    """Another process is writing the same thing."""
