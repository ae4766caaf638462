"""What a model is called on pages: the name somebody gave it, else when it was trained."""

from __future__ import annotations

import re
from datetime import datetime

from pages.components.shared.shell import _

_BY_TIME = re.compile(r"\d{8}-\d{6}(-\d+)?")  # as models are called that nobody named


def when(created: str) -> str:
    """Day and time of a training (an ISO time), where this program runs; empty where that is no time."""
    try:
        return _("{at:%b %d, %H:%M}", at=datetime.fromisoformat(created).astimezone())
    except ValueError:
        return ""


def model_title(name: str, created: object) -> str:
    """A model's name; of one that nobody named, day and time of its training."""
    return (when(str(created)) if _BY_TIME.fullmatch(name) else "") or name
