"""The English / Korean catalogue: every sentence of the pages, and of the errors that they show.

The English sentence is the key, places for values stand in braces; ``assets/translations/ko.json`` holds the Korean.
"""

from __future__ import annotations

import json
import re
from functools import cache

from core.storage.program import ASSETS

LANGUAGES = {"en": "English", "ko": "한국어"}
FOLDER = ASSETS / "translations"
_NUMBERED = re.compile(r"v\d+")  # the places of core's sentences, which are filled before they are translated
_PLACE = re.compile(r"\{(\w*)(?::[^{}]*)?\}")


@cache
def catalogue(language: str) -> dict[str, str]:
    """English sentence -> sentence in this language; empty for English."""
    if language == "en":
        return {}
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


@cache
def singular() -> dict[str, str]:
    """English sentence with a number `n` -> what it is where that is 1; Korean has one form."""
    found: dict[str, str] = json.loads((FOLDER / "singular.en.json").read_text(encoding="utf-8"))
    return found


def text(message: str, language: str, **values: object) -> str:
    """A sentence of the catalogue in this language, its places filled."""
    words = catalogue(language).get(message, message)
    if language == "en" and str(values.get("n")) == "1":
        words = singular().get(message, message)
    return words.format(**values) if values else words


def places(message: str) -> list[str]:
    """The names of a sentence's places, in order."""
    return _PLACE.findall(message)


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """What an English sentence with its places filled looks like, and what it is in this language; longest first."""
    found = []
    for message, said in sorted(catalogue(language).items(), key=lambda pair: -len(pair[0])):
        if places(message) and all(_NUMBERED.fullmatch(name) for name in places(message)):
            parts = [re.escape(part) for part in _PLACE.split(message)[::2]]
            names = iter(places(message))
            pattern = parts[0] + "".join(f"(?P<{next(names)}>.*?){part}" for part in parts[1:])
            found.append((re.compile(pattern, re.DOTALL), said))
    return found


def finished(message: str, language: str) -> str:
    """An English sentence whose places were filled already, such as an error's, in this language.

    A sentence that the catalogue does not know stays English: it may quote another program.
    """
    if language == "en":
        return message
    if message in catalogue(language):
        return catalogue(language)[message]
    for pattern, said in _patterns(language):
        if match := pattern.fullmatch(message):
            return said.format(**{place: finished(value, language) for place, value in match.groupdict().items()})
    return message
