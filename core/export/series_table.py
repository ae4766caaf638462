"""A person's series as a table or as arrays, for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.cues.cue import column_names
from core.errors import PunchlineError
from core.faces.feature_file import change_cues
from core.people import series_file
from core.people.series_file import PersonSeries
from core.series import FEATURES, Source
from core.storage.files import writing

SERIES_SUFFIXES = (".csv", ".npz", ".h5")
BOM = b"\xef\xbb\xbf"


def write_series(
    path: Path, person_series: PersonSeries, *, bom: bool = False, cues: Mapping[str, NDArray[np.float32]] = {}
) -> None:
    """Write a person's series as CSV, NPZ or HDF5, by the suffix.

    The CSV has the columns timestamp, the 12 features, source (by name), similarity; a missing value is an empty
    cell; `bom` begins it with a byte order mark, by which Excel knows UTF-8. NPZ and HDF5 hold the arrays features,
    timestamps, source, similarity, baseline. Cues follow as columns or arrays, `laughter_music` or `cue_laughter`;
    HDF5 has them as feature files do.

    Raises
    ------
    PunchlineError
        If the suffix is none of these.
    StorageFault
        If the file cannot be written; an older one is then left as it was.
    """
    suffix = path.suffix.lower()
    if suffix not in SERIES_SUFFIXES:
        raise PunchlineError(
            "{path}: unknown suffix {suffix!r}; expected one of {suffixes}",
            path=path,
            suffix=path.suffix,
            suffixes=", ".join(SERIES_SUFFIXES),
        )
    if suffix == ".h5":
        series_file.write_series(path, person_series)
        if cues:
            change_cues(path, cues)
        return
    with writing(path) as partial, partial.open("wb") as file:
        if suffix == ".npz":
            _write_npz(file, person_series, cues)
        else:
            file.write(BOM if bom else b"")
            _write_csv(file, person_series, cues)


def _write_npz(file: BinaryIO, person_series: PersonSeries, cues: Mapping[str, NDArray[np.float32]]) -> None:
    series = person_series.series
    cue_arrays: dict[str, Any] = {f"cue_{name}": rows for name, rows in cues.items()}
    np.savez_compressed(
        file,
        features=series.values,
        timestamps=series.timestamps,
        source=series.source,
        similarity=person_series.similarity,
        baseline=person_series.baseline,
        **cue_arrays,
        feature_names=np.array(FEATURES),
        sample_rate=series.sample_rate,
        parameters=json.dumps(dict(person_series.parameters), sort_keys=True),
    )


def _write_csv(file: BinaryIO, person_series: PersonSeries, cues: Mapping[str, NDArray[np.float32]]) -> None:
    import pandas as pd

    series = person_series.series
    columns: dict[str, object] = {"timestamp": series.timestamps}
    columns |= {name: series.values[:, k] for k, name in enumerate(FEATURES)}
    columns["source"] = [Source(value).name.lower() for value in series.source]
    columns["similarity"] = person_series.similarity
    for name, rows in cues.items():
        columns |= dict(zip(column_names((name,)), rows.T, strict=True))
    pd.DataFrame(columns).to_csv(file, index=False, float_format="%.6f")
