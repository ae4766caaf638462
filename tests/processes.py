"""Programs in processes of their own, and what they leave behind."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(script: str) -> subprocess.CompletedProcess[str]:
    """A Python program in a process of its own, at the root of the project."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def left_over(folder: Path) -> list[str]:
    """Partial files that somebody forgot."""
    return [found.name for found in folder.rglob("*.part")]
