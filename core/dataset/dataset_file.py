"""dataset.h5: all labelled clips in one file that other programs read slice by slice.

docs/format.md states the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.clip_dataset_builder import ClipDataset, Floats
from core.errors import Sentence, with_templates
from core.labels.event import LabelEvent
from core.labels.rules import ClipOptions
from core.series import FEATURES, failed_ratio
from core.storage.files import program_version, storable
from core.storage.hdf5 import array_of, reading, replacing

DATASET_FORMAT, DATASET_VERSION = "punchline-dataset", 1
_TEXT = h5py.string_dtype()
# The texts of a label: the name of each in the file, and in the event.
_EVENT_TEXTS = {name: name for name in ("clip_id", "video_id", "person_id", "origin", "labeller", "note")}
_EVENT_TEXTS |= {"labelled_at": "at", "event_id": "id"}
_TEXTS = (*_EVENT_TEXTS, "video_name", "person", "sampling", "feature_digest")
_NUMBERS = {"fps": "<f8", "clip_duration": "<f8", "frame_count": "<i4", "failed_ratio": "<f8", "stale": "?"}
_BOUNDS = ("source_timestamp", "<f8", (2,))
_INFO = np.dtype([*((name, _TEXT) for name in _TEXTS), *_NUMBERS.items(), _BOUNDS])
_LEFT_OUT_TEXTS = (*_EVENT_TEXTS, "reason", "reason_template")
_LEFT_OUT = np.dtype([*((name, _TEXT) for name in _LEFT_OUT_TEXTS), ("label", "i1"), _BOUNDS])
# Clips in a chunk: one, so that any slice of the features reads these clips and nothing else. The small arrays have
# more, for an index entry would be as large as a row.
_CHUNK = {
    "clip_features": 1,
    "clip_cues": 1,
    "clip_timestamps": 50,
    "clip_source": 500,
    "clip_baseline": 50,
    "labels": 1000,
}
_INFO_CHUNK = 50


@dataclass(frozen=True)
class Names:
    """What people call the videos and persons of a dataset: video id -> (file name, fps), person id -> name."""

    videos: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CuesOfClips:
    """The cues of clips: names of the k columns, and their values (n, n_rows, k) as the videos' files have them."""

    names: tuple[str, ...]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class DatasetInfo:
    """What a dataset file says of itself: counts, options, and what it was made of.

    `ledger_seq` is the number of ledger events that it knows, `sources` names the state of everything else that it was
    made of; empty where that is not known.
    """

    n_clips: int
    n_funny: int
    n_stale: int
    options: ClipOptions
    ledger_seq: int
    sources: str
    created: str
    program_version: str


def write_dataset(
    path: Path,
    clips: ClipDataset,
    *,
    names: Names = Names(),
    cues: CuesOfClips | None = None,
    ledger_seq: int = 0,
    sources: str = "",
) -> None:
    """Write all clips, in place of what was there, in one step. Raises StorageFault; the old file is there then."""
    attributes = {
        "format": DATASET_FORMAT,
        "format_version": DATASET_VERSION,
        "n_rows": clips.options.n_rows,
        "sampling": clips.options.sampling,
        "feature_names": list(FEATURES),
        "label_names": ["not funny", "funny"],
        "max_failed_ratio": clips.max_failed_ratio,
        "remarks": json.dumps(with_templates(clips.remarks), ensure_ascii=False),
        "ledger_seq": ledger_seq,
        "sources": sources,
        "program_version": program_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with replacing(path) as file:
        file.attrs.update(attributes)
        arrays = {
            "clip_features": clips.features,
            "clip_timestamps": clips.timestamps,
            "clip_source": clips.source,
            "clip_baseline": clips.baseline,
            "labels": clips.labels,
            "clip_info": _info_of(clips, names),
            "left_out": _left_out_of(clips),
        }
        if cues is not None:
            arrays["clip_cues"] = cues.values
        for name, array in arrays.items():
            file.create_dataset(
                name,
                data=array,
                maxshape=(None, *array.shape[1:]),
                chunks=(_CHUNK.get(name, _INFO_CHUNK), *array.shape[1:]),
                fletcher32=name in _CHUNK,  # finds damage; it cannot watch over texts, which lie elsewhere
            )
        if cues is not None:
            file["clip_cues"].attrs["names"] = list(cues.names)


def _left_out_of(clips: ClipDataset) -> NDArray[Any]:
    rows = np.empty(len(clips.left_out), _LEFT_OUT)
    for k, (event, reason) in enumerate(clips.left_out):
        template = json.dumps(with_templates(reason), ensure_ascii=False)
        _note(rows, k, event, reason=reason, reason_template=template)
        rows["label"][k] = event.label
    return rows


def _info_of(clips: ClipDataset, names: Names) -> NDArray[Any]:
    rows = np.empty(len(clips), _INFO)
    for k, event in enumerate(clips.events):
        video, rows["fps"][k] = names.videos.get(event.video_id, ("", float("nan")))
        person = names.people.get(event.person_id, "")
        digest = clips.digests[k]
        _note(rows, k, event, video_name=video, person=person, sampling=clips.sampling[k], feature_digest=digest)
    rows["clip_duration"] = rows["source_timestamp"][:, 1] - rows["source_timestamp"][:, 0]
    for name in ("frame_count", "failed_ratio", "stale"):
        rows[name] = getattr(clips, name)
    return rows


def _note(rows: NDArray[Any], k: int, event: LabelEvent, **more: str) -> None:
    """Put a label, and more texts, into row k."""
    texts = {column: getattr(event, name) for column, name in _EVENT_TEXTS.items()}
    for column, text in {**texts, **more}.items():
        rows[column][k] = storable(text).replace("\0", "")
    rows["source_timestamp"][k] = event.start, event.end


def _open(path: Path) -> AbstractContextManager[h5py.File]:
    return reading(path, DATASET_FORMAT, DATASET_VERSION, made_by="`punchline dataset build`")


def _options(file: h5py.File) -> ClipOptions:
    sampling = str(file.attrs["sampling"]).split("/")[0]  # older files name all that occur
    return ClipOptions(int(file.attrs["n_rows"]), "linear" if sampling == "linear" else "nearest")


def read_state(path: Path) -> tuple[int, str]:
    """The `ledger_seq` and `sources` of a file, whatever its size at once. Raises StorageFault."""
    with _open(path) as file:
        return int(file.attrs["ledger_seq"]), str(file.attrs.get("sources", ""))


def read_info(path: Path) -> DatasetInfo:
    """What the file says of itself, without its clips' arrays. Raises StorageFault."""
    with _open(path) as file:
        labels = array_of(file, "labels")
        return DatasetInfo(
            n_clips=len(labels),
            n_funny=int((labels == 1).sum()),
            n_stale=int(array_of(file, "clip_info")["stale"].sum()),
            options=_options(file),
            ledger_seq=int(file.attrs["ledger_seq"]),
            sources=str(file.attrs.get("sources", "")),
            created=file.attrs["created"],
            program_version=file.attrs["program_version"],
        )


def read_people(path: Path) -> dict[str, str]:
    """What the people of the clips were called when the file was built, by id. Raises StorageFault."""
    with _open(path) as file:
        info = array_of(file, "clip_info")
        return dict(zip(_decoded(info["person_id"]), _decoded(info["person"])))


def read_dataset(path: Path) -> ClipDataset:
    """All clips of a file. Raises StorageFault naming the file and the key; a version it does not know is one too."""
    with _open(path) as file:
        options = _options(file)
        labels, info = array_of(file, "labels"), array_of(file, "clip_info")
        n, n_rows, n_features = len(labels), options.n_rows, len(FEATURES)
        shapes = {"clip_features": (n, n_rows, n_features), "clip_source": (n, n_rows), "clip_timestamps": (n, n_rows)}
        arrays = {}
        for name, shape in {**shapes, "clip_baseline": (n, n_features), "clip_info": (n,)}.items():
            arrays[name] = array_of(file, name)
            if arrays[name].shape != shape:
                raise ValueError(f"{name} has shape {arrays[name].shape}, expected {shape}")
        texts = {name: _decoded(info[name]) for name in _TEXTS}
        return ClipDataset(
            features=arrays["clip_features"],
            timestamps=arrays["clip_timestamps"],
            source=arrays["clip_source"],
            baseline=arrays["clip_baseline"],
            labels=labels,
            events=_events(texts, info["source_timestamp"], labels),
            failed_ratio=failed_ratio(arrays["clip_source"]),
            sampling=texts["sampling"],
            digests=texts["feature_digest"],
            frame_count=info["frame_count"].astype(np.int32),
            stale=info["stale"].astype(bool),
            kept=np.ones(n, bool),
            left_out=_left_out(file),
            remarks=[Sentence.of(remark) for remark in json.loads(file.attrs["remarks"])],
            max_failed_ratio=float(file.attrs["max_failed_ratio"]),
            options=options,
        )


def read_clip_cues(path: Path) -> CuesOfClips | None:
    """The cues of all clips of a file; None where none of their videos has any. Raises StorageFault."""
    with _open(path) as file:
        if "clip_cues" not in file:
            return None
        return CuesOfClips(tuple(file["clip_cues"].attrs["names"]), array_of(file, "clip_cues"))


def _left_out(file: h5py.File) -> list[tuple[LabelEvent, str]]:
    """Labels without an array, with the reasons; older files do not hold them."""
    if "left_out" not in file:
        return []
    rows = array_of(file, "left_out")
    texts = {name: _decoded(rows[name]) for name in _LEFT_OUT_TEXTS}
    reasons = [Sentence.of(json.loads(template)) for template in texts["reason_template"]]
    return list(zip(_events(texts, rows["source_timestamp"], rows["label"]), reasons))


def _decoded(column: NDArray[Any]) -> list[str]:
    texts = {value: value.decode() for value in set(column)}  # most stand in many rows
    return [texts[value] for value in column]


def _events(texts: Mapping[str, Sequence[str]], bounds: Floats, labels: NDArray[Any]) -> list[LabelEvent]:
    columns = {name: texts[column] for column, name in _EVENT_TEXTS.items()}
    return [
        LabelEvent(start=start, end=end, label=label, **{name: column[k] for name, column in columns.items()})
        for k, ((start, end), label) in enumerate(zip(bounds.tolist(), labels.tolist()))
    ]
