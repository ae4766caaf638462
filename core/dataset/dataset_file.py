"""dataset.h5: all labelled clips in one file that other programs read slice by slice.

docs/format.md states the format.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.clip_dataset_builder import ClipDataset, Floats
from core.errors import Sentence, StorageFault, with_templates
from core.labels.ledger import LabelEvent
from core.labels.rules import MAX_FAILED_RATIO, N_ROWS
from core.series import FEATURES, centred, failed_ratio
from core.storage.files import array_of, program_version, reading, replacing, storable

DATASET_FORMAT, DATASET_VERSION = "punchline-dataset", 1
MADE_BY = "`punchline dataset build`"
_TEXT = h5py.string_dtype()
_INFO = np.dtype(
    [
        ("clip_id", _TEXT),
        ("video_name", _TEXT),
        ("video_id", _TEXT),
        ("person", _TEXT),
        ("person_id", _TEXT),
        ("fps", "<f8"),
        ("clip_duration", "<f8"),
        ("source_timestamp", "<f8", (2,)),
        ("frame_count", "<i4"),
        ("failed_ratio", "<f8"),
        ("origin", _TEXT),
        ("sampling", _TEXT),
        ("feature_digest", _TEXT),
        ("stale", "?"),
        ("labelled_at", _TEXT),
        ("labeller", _TEXT),
        ("note", _TEXT),
        ("event_id", _TEXT),
    ]
)
# Clips in a chunk: one, so that any slice of the features reads these clips and nothing else. The small arrays have
# more, for an index entry would be as large as a row.
_CHUNK = {"clip_features": 1, "clip_timestamps": 50, "clip_source": 500, "clip_baseline": 50, "labels": 1000}
_INFO_CHUNK = 50


@dataclass(frozen=True)
class Names:
    """What people call the videos and persons of a dataset: video id -> (file name, fps), person id -> name."""

    videos: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetInfo:
    """What a dataset file says of itself: counts, and the number of ledger events that it knows (`ledger_seq`)."""

    n_clips: int
    n_funny: int
    n_stale: int
    n_rows: int
    sampling: str
    ledger_seq: int
    created: str
    program_version: str


def write_dataset(path: Path, clips: ClipDataset, *, names: Names = Names(), ledger_seq: int = 0) -> None:
    """Write all clips, in place of what was there, in one step. Raises StorageFault; the old file is there then."""
    with replacing(path) as file:
        file.attrs["format"] = DATASET_FORMAT
        file.attrs["format_version"] = DATASET_VERSION
        file.attrs["n_rows"] = N_ROWS
        file.attrs["sampling"] = "/".join(sorted(set(clips.sampling), reverse=True)) or "nearest"
        file.attrs["feature_names"] = list(FEATURES)
        file.attrs["label_names"] = ["not funny", "funny"]
        file.attrs["max_failed_ratio"] = clips.max_failed_ratio
        file.attrs["remarks"] = json.dumps(with_templates(clips.remarks), ensure_ascii=False)
        file.attrs["ledger_seq"] = ledger_seq
        file.attrs["program_version"] = program_version()
        file.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        arrays = {
            "clip_features": clips.features,
            "clip_timestamps": clips.timestamps,
            "clip_source": clips.source,
            "clip_baseline": clips.baseline,
            "labels": clips.labels,
            "clip_info": _info_of(clips, names),
        }
        for name, array in arrays.items():
            file.create_dataset(
                name,
                data=array,
                maxshape=(None, *array.shape[1:]),
                chunks=(_CHUNK.get(name, _INFO_CHUNK), *array.shape[1:]),
                fletcher32=name != "clip_info",  # finds damage; it cannot watch over texts, which lie elsewhere
            )


def _info_of(clips: ClipDataset, names: Names) -> NDArray[Any]:
    rows = np.empty(len(clips), _INFO)
    for k, event in enumerate(clips.events):
        video, fps = names.videos.get(event.video_id, ("", float("nan")))
        texts = {
            "clip_id": event.clip_id,
            "video_name": video,
            "video_id": event.video_id,
            "person": names.people.get(event.person_id, ""),
            "person_id": event.person_id,
            "origin": event.origin,
            "sampling": clips.sampling[k],
            "feature_digest": clips.digests[k],
            "labelled_at": event.at,
            "labeller": event.labeller,
            "note": event.note,
            "event_id": event.id,
        }
        for name, text in texts.items():
            rows[name][k] = storable(text).replace("\0", "")
        rows["fps"][k] = fps
        rows["source_timestamp"][k] = event.start, event.end
    rows["clip_duration"] = rows["source_timestamp"][:, 1] - rows["source_timestamp"][:, 0]
    rows["frame_count"] = clips.frame_count
    rows["failed_ratio"] = clips.failed_ratio
    rows["stale"] = clips.stale
    return rows


@contextmanager
def _open(path: Path) -> Iterator[h5py.File]:
    with reading(path, DATASET_FORMAT, DATASET_VERSION, made_by=MADE_BY) as file:
        yield file


def read_info(path: Path) -> DatasetInfo:
    """What the file says of itself, without its clips' arrays. Raises StorageFault."""
    with _open(path) as file:
        labels = array_of(file, "labels")
        return DatasetInfo(
            n_clips=len(labels),
            n_funny=int((labels == 1).sum()),
            n_stale=int(array_of(file, "clip_info")["stale"].sum()),
            n_rows=int(file.attrs["n_rows"]),
            sampling=file.attrs["sampling"],
            ledger_seq=int(file.attrs["ledger_seq"]),
            created=file.attrs["created"],
            program_version=file.attrs["program_version"],
        )


def read_dataset(path: Path) -> ClipDataset:
    """All clips of a file. Raises StorageFault naming the file and the key; a version it does not know is one too."""
    with _open(path) as file:
        features, source = array_of(file, "clip_features"), array_of(file, "clip_source")
        labels, info = array_of(file, "labels"), array_of(file, "clip_info")
        n = len(labels)
        expected = {"clip_features": (n, N_ROWS, len(FEATURES)), "clip_source": (n, N_ROWS), "clip_info": (n,)}
        expected |= {"clip_timestamps": (n, N_ROWS), "clip_baseline": (n, len(FEATURES))}
        for name, shape in expected.items():
            if name not in file:
                raise KeyError(f"/{name}")
            if file[name].shape != shape:
                raise ValueError(f"{name} has shape {file[name].shape}, expected {shape}")
        texts = {name: _decoded(info[name]) for name in _INFO.names or () if _INFO[name] == _TEXT}
        return ClipDataset(
            features=features,
            timestamps=array_of(file, "clip_timestamps"),
            source=source,
            baseline=array_of(file, "clip_baseline"),
            labels=labels,
            events=[_event(texts, info["source_timestamp"][k], int(labels[k]), k) for k in range(n)],
            failed_ratio=failed_ratio(source),
            sampling=texts["sampling"],
            digests=texts["feature_digest"],
            frame_count=info["frame_count"].astype(np.int32),
            stale=info["stale"].astype(bool),
            kept=np.ones(n, bool),
            remarks=[Sentence.of(remark) for remark in json.loads(file.attrs["remarks"])],
            max_failed_ratio=float(file.attrs["max_failed_ratio"]),
        )


def _decoded(column: NDArray[Any]) -> list[str]:
    return [value.decode() for value in column]


def _event(texts: Mapping[str, Sequence[str]], bounds: Floats, label: int, k: int) -> LabelEvent:
    return LabelEvent(
        video_id=texts["video_id"][k],
        person_id=texts["person_id"][k],
        start=float(bounds[0]),
        end=float(bounds[1]),
        label=label,
        origin=texts["origin"][k],
        clip_id=texts["clip_id"][k],
        labeller=texts["labeller"][k],
        note=texts["note"][k],
        id=texts["event_id"][k],
        at=texts["labelled_at"][k],
    )


class ClipsOnDisk:
    """The clips of a dataset file, read as they are asked for: a map-style data set as `torch.utils.data` takes it.

    An item is ``(inputs, label)``: float32 (15, 12), centred on what is usual for the person, NaN where missing, and
    0 or 1. Several at once are read together. Each process opens the file for itself, once it asks for an item, and
    then sees it unchanged even if it is built anew.

    Parameters
    ----------
    path
        A dataset file.
    usable
        Leave out what is stale or has too many failed rows.
    max_failed_ratio
        As `core.clip_dataset_builder.ClipDataset`; the file's own if None.

    Raises
    ------
    StorageFault
        If the file cannot be read; by an item, if the file was built anew before this process opened it.
    """

    def __init__(self, path: Path, *, usable: bool = True, max_failed_ratio: float | None = None) -> None:
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._owner = 0
        with _open(self.path) as file:
            info, source = array_of(file, "clip_info"), array_of(file, "clip_source")
            limit = float(file.attrs.get("max_failed_ratio", MAX_FAILED_RATIO))
            limit = limit if max_failed_ratio is None else max_failed_ratio
            fine = (failed_ratio(source) < limit) & ~info["stale"].astype(bool)
            self.index = np.flatnonzero(fine) if usable else np.arange(len(info))  # (n,) places in the file
            self.labels = array_of(file, "labels")[self.index]  # (n,)
            self.groups = np.array(_decoded(info["video_id"]), dtype=str)[self.index]  # (n,) video ids
            self._made = _stamp(self.path)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: int) -> tuple[NDArray[np.float32], int]:
        return self.__getitems__([item])[0]

    def __getitems__(self, items: Sequence[int]) -> list[tuple[NDArray[np.float32], int]]:
        """Several items, read from the disk in one go."""
        chosen = np.asarray(items, int)
        if len(chosen) == 0:
            return []
        if chosen.min() < -len(self) or chosen.max() >= len(self):
            raise IndexError(f"item {items} of {len(self)} clips")
        places, back = np.unique(self.index[chosen], return_inverse=True)
        file = self._opened()
        features, usual = (_rows(file[name], places) for name in ("clip_features", "clip_baseline"))
        inputs = centred(features, usual[:, None, :])[back]
        return [(one, int(self.labels[k])) for one, k in zip(inputs, chosen, strict=True)]

    def _opened(self) -> h5py.File:
        if self._file is None or self._owner != os.getpid():  # a handle is of no use in a forked process
            if _stamp(self.path) != self._made:
                raise StorageFault("{path}: it was built anew since it was opened; open it again", path=self.path)
            self._file, self._owner = h5py.File(self.path, "r"), os.getpid()
        return self._file

    def close(self) -> None:
        """Give the file back; it is opened again when an item is asked for."""
        if self._file is not None and self._owner == os.getpid():
            self._file.close()
        self._file = None

    def __enter__(self) -> ClipsOnDisk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}


def _rows(dataset: h5py.Dataset, places: NDArray[np.intp]) -> NDArray[Any]:
    """Rows at increasing places, those side by side in one read: HDF5 is slow with long lists of places."""
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return np.concatenate([dataset[run[0] : run[-1] + 1] for run in runs])


def _stamp(path: Path) -> tuple[int, int]:
    """What tells a file from the one that takes its place."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
