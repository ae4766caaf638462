"""Any series that is written is read again, bit for bit."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.people.series_file import read_series, write_series
from tests.tables import random_person_series


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 20))
def test_series_come_back(seed: int, n_frames: int) -> None:
    wanted = random_person_series(seed, n_frames=n_frames)
    with tempfile.TemporaryDirectory() as folder:
        write_series(Path(folder) / "a.h5", wanted)
        read = read_series(Path(folder) / "a.h5")
    assert read is not None
    assert read.series.values.tobytes() == wanted.series.values.tobytes()
    assert read.series.timestamps.tobytes() == wanted.series.timestamps.tobytes()
    assert read.series.source.tobytes() == wanted.series.source.tobytes()
    assert read.similarity.tobytes() == wanted.similarity.tobytes()
    assert read.baseline.tobytes() == wanted.baseline.tobytes()
