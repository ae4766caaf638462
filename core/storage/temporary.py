"""Temporary files beside their targets, with a mark that says whose they are.

Only what carries our mark and whose writer is gone is cleaned: other programs' files look much the same.
"""

from __future__ import annotations

import re
import secrets
import shutil
import socket
import zlib
from contextlib import suppress
from os import getpid
from pathlib import Path

import psutil

_MARK = re.compile(r"\.punchline-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{16}\.part")


def temporary_beside(path: Path) -> Path:
    """A hidden name in the folder of `path` that nobody has, of a file or folder that this process will remove."""
    return path.with_name(f".punchline-{_host()}-{getpid()}-{secrets.token_hex(8)}.part")


def sweep(folder: Path) -> list[Path]:
    """Remove what writers of this machine that are gone left in a folder, and name it."""
    removed = []
    for path in folder.glob(".punchline-*.part"):
        mark = _MARK.fullmatch(path.name)
        if mark is None or mark["host"] != _host() or psutil.pid_exists(int(mark["pid"])):
            continue
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            removed.append(path)
    return removed


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"
