"""A person's series for other programs."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from core.errors import PunchlineError
from core.export.series_table import write_series
from core.series import FEATURES
from tests import tables


def test_a_series_table_has_empty_cells_for_what_is_missing(tmp_path: Path) -> None:
    series = tables.random_person_series(3)
    write_series(tmp_path / "s.csv", series)
    plain = (tmp_path / "s.csv").read_bytes()
    write_series(tmp_path / "b.csv", series, bom=True)
    assert (tmp_path / "b.csv").read_bytes() == b"\xef\xbb\xbf" + plain
    rows = list(csv.reader(io.StringIO(plain.decode())))
    assert rows[0] == ["timestamp", *FEATURES, "source", "similarity"]
    values = np.array([[float(cell) if cell else np.nan for cell in row[1:13]] for row in rows[1:]])
    np.testing.assert_allclose(values, series.series.values, atol=1e-5)


def test_a_series_goes_into_npz_and_comes_back(tmp_path: Path) -> None:
    series = tables.random_person_series(4)
    write_series(tmp_path / "s.npz", series)
    with np.load(tmp_path / "s.npz") as found:
        np.testing.assert_array_equal(found["features"], series.series.values)
        np.testing.assert_array_equal(found["timestamps"], series.series.timestamps)
    with pytest.raises(PunchlineError, match="unknown suffix"):
        write_series(tmp_path / "s.txt", series)
