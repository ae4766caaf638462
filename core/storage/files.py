"""Writing files whole, and HDF5 files with their format and version: what every store of ours is made of.

Files are written beside their target and moved over it, so a reader sees an old file or a new one, never half of one.
docs/format.md states the formats.
"""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from core.errors import StorageFault, with_templates

MAKERS = "`punchline extract` or `punchline person add`"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class AnotherFormat(StorageFault):
    """A file is whole, but of another kind or version than is read here; it must not be taken for a damaged one."""


def program_version() -> str:
    """This program's version, as written into every file."""
    try:
        return version("punchline")
    except PackageNotFoundError:
        return "unknown"


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
        _sweep(path.parent)
        partial = path.with_name(f".{secrets.token_hex(8)}.part")
        partial.touch(exist_ok=False)  # with the permissions that a new file has here, unlike those of `tempfile`
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise _fault(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed left behind an hour ago or more."""
    for left in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > 3600:
                left.unlink()


def _fault(path: Path, error: OSError) -> StorageFault:
    if error.errno in _FULL:
        free = shutil.disk_usage(path.parent).free / 1e6 if path.parent.exists() else 0.0
        return StorageFault(
            "{path}: the disk is full or the file may not grow ({free_mb:.0f} MB free). What was "
            "finished is kept; free some space and run the same command again",
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


@contextmanager
def replacing(path: Path, content: bytes = b"") -> Iterator[h5py.File]:
    """A new HDF5 file, or an old one's content to change, that replaces `path` at the end.

    It is built in memory: a full disk makes HDF5 itself crash the process when it closes the file.
    """
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+" if content else "w") as file:
        yield file
    write_bytes(path, buffer.getbuffer())


@contextmanager
def reading(path: Path, form: str, newest: int, *, made_by: str = MAKERS) -> Iterator[h5py.File]:
    """An HDF5 file of ours, open for reading.

    Parameters
    ----------
    form, newest
        The `format` that is expected and the `format_version` that is understood.
    made_by
        What makes such a file, for the error.

    Raises
    ------
    StorageFault
        If it is missing, unreadable, of another form or version, or what is read from it does not fit; names the
        file and the key.
    """
    if not path.exists():
        raise StorageFault("{path}: no such file; it is made by {made_by}", path=path, made_by=made_by)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise StorageFault(
            "{path}: not a readable HDF5 file ({cause}); delete it and make it anew", path=path, cause=error
        ) from error
    with file:
        try:
            found, found_version = file.attrs.get("format"), file.attrs.get("format_version")
            if found != form:
                raise AnotherFormat(
                    "{path}: format is {found!r}, expected {expected!r}; this is another kind of file",
                    path=path,
                    found=found,
                    expected=form,
                )
            if found_version != newest:
                raise AnotherFormat(
                    "{path}: {expected} version {version}, this program reads version {newest}; use the program "
                    "version that wrote it, or make the file anew",
                    path=path,
                    expected=form,
                    version=found_version,
                    newest=newest,
                )
            yield file
        except KeyError as error:
            raise StorageFault(
                "{path}: key is missing: {key}; the file is damaged, make it anew", path=path, key=error.args[0]
            ) from error
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StorageFault(
                "{path}: what it holds does not fit ({cause}); it is damaged, make it anew", path=path, cause=error
            ) from error


def array_of(group: h5py.Group, key: str) -> NDArray[Any]:
    """A whole array of a file. Raises KeyError with its full name, StorageFault if it cannot be read."""
    if key not in group:
        raise KeyError(f"{group.name.rstrip('/')}/{key}")
    try:
        array: NDArray[Any] = group[key][:]
    except OSError as error:
        raise StorageFault(
            "{path}: {key} is unreadable ({cause}); make the file anew", path=group.file.filename, key=key, cause=error
        ) from error
    return array


def storable(text: str) -> str:
    """Text that a file can hold: bytes of a file name that are no UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
