"""How viewers write that they laugh: a regular expression a line, which the user may change."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import PunchlineError

DEFAULT_PATTERNS = (
    "[ㅋㅎ]{2,}|[크킄]{3,}|푸하|풉|하하|낄낄|ㅋ$",  # Korean
    "(?<![a-z])(?:[hb]?a*(?:ha){2,}h?|(?:he){2,}h?|lo+l+|lmf?ao+|rofl+|lulz?|xd+)(?![a-z])",  # English
    r"草|[(（]笑[)）]|笑$|(?<![\w.])w{3,}(?![\w.])|(?<=[ぁ-ヶ一-龠])w+|ｗ+|わろた|ワロタ",  # Japanese
    "哈{2,}|(?<![0-9])23{2,}(?![0-9])|笑死|hhh+|xswl",  # Chinese
    "(?<![a-z])(?:j+[aeiá]+){2,}j?(?![a-z])",  # Spanish
    "(?<![a-z])(?:k{3,}|(?:rs){2,}|(?:hua){2,})(?![a-z])",  # Portuguese
    r"(?<!\w)(?:LULW?|KEKW|OMEGALUL|ICANT|PepeLaugh|4Head|EleGiggle)(?!\w)|😂|🤣|😆|😹",  # emotes
    "face_with_tears_of_joy|rolling_on_the_floor_laughing|:joy:|:rofl:",  # emoji by name
)


class PatternFault(PunchlineError):
    """A pattern of laughter is no regular expression."""


def patterns_of(text: str) -> tuple[str, ...]:
    """The patterns of a text, one a line; empty lines do not count."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def pattern(patterns: Sequence[str] = DEFAULT_PATTERNS) -> re.Pattern[str]:
    """All patterns as one, whatever the case of letters. Raises PatternFault naming the one that is wrong."""
    for one in patterns:
        try:
            re.compile(one)
        except re.error as error:
            raise PatternFault(
                "{pattern}: not a regular expression ({reason})", pattern=one, reason=str(error)
            ) from error
    return re.compile("|".join(f"(?:{one})" for one in patterns) or r"(?!)", re.IGNORECASE)
