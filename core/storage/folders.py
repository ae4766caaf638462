"""Folders for what users get: new ones beside old ones, and shown by the system's own program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path


def fresh_folder(wanted: Path) -> Path:
    """The folder itself while it is missing or empty, else the first such one of ``name 2``, ``name 3``; makes none."""
    for n in count(1):
        folder = wanted if n == 1 else wanted.with_name(f"{wanted.name} {n}")
        try:
            if not folder.exists() or (folder.is_dir() and next(folder.iterdir(), None) is None):
                return folder
        except OSError:  # what cannot be looked at cannot be written either, which is said then
            return folder
    raise AssertionError("numbers end")


def opens_folders() -> bool:
    """Whether this machine has a desktop that shows folders."""
    if sys.platform in ("win32", "darwin"):
        return True
    has_desktop = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return has_desktop and shutil.which("xdg-open") is not None


def open_folder(folder: Path) -> None:
    """Show a folder on this machine's desktop."""
    if sys.platform == "win32":
        os.startfile(folder)
    else:
        command = "open" if sys.platform == "darwin" else "xdg-open"
        subprocess.Popen([command, str(folder)], start_new_session=True)


def shortened(folder: str, most: int) -> str:
    """The last parts of a folder's path, in at most so many characters; a longer name is cut inside."""
    begin, shown = f"…{os.sep}", folder
    while len(shown) > most and os.sep in shown.removeprefix(begin):
        shown = begin + shown.removeprefix(begin).partition(os.sep)[2]
    return shown if len(shown) <= most else f"{shown[: most // 2]}…{shown[-(most // 3) :]}"
