"""Writing files whole: beside their target and moved over it, so that a reader sees an old file or a new one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.errors import StorageFault, with_templates
from core.storage.program import WINDOWS
from core.storage.temporary import sweep, temporary_beside

PATIENCE = 5.0  # seconds for the readers of a file that is replaced, where a system waits for them
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@cache
def program_version() -> str:
    """This program's version, as written into every file."""
    try:
        return version("punchline")
    except PackageNotFoundError:
        return "unknown"


def replace(source: Path, target: Path) -> None:
    """`os.replace`. Windows refuses it while somebody has the target open, so there it is tried for a while."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if not WINDOWS or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; what is there at the end is flushed and replaces `path` in one step.

    Raises
    ------
    StorageFault
        If the disk is full or the folder cannot be written; `path` is then as it was before.
    """
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        partial = temporary_beside(path)
        partial.touch(exist_ok=False)  # with the permissions that a new file has here, unlike those of `tempfile`
        yield partial
        with partial.open("r+b") as file:  # Windows flushes what may be written to
            os.fsync(file.fileno())
        replace(partial, path)
    except OSError as error:
        raise _fault(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _fault(path: Path, error: OSError) -> StorageFault:
    if error.errno in _FULL:
        free = shutil.disk_usage(path.parent).free / 1e6 if path.parent.exists() else 0.0
        return StorageFault(
            "{path}: the disk is full or the file may not grow ({free_mb:.0f} MB free). What was "
            "finished is kept; free some space and start it again",
            path=path,
            free_mb=free,
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StorageFault(
            "{path}: cannot be written ({cause}); choose another folder with --workspace, or change its permissions",
            path=path,
            cause=os.strerror(error.errno),
        )
    return StorageFault("{path}: could not be written ({cause})", path=path, cause=error)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Replace a whole file in one step. Raises StorageFault."""
    with writing(path) as partial:
        partial.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """Replace a whole JSON file in one step; file names that are no UTF-8 keep their bytes. Raises StorageFault."""
    text = json.dumps(with_templates(content), ensure_ascii=False, indent=1) + "\n"
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def set_aside(path: Path) -> Path:
    """Give a damaged file, or a folder in its place, another name, so that nothing is written over what it holds."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        replace(path, aside)
    except OSError as error:
        raise _fault(path, error) from error
    return aside


def storable(text: str) -> str:
    """Text that a file can hold: bytes of a file name that are no UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
