"""HDF5 files with their format and version, and what is said of damaged ones. docs/format.md states the formats."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.errors import StorageFault
from core.storage.files import write_bytes

MAKERS = "`punchline extract` or `punchline person add`"
MOST_CHUNKS = 1000  # that are read at once


class AnotherFormat(StorageFault):
    """A file is whole, but of another kind or version than is read here; it must not be taken for a damaged one."""


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
        except (OSError, ValueError, RuntimeError, TypeError, AttributeError) as error:
            if isinstance(error, (TypeError, AttributeError)) and not _is_of_the_file(error):
                raise
            raise StorageFault(
                "{path}: what it holds does not fit ({cause}); it is damaged, make it anew", path=path, cause=error
            ) from error


def array_of(group: h5py.Group, key: str) -> NDArray[Any]:
    """A whole array of a file. Raises KeyError with its full name, StorageFault if it cannot be read."""
    if not isinstance(group.get(key), h5py.Dataset):
        raise KeyError(f"{group.name.rstrip('/')}/{key}")
    try:
        return _in_parts(group[key])
    except OSError as error:
        raise StorageFault(
            "{path}: {key} is unreadable ({cause}); make the file anew", path=group.file.filename, key=key, cause=error
        ) from error


def _in_parts(stored: h5py.Dataset) -> NDArray[Any]:
    """All of an array; of many chunks some after the other, as HDF5 needs 5 kB for each that it reads at once."""
    if stored.chunks is None or len(stored) <= (step := MOST_CHUNKS * stored.chunks[0]):
        whole: NDArray[Any] = stored[:]
        return whole
    array: NDArray[Any] = np.empty(stored.shape, stored.dtype)
    for start in range(0, len(stored), step):
        stored.read_direct(array, np.s_[start : start + step], np.s_[start : start + step])
    return array


def _is_of_the_file(error: Exception) -> bool:
    """Whether the library that reads a file raised this, over what it holds; else it is a fault of this program."""
    *_, (frame, _line) = traceback.walk_tb(error.__traceback__)
    return not {"h5py", "json"}.isdisjoint(Path(frame.f_code.co_filename).parts)
