"""Names of files that every system accepts."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100  # characters, so that a path on Windows (260) has room for its folders
LONGEST_BYTES = 200  # in UTF-8; a name may have 255 bytes, with what is added to it
# Microsoft, "Naming Files, Paths, and Namespaces": reserved with any suffix, in any case.
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)


def safe_name(text: str, *, otherwise: str = "moment") -> str:
    """A name without suffix that Windows, macOS and Linux accept, in NFC so that Korean stays in whole syllables.

    Characters that a system forbids or that cannot be seen become an underscore; a reserved name gets one at its end.
    A text of which nothing is left becomes `otherwise`. Doing it twice changes nothing.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if c in '<>:"/\\|?*' or unicodedata.category(c)[0] == "C" else c for c in text)
    text = re.sub(r"\s+", " ", text).strip(" .")[:LONGEST]
    while len(text.encode()) > LONGEST_BYTES:
        text = text[:-1]
    text = text.strip(" .") or otherwise
    stem, dot, rest = text.partition(".")
    return f"{stem.rstrip()}_{dot}{rest}" if _RESERVED.fullmatch(stem.rstrip()) else text
