"""dataset.h5: all labelled clips in one file that other programs read slice by slice.

docs/format.md states the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
_EVENT_TEXTS = ("clip_id", "video_id", "person_id", "origin", "labelled_at", "labeller", "note", "event_id")
_LEFT_OUT_TEXTS = (*_EVENT_TEXTS, "reason", "reason_template")
_LEFT_OUT = np.dtype([*((name, _TEXT) for name in _LEFT_OUT_TEXTS), ("label", "i1"), ("source_timestamp", "<f8", (2,))])
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
    path: Path, clips: ClipDataset, *, names: Names = Names(), ledger_seq: int = 0, sources: str = ""
) -> None:
    """Write all clips, in place of what was there, in one step. Raises StorageFault; the old file is there then."""
    with replacing(path) as file:
        file.attrs["format"] = DATASET_FORMAT
        file.attrs["format_version"] = DATASET_VERSION
        file.attrs["n_rows"] = clips.options.n_rows
        file.attrs["sampling"] = clips.options.sampling
        file.attrs["feature_names"] = list(FEATURES)
        file.attrs["label_names"] = ["not funny", "funny"]
        file.attrs["max_failed_ratio"] = clips.max_failed_ratio
        file.attrs["remarks"] = json.dumps(with_templates(clips.remarks), ensure_ascii=False)
        file.attrs["ledger_seq"] = ledger_seq
        file.attrs["sources"] = sources
        file.attrs["program_version"] = program_version()
        file.attrs["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        arrays = {
            "clip_features": clips.features,
            "clip_timestamps": clips.timestamps,
            "clip_source": clips.source,
            "clip_baseline": clips.baseline,
            "labels": clips.labels,
            "clip_info": _info_of(clips, names),
            "left_out": _left_out_of(clips),
        }
        for name, array in arrays.items():
            file.create_dataset(
                name,
                data=array,
                maxshape=(None, *array.shape[1:]),
                chunks=(_CHUNK.get(name, _INFO_CHUNK), *array.shape[1:]),
                fletcher32=name in _CHUNK,  # finds damage; it cannot watch over texts, which lie elsewhere
            )


def _left_out_of(clips: ClipDataset) -> NDArray[Any]:
    rows = np.empty(len(clips.left_out), _LEFT_OUT)
    for k, (event, reason) in enumerate(clips.left_out):
        template = json.dumps(with_templates(reason), ensure_ascii=False)
        texts = {**_texts_of(event), "reason": reason, "reason_template": template}
        for name, text in texts.items():
            rows[name][k] = _stored(text)
        rows["label"][k] = event.label
        rows["source_timestamp"][k] = event.start, event.end
    return rows


def _texts_of(event: LabelEvent) -> dict[str, str]:
    return {
        "clip_id": event.clip_id,
        "video_id": event.video_id,
        "person_id": event.person_id,
        "origin": event.origin,
        "labelled_at": event.at,
        "labeller": event.labeller,
        "note": event.note,
        "event_id": event.id,
    }


def _stored(text: str) -> str:
    return storable(text).replace("\0", "")


def _info_of(clips: ClipDataset, names: Names) -> NDArray[Any]:
    rows = np.empty(len(clips), _INFO)
    for k, event in enumerate(clips.events):
        video, fps = names.videos.get(event.video_id, ("", float("nan")))
        texts = {
            **_texts_of(event),
            "video_name": video,
            "person": names.people.get(event.person_id, ""),
            "sampling": clips.sampling[k],
            "feature_digest": clips.digests[k],
        }
        for name, text in texts.items():
            rows[name][k] = _stored(text)
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
        texts = {name: _decoded(info[name]) for name in _INFO.names or () if _INFO[name] == _TEXT}
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


def _left_out(file: h5py.File) -> list[tuple[LabelEvent, str]]:
    """Labels without an array, with the reasons; older files do not hold them."""
    if "left_out" not in file:
        return []
    rows = array_of(file, "left_out")
    texts = {name: _decoded(rows[name]) for name in _LEFT_OUT_TEXTS}
    reasons = [Sentence.of(json.loads(template)) for template in texts["reason_template"]]
    return list(zip(_events(texts, rows["source_timestamp"], rows["label"]), reasons))


def _decoded(column: NDArray[Any]) -> list[str]:
    return [value.decode() for value in column]


def _events(texts: Mapping[str, Sequence[str]], bounds: Floats, labels: NDArray[Any]) -> list[LabelEvent]:
    return [
        LabelEvent(
            video_id=texts["video_id"][k],
            person_id=texts["person_id"][k],
            start=start,
            end=end,
            label=label,
            origin=texts["origin"][k],
            clip_id=texts["clip_id"][k],
            labeller=texts["labeller"][k],
            note=texts["note"][k],
            id=texts["event_id"][k],
            at=texts["labelled_at"][k],
        )
        for k, ((start, end), label) in enumerate(zip(bounds.tolist(), labels.tolist()))
    ]
