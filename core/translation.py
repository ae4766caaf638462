"""The English / Korean catalogue: every sentence of the pages, and of the errors that they show.

The English sentence is the key, places for values stand in braces; ``assets/translations/ko.json`` holds the Korean.
"""

from __future__ import annotations

import json
import re
from functools import cache

from core.errors import Sentence
from core.storage.program import ASSETS

LANGUAGES = {"en": "English", "ko": "한국어"}
FOLDER = ASSETS / "translations"
_PLACE = re.compile(r"(?<!\{)\{(\w+)(?:![rsa])?(?::[^{}]*)?\}")


@cache
def catalogue(language: str) -> dict[str, str]:
    """English sentence -> sentence in this language; empty for English."""
    if language == "en":
        return {}
    sentences: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return sentences


@cache
def singular() -> dict[str, str]:
    """English sentence with a number `n` -> what it is where that is 1; Korean has one form."""
    sentences: dict[str, str] = json.loads((FOLDER / "singular.en.json").read_text(encoding="utf-8"))
    return sentences


def text(message: str, language: str, **values: object) -> str:
    """A sentence of the catalogue in this language, its places filled."""
    words = catalogue(language).get(message, message)
    if language == "en" and str(values.get("n")) == "1":
        words = singular().get(message, message)
    return words.format(**values) if values else words


def places(message: str) -> list[str]:
    """The names of a sentence's places, in order."""
    return _PLACE.findall(message)


def translated(said: object, language: str) -> str:
    """A `Sentence`, an error, or what was stored of one, in this language; the sentences in its values too.

    What the catalogue does not know stays English: it may quote another program.
    """
    sentence = Sentence.of(said)
    values = {k: translated(v, language) if isinstance(v, Sentence) else v for k, v in sentence.values.items()}
    return text(sentence.template, language, **values)
