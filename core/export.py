"""Results as files for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core import storage
from core.errors import PunchlineError
from core.series import FEATURES, Source
from core.storage import PersonSeries

SERIES_SUFFIXES = (".csv", ".npz", ".h5")


def write_series(path: Path, person_series: PersonSeries) -> None:
    """Write a person's series as CSV, NPZ or HDF5, by the suffix.

    The CSV has the columns timestamp, the 12 features, source (by name), similarity; a missing value is an empty
    cell. NPZ and HDF5 hold the arrays features, timestamps, source, similarity, baseline.

    Raises
    ------
    PunchlineError
        If the suffix is none of these.
    StorageFault
        If the file cannot be written; an older one is then left as it was.
    """
    suffix = path.suffix.lower()
    if suffix not in SERIES_SUFFIXES:
        raise PunchlineError(f"{path}: unknown suffix {path.suffix!r}; expected one of {', '.join(SERIES_SUFFIXES)}")
    if suffix == ".h5":
        storage.write_series_file(path, person_series)
        return
    series = person_series.series
    with storage.writing(path) as partial, partial.open("wb") as file:
        if suffix == ".npz":
            np.savez_compressed(
                file,
                features=series.values,
                timestamps=series.timestamps,
                source=series.source,
                similarity=person_series.similarity,
                baseline=person_series.baseline,
                feature_names=np.array(FEATURES),
                sample_rate=series.sample_rate,
                parameters=json.dumps(dict(person_series.parameters), sort_keys=True),
            )
            return
        import pandas as pd

        columns: dict[str, object] = {"timestamp": series.timestamps}
        columns |= {name: series.values[:, k] for k, name in enumerate(FEATURES)}
        columns["source"] = [Source(value).name.lower() for value in series.source]
        columns["similarity"] = person_series.similarity
        pd.DataFrame(columns).to_csv(file, index=False, float_format="%.6f")
