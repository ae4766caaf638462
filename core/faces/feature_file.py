"""Feature files: all that was seen and heard in one video, and the finished minutes of an extraction."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.cues.cue import CUES
from core.errors import Sentence, StorageFault, with_templates
from core.faces.table import FaceTable, concatenate
from core.storage.files import program_version, storable, write_bytes
from core.storage.hdf5 import array_of, reading, replacing
from core.video.streams import Tracks

FEATURES_FORMAT, FEATURES_VERSION = "punchline-features", 1
_HALF = {"embedding"}  # columns kept in half precision


@dataclass(frozen=True)
class FeaturesInfo:
    """What a feature file says of itself.

    `models` maps detector, embedder and recogniser to their name and digest; `parameters` holds everything else that
    decides the values. `duration` is in seconds, None where unknown.
    `complete` is false while an extraction is under way, `created` is ISO 8601 in UTC.
    """

    video_name: str
    fingerprint: str
    duration: float | None
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

    @property
    def tracks(self) -> Tracks:
        """The picture that was read; the first one is not noted."""
        return Tracks(self.parameters.get("video_track", 1))

    def same_extraction(self, other: FeaturesInfo) -> bool:
        """True where both come from the same video, models and parameters."""
        mine, theirs = ((i.fingerprint, i.sample_rate, dict(i.models), dict(i.parameters)) for i in (self, other))
        return mine == theirs


@dataclass(frozen=True, eq=False)
class Features:
    """A video's face table with its sound features (n_frames, 2): loudness and pitch, NaN without sound.

    `chips` maps rows of the face table to small JPEG pictures of the face; most rows have none. `cues` maps names of
    `core.cues.cue.CUES` to rows (n_frames, k); `waveform` (n_frames, parts, 2) is the shape of the sound, None in
    files of programs that did not keep it.
    """

    info: FeaturesInfo
    faces: FaceTable
    audio: NDArray[np.float32]
    chips: Mapping[int, bytes] = field(default_factory=dict)
    cues: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    waveform: NDArray[np.int8] | None = None


class StoredChips(Mapping[int, bytes]):
    """The face pictures of a feature file, each read when it is asked for.

    Once the file is gone or was replaced by another extraction's, it holds none of them: KeyError.
    """

    def __init__(self, path: Path, rows: NDArray[np.int64], created: str) -> None:
        self._path, self._created = path, created
        self._place = {int(row): k for k, row in enumerate(rows)}

    def __getitem__(self, row: int) -> bytes:
        place = self._place[row]
        try:
            with reading(self._path, FEATURES_FORMAT, FEATURES_VERSION) as file:
                if file.attrs["created"] == self._created:
                    return bytes(file["faces/chips"][place])
        except StorageFault as error:
            raise KeyError(row) from error
        raise KeyError(row)

    def __iter__(self) -> Iterator[int]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


def _write_info(group: h5py.Group, info: FeaturesInfo) -> None:
    group.attrs["format"] = FEATURES_FORMAT
    group.attrs["format_version"] = FEATURES_VERSION
    for name, value in asdict(info).items():
        if isinstance(value, str):
            value = storable(value)
        elif name == "duration" and value is None:
            value = float("nan")
        group.attrs[name] = (
            value if isinstance(value, (str, int, float)) else json.dumps(with_templates(value), sort_keys=True)
        )


def _read_info(group: h5py.Group) -> FeaturesInfo:
    values: dict[str, Any] = {}
    for f in fields(FeaturesInfo):
        value = group.attrs[f.name]
        value = value.item() if isinstance(value, np.generic) else value
        values[f.name] = json.loads(value) if f.name in ("models", "parameters", "warnings") else value
    if not values["duration"] > 0:  # files of earlier programs hold 0
        values["duration"] = None
    values["warnings"] = tuple(map(Sentence.of, values["warnings"]))
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
    columns = {name: array_of(file, f"frames/{name}") for name in ("timestamps", "scene_change")}
    for f in fields(FaceTable):
        if f.name not in columns:
            column = array_of(file, f"faces/{f.name}")
            columns[f.name] = column.astype(np.float32) if f.name in _HALF else column
    return FaceTable(**columns), array_of(file, "audio/features")


def write_cue(file: h5py.File, name: str, rows: NDArray[np.float32]) -> None:
    """Put a cue's rows (n_frames, k) into an open file, in the place of older ones."""
    if f"cues/{name}" in file:
        del file[f"cues/{name}"]
    file[f"cues/{name}"] = rows.astype(np.float32)
    file[f"cues/{name}"].attrs["columns"] = list(CUES[name].columns)
    file[f"cues/{name}"].attrs["digest"] = CUES[name].digest


def _read_cues(file: h5py.File) -> dict[str, NDArray[np.float32]]:
    """The cues that this program knows; one of another digest counts as absent."""
    stored = file.get("cues", {})
    return {
        name: array_of(file, f"cues/{name}")
        for name, cue in CUES.items()
        if name in stored and stored[name].attrs.get("digest") == cue.digest
    }


def _read_waveform(file: h5py.File) -> NDArray[np.int8] | None:
    return array_of(file, "audio/waveform") if "audio/waveform" in file else None


def _write_chips(file: h5py.File, chips: Mapping[int, bytes]) -> None:
    if not chips:
        return
    rows = sorted(chips)
    file["faces/chip_rows"] = np.array(rows, np.int64)
    stored = file.create_dataset("faces/chips", (len(rows),), h5py.vlen_dtype(np.uint8))
    for place, row in enumerate(rows):
        stored[place] = np.frombuffer(chips[row], np.uint8)


def _chip_rows(file: h5py.File) -> NDArray[np.int64]:
    """Rows with a picture; there may be none."""
    return array_of(file, "faces/chip_rows") if "faces/chip_rows" in file else np.empty(0, np.int64)


def _write(file: h5py.File, features: Features) -> None:
    _write_info(file, features.info)
    _write_table(file, features.faces, features.audio)
    _write_chips(file, features.chips)
    for name, rows in features.cues.items():
        write_cue(file, name, rows)
    if features.waveform is not None:
        file["audio/waveform"] = features.waveform


def outdated_cues(path: Path) -> list[str]:
    """Names of the cues in a feature file that were computed in another way than today. Raises StorageFault."""
    with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        stored = file.get("cues", {})
        return [name for name, cue in CUES.items() if name in stored and stored[name].attrs.get("digest") != cue.digest]


def write_features(path: Path, features: Features) -> None:
    """Write a finished analysis, in place of what was there, in one step. Raises StorageFault."""
    with replacing(path) as file:
        _write(file, features)


def change_cues(path: Path, cues: Mapping[str, NDArray[np.float32] | None]) -> None:
    """Put cues into a feature or series file or take them out (None); the rest stays. Raises StorageFault."""
    if not path.exists():
        raise StorageFault("{path}: no such file; extract the video first", path=path)
    with replacing(path, path.read_bytes()) as file:
        for name, rows in cues.items():
            if rows is not None:
                write_cue(file, name, rows)
            elif f"cues/{name}" in file:
                del file[f"cues/{name}"]


def read_cues(path: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float32]], NDArray[np.int8] | None]:
    """Timestamps, cues and waveform of a feature file, without its faces. Raises StorageFault."""
    with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        return array_of(file, "frames/timestamps"), _read_cues(file), _read_waveform(file)


def read_features_info(path: Path) -> FeaturesInfo:
    """A feature file's attributes alone. Raises StorageFault."""
    with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        return _read_info(file)


def read_features(path: Path) -> Features:
    """A whole feature file. Raises StorageFault naming the file and the key."""
    with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        info = _read_info(file)
        chips = StoredChips(path, _chip_rows(file), info.created)
        return Features(info, *_read_table(file), chips, _read_cues(file), _read_waveform(file))


def _without(path: Path, person_id: str | None) -> bytes:
    """A feature file without a person's group; it is copied, so that nothing of the group stays in unused space."""
    buffer = io.BytesIO()
    with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as old, h5py.File(buffer, "w") as new:
        new.attrs.update(old.attrs)
        for key in old:
            if key != "persons":
                old.copy(key, new)
        for other in old.get("persons", ()):
            if person_id not in (None, other):
                old.copy(f"persons/{other}", new.require_group("persons"))
    return buffer.getvalue()


def holds_person_series(path: Path, person_id: str | None = None) -> bool:
    """Whether a feature file holds a person's series, or anybody's, as older ones do. Raises StorageFault."""
    with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
        return "persons" in file if person_id is None else f"persons/{person_id}" in file


def remove_person_series(path: Path, person_id: str | None = None) -> None:
    """Take one person's series, or everybody's, out of a feature file. Raises StorageFault."""
    if holds_person_series(path, person_id):
        write_bytes(path, _without(path, person_id))


def joined(parts: Sequence[Features]) -> Features:
    """Features that follow each other in time as one, with the first one's `info`. At least one is needed."""
    starts = np.cumsum([0, *(len(part.faces) for part in parts)]).tolist()
    chips = {row + start: jpeg for part, start in zip(parts, starts, strict=False) for row, jpeg in part.chips.items()}
    faces = concatenate([part.faces for part in parts])
    audio = np.concatenate([part.audio for part in parts])
    names = [name for name in parts[0].cues if all(name in part.cues for part in parts)]
    cues = {name: np.concatenate([part.cues[name] for part in parts]) for name in names}
    waveforms = [part.waveform for part in parts if part.waveform is not None]
    waveform = np.concatenate(waveforms) if len(waveforms) == len(parts) else None
    return Features(parts[0].info, faces, audio, chips, cues, waveform)


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
        with replacing(self.folder / f"minute_{minute:06d}.h5") as file:
            _write(file, features)
            file["last_thumbnail"] = last_thumbnail

    def read(self) -> Iterator[tuple[Features, NDArray[np.uint8]]]:
        """The finished minutes in order of time, each with the thumbnail of its last sampled picture.

        Reading stops before one that is damaged, or is left over from another extraction than the first.
        """
        first: FeaturesInfo | None = None
        for path in self._paths():
            try:
                with reading(path, FEATURES_FORMAT, FEATURES_VERSION) as file:
                    rows = _chip_rows(file).tolist()
                    chips = {row: bytes(file["faces/chips"][k]) for k, row in enumerate(rows)}
                    cues, waveform = _read_cues(file), _read_waveform(file)
                    features = Features(_read_info(file), *_read_table(file), chips, cues, waveform)
                    minute = features, array_of(file, "last_thumbnail")
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
