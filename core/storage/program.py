"""Where the program itself lies, its app, pages and assets, and what it runs on."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2]
# In a checkout all lies beside core/; a wheel brings the app in a folder of its own, for app.py is anybody's name.
PROGRAM = _BESIDE if (_BESIDE / "app.py").exists() else _BESIDE / "punchline"
ASSETS = PROGRAM / "assets"

WINDOWS = os.name == "nt"
