"""Series files: the 12-d series of one person in one video, for other programs and as this program's own cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.series import FEATURES, TimeSeries
from core.storage.files import program_version, storable
from core.storage.hdf5 import array_of, reading, replacing

SERIES_FORMAT, SERIES_VERSION = "punchline-series", 1
MADE_BY = "`punchline series`"


@dataclass(frozen=True)
class SeriesOrigin:
    """Whose series it is and where it comes from; `duration` is NaN where unknown, `extracted` names the extraction."""

    video_name: str = ""
    video_id: str = ""
    fps: float = float("nan")
    duration: float = float("nan")
    person: str = ""
    person_id: str = ""
    extracted: str = ""


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
    origin: SeriesOrigin = SeriesOrigin()


def series_digest(parameters: Mapping[str, Any]) -> str:
    """A short name for what decides the values of a series."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(parameters: Mapping[str, Any], extracted: str) -> str:
    """A short name for what a series file is made of: its parameters, the extraction, and the program that made it."""
    return series_digest({"parameters": dict(parameters), "extracted": extracted, "program": program_version()})


def write_series(path: Path, made: PersonSeries) -> None:
    """Write one series as a file of its own, in place of what was there, in one step. Raises StorageFault."""
    with replacing(path) as file:
        file.attrs["format"] = SERIES_FORMAT
        file.attrs["format_version"] = SERIES_VERSION
        file.attrs["program_version"] = program_version()
        file.attrs["feature_names"] = list(FEATURES)
        file.attrs["sample_rate"] = made.series.sample_rate
        file.attrs["parameters"] = json.dumps(dict(made.parameters), sort_keys=True)
        file.attrs["digest"] = file_digest(made.parameters, made.origin.extracted)
        for name, value in asdict(made.origin).items():
            file.attrs[name] = storable(value) if isinstance(value, str) else value
        file["features"] = made.series.values
        file["timestamps"] = made.series.timestamps
        file["source"] = made.series.source
        file["similarity"] = made.similarity
        file["baseline"] = made.baseline


def read_series(path: Path, *, digest: str | None = None) -> PersonSeries | None:
    """The series of a file; None where it has another `digest` than the one given, so that it has to be made anew.

    Raises
    ------
    StorageFault
        If there is no such file, it is damaged, or of another kind or version; names the file and the key.
    """
    with reading(path, SERIES_FORMAT, SERIES_VERSION, made_by=MADE_BY) as file:
        if digest is not None and file.attrs.get("digest") != digest:
            return None
        series = TimeSeries(
            values=array_of(file, "features"),
            timestamps=array_of(file, "timestamps"),
            source=array_of(file, "source"),
            sample_rate=float(file.attrs["sample_rate"]),
        )
        similarity, baseline = array_of(file, "similarity"), array_of(file, "baseline")
        if similarity.shape != (len(series),) or baseline.shape != (len(FEATURES),):
            raise ValueError(f"similarity {similarity.shape}, baseline {baseline.shape} of {len(series)} rows")
        origin = {f.name: file.attrs[f.name] for f in fields(SeriesOrigin) if f.name in file.attrs}
        return PersonSeries(series, similarity, baseline, json.loads(file.attrs["parameters"]), SeriesOrigin(**origin))
