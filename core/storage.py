"""Files of features and of people in HDF5: the only module that opens them.

Files are written beside their target and moved over it, so a reader sees an old file or a new one, never half of one.
docs/format.md states the format.
"""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.errors import StorageFault
from core.face_table import FaceTable
from core.identity import Person, Reference, Thresholds
from core.series import FEATURES, TimeSeries

FEATURES_FORMAT, FEATURES_VERSION = "punchline-features", 1
SERIES_FORMAT, SERIES_VERSION = "punchline-series", 1
PERSON_FORMAT, PERSON_VERSION = "punchline-person", 1
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_HALF = {"embedding"}  # columns kept in half precision


def program_version() -> str:
    """This program's version, as written into every file."""
    try:
        return version("punchline")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True)
class FeaturesInfo:
    """What a feature file says of itself.

    `models` maps detector, embedder and recogniser to their name and digest; `parameters` holds everything else that
    decides the values. `complete` is false while an extraction is under way, `created` is ISO 8601 in UTC.
    """

    video_name: str
    fingerprint: str
    duration: float
    width: int
    height: int
    fps: float
    sample_rate: float
    models: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    complete: bool = True
    created: str = ""
    program_version: str = field(default_factory=program_version)

    def same_extraction(self, other: FeaturesInfo) -> bool:
        """True where both come from the same video, models and parameters."""
        mine, theirs = ((i.fingerprint, i.sample_rate, dict(i.models), dict(i.parameters)) for i in (self, other))
        return mine == theirs


@dataclass(frozen=True, eq=False)
class Features:
    """A video's face table with its sound features (n_frames, 2): loudness and pitch, NaN without sound."""

    info: FeaturesInfo
    faces: FaceTable
    audio: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PersonSeries:
    """The 12-d series of one person with what it was made from.

    `similarity` (n_frames,) is NaN where no face was seen, `baseline` (12,) as `core.series.baseline`; `parameters`
    decide the values: a reader whose parameters differ builds the series anew.
    """

    series: TimeSeries
    similarity: NDArray[np.float32]
    baseline: NDArray[np.float32]
    parameters: Mapping[str, Any]


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
    if error.errno in _FULL or any(f"errno = {code}" in str(error) for code in _FULL):
        free = shutil.disk_usage(path.parent).free / 1e6 if path.parent.exists() else 0.0
        return StorageFault(
            f"{path}: the disk is full or the file may not grow ({free:.0f} MB free). What was finished is kept; "
            "free some space and run the same command again"
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StorageFault(
            f"{path}: cannot be written ({os.strerror(error.errno)}); choose another folder with --workspace, "
            "or change its permissions"
        )
    return StorageFault(f"{path}: could not be written ({error})")


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Replace a whole file in one step. Raises StorageFault."""
    with writing(path) as partial:
        partial.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """Replace a whole JSON file in one step; file names that are no UTF-8 keep their bytes. Raises StorageFault."""
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


@contextmanager
def _replacing(path: Path, content: bytes = b"") -> Iterator[h5py.File]:
    """A new HDF5 file, or an old one's content to change, that replaces `path` at the end.

    It is built in memory: a full disk makes HDF5 itself crash the process when it closes the file.
    """
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+" if content else "w") as file:
        yield file
    write_bytes(path, buffer.getbuffer())


@contextmanager
def _reading(path: Path, form: str, newest: int) -> Iterator[h5py.File]:
    if not path.exists():
        raise StorageFault(f"{path}: no such file; it is made by `punchline extract` or `punchline person add`")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise StorageFault(f"{path}: not a readable HDF5 file ({error}); delete it and make it anew") from error
    with file:
        try:
            found, found_version = file.attrs.get("format"), file.attrs.get("format_version")
            if found != form:
                raise StorageFault(f"{path}: format is {found!r}, expected {form!r}; this is another kind of file")
            if found_version != newest:
                raise StorageFault(
                    f"{path}: {form} version {found_version}, this program reads version {newest}; "
                    "use the program version that wrote it, or make the file anew"
                )
            yield file
        except KeyError as error:
            raise StorageFault(f"{path}: key is missing: {error.args[0]}; the file is damaged, make it anew") from error
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StorageFault(f"{path}: what it holds does not fit ({error}); it is damaged, make it anew") from error


def _array(group: h5py.Group, key: str) -> NDArray[Any]:
    """A whole array of a file. Raises KeyError with its full name, StorageFault if it cannot be read."""
    if key not in group:
        raise KeyError(f"{group.name.rstrip('/')}/{key}")
    try:
        array: NDArray[Any] = group[key][:]
    except OSError as error:
        raise StorageFault(f"{group.file.filename}: {key} is unreadable ({error}); make the file anew") from error
    return array


def _text(text: str) -> str:
    """Text that a file can hold: bytes of a file name that are no UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _write_info(group: h5py.Group, info: FeaturesInfo) -> None:
    group.attrs["format"] = FEATURES_FORMAT
    group.attrs["format_version"] = FEATURES_VERSION
    for name, value in asdict(info).items():
        if isinstance(value, str):
            value = _text(value)
        group.attrs[name] = value if isinstance(value, (str, int, float)) else json.dumps(value, sort_keys=True)


def _read_info(group: h5py.Group) -> FeaturesInfo:
    values: dict[str, Any] = {}
    for f in fields(FeaturesInfo):
        value = group.attrs[f.name]
        value = value.item() if isinstance(value, np.generic) else value
        values[f.name] = json.loads(value) if f.name in ("models", "parameters", "warnings") else value
    values["warnings"] = tuple(values["warnings"])
    values["complete"] = bool(values["complete"])
    return FeaturesInfo(**values)


def _write_table(file: h5py.File, faces: FaceTable, audio: NDArray[np.float32]) -> None:
    file["frames/timestamps"] = faces.timestamps
    file["frames/scene_change"] = faces.scene_change
    for f in fields(FaceTable):
        if f.name not in ("timestamps", "scene_change"):
            column = getattr(faces, f.name)
            file[f"faces/{f.name}"] = column.astype(np.float16) if f.name in _HALF else column
    file["audio/features"] = audio


def _read_table(file: h5py.File) -> tuple[FaceTable, NDArray[np.float32]]:
    columns = {name: _array(file, f"frames/{name}") for name in ("timestamps", "scene_change")}
    for f in fields(FaceTable):
        if f.name not in columns:
            column = _array(file, f"faces/{f.name}")
            columns[f.name] = column.astype(np.float32) if f.name in _HALF else column
    return FaceTable(**columns), _array(file, "audio/features")


def write_features(path: Path, features: Features) -> None:
    """Write a finished analysis. Series of persons in an older file are not carried over: they are rebuilt on demand.

    Raises
    ------
    StorageFault
        As `writing`.
    """
    with _replacing(path) as file:
        _write_info(file, features.info)
        _write_table(file, features.faces, features.audio)


def read_features_info(path: Path) -> FeaturesInfo:
    """A feature file's attributes alone. Raises StorageFault."""
    with _reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        return _read_info(file)


def read_features(path: Path) -> Features:
    """A feature file without its persons. Raises StorageFault naming the file and the key."""
    with _reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        return Features(_read_info(file), *_read_table(file))


def write_person_series(path: Path, person_id: str, name: str, person_series: PersonSeries) -> None:
    """Add one person's series to a feature file, or replace it.

    Raises
    ------
    StorageFault
        As `writing` and `read_features`.
    """
    with _replacing(path, _without(path, person_id)) as file:
        group = file.create_group(f"persons/{person_id}")
        group.attrs["name"] = _text(name)
        _write_series(group, person_series)


def _without(path: Path, person_id: str) -> bytes:
    """A feature file without one person's series; it is copied, so that nothing of the series stays behind."""
    buffer = io.BytesIO()
    with _reading(path, FEATURES_FORMAT, FEATURES_VERSION) as old, h5py.File(buffer, "w") as new:
        new.attrs.update(old.attrs)
        for key in old:
            if key != "persons":
                old.copy(key, new)
        for other in old.get("persons", ()):
            if other != person_id:
                old.copy(f"persons/{other}", new.require_group("persons"))
    return buffer.getvalue()


def _write_series(group: h5py.Group, person_series: PersonSeries) -> None:
    series = person_series.series
    group["features"] = series.values
    group["timestamps"] = series.timestamps
    group["source"] = series.source
    group["similarity"] = person_series.similarity
    group["baseline"] = person_series.baseline
    group.attrs["feature_names"] = list(FEATURES)
    group.attrs["sample_rate"] = series.sample_rate
    group.attrs["parameters"] = json.dumps(dict(person_series.parameters), sort_keys=True)


def write_series_file(path: Path, person_series: PersonSeries) -> None:
    """Write one series as an HDF5 file of its own, for other programs. Raises StorageFault."""
    with _replacing(path) as file:
        file.attrs["format"] = SERIES_FORMAT
        file.attrs["format_version"] = SERIES_VERSION
        file.attrs["program_version"] = program_version()
        _write_series(file, person_series)


def read_person_series(path: Path, person_id: str) -> PersonSeries | None:
    """One person's stored series, or None where the file has none. Raises StorageFault."""
    with _reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        if f"persons/{person_id}" not in file:
            return None
        group = file[f"persons/{person_id}"]
        series = TimeSeries(
            values=_array(group, "features"),
            timestamps=_array(group, "timestamps"),
            source=_array(group, "source"),
            sample_rate=float(group.attrs["sample_rate"]),
        )
        parameters = json.loads(group.attrs["parameters"])
        return PersonSeries(series, _array(group, "similarity"), _array(group, "baseline"), parameters)


def remove_person_series(path: Path, person_id: str) -> None:
    """Take one person's series out of a feature file. Raises StorageFault."""
    with _reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        if f"persons/{person_id}" not in file:
            return
    write_bytes(path, _without(path, person_id))


class Minutes:
    """The finished minutes of an extraction under way: a folder with one file a minute, each whole or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def info(self) -> FeaturesInfo | None:
        """What the extraction under way is made with; None where there is none."""
        paths = self._paths()
        try:
            return read_features_info(paths[0]) if paths else None
        except StorageFault:
            return None

    def write(self, minute: int, features: Features, last_thumbnail: NDArray[np.uint8]) -> None:
        """Keep one finished minute. Raises StorageFault; earlier minutes stay."""
        with _replacing(self.folder / f"minute_{minute:06d}.h5") as file:
            _write_info(file, features.info)
            _write_table(file, features.faces, features.audio)
            file["last_thumbnail"] = last_thumbnail

    def read(self) -> Iterator[tuple[Features, NDArray[np.uint8]]]:
        """The finished minutes in order of time, each with the thumbnail of its last sampled picture.

        Reading stops before one that is damaged, or is left over from another extraction than the first.
        """
        first: FeaturesInfo | None = None
        for path in self._paths():
            try:
                with _reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
                    minute = Features(_read_info(file), *_read_table(file)), _array(file, "last_thumbnail")
            except StorageFault:
                return
            first = first or minute[0].info
            if not minute[0].info.same_extraction(first):
                return
            yield minute

    def clear(self) -> None:
        """Forget them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("minute_*.h5")) if self.folder.is_dir() else []


def write_person(path: Path, person: Person) -> None:
    """Write a person with references and thresholds. Raises StorageFault."""
    with _replacing(path) as file:
        file.attrs["format"] = PERSON_FORMAT
        file.attrs["format_version"] = PERSON_VERSION
        file.attrs["id"] = person.id
        file.attrs["name"] = person.name
        file.attrs["program_version"] = program_version()
        file.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        file.attrs["thresholds"] = json.dumps(asdict(person.thresholds))
        file.attrs["overrides"] = json.dumps({k: asdict(v) for k, v in person.overrides.items()}, sort_keys=True)
        file.create_group("references")
        for k, reference in enumerate(person.references):
            group = file.create_group(f"references/{k:04d}")
            group.create_dataset("image", data=reference.image, compression="gzip")
            group["box_xyxy"] = reference.box_xyxy
            group["landmarks"] = reference.landmarks
            group.attrs["origin"] = _text(reference.origin)
            for digest, embedding in reference.embeddings.items():
                group[f"embeddings/{digest}"] = embedding


def read_person(path: Path) -> Person:
    """Read a person. Raises StorageFault naming the file and the key."""
    with _reading(path, PERSON_FORMAT, PERSON_VERSION) as file:
        references = []
        for key in sorted(file["references"]):
            group = file["references"][key]
            stored = group.get("embeddings", {})
            references.append(
                Reference(
                    image=_array(group, "image"),
                    box_xyxy=_array(group, "box_xyxy"),
                    landmarks=_array(group, "landmarks"),
                    origin=group.attrs["origin"],
                    embeddings={digest: _array(stored, digest) for digest in stored},
                )
            )
        overrides = json.loads(file.attrs["overrides"])
        return Person(
            id=file.attrs["id"],
            name=file.attrs["name"],
            references=tuple(references),
            thresholds=Thresholds(**json.loads(file.attrs["thresholds"])),
            overrides={k: Thresholds(**v) for k, v in overrides.items()},
        )
