"""Recordings that are still being written: known again once they are longer, though their id is another one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCK = 1 << 16  # bytes
STILL = 15.0  # seconds without a change after which a recording counts as finished


def mark_of(path: Path) -> dict[str, Any]:
    """What a file has in its middle, which stays when more is written: recorders mend only its beginning and end."""
    size = path.stat().st_size
    start, length = size // 3, min(BLOCK, size // 3)
    return {"size": size, "start": start, "length": length, "digest": _digest(path, start, length)}


def continues(path: Path, mark: Mapping[str, Any] | None) -> bool:
    """Whether a file is the one that was marked, with more at its end."""
    if not mark or mark["length"] == 0 or path.stat().st_size <= mark["size"]:
        return False
    return bool(_digest(path, mark["start"], mark["length"]) == mark["digest"])


def is_growing(path: Path) -> bool:
    """Whether somebody wrote into a file a moment ago."""
    try:
        return 0 <= time.time() - path.stat().st_mtime < STILL
    except OSError:
        return False


def _digest(path: Path, start: int, length: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.sha256(file.read(length)).hexdigest()[:16]
