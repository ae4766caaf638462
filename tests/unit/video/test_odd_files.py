"""Files as recorders really write them, and the same damaged: right answers, or errors of ours."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import PunchlineError
from tests.media import odd

N_DAMAGED, N_DAMAGED_SLOW = 24, 480
KINDS = list(odd.KINDS)
QUICK = KINDS[::7]


@pytest.mark.parametrize("kind", QUICK)
def test_a_kind_of_file_has_its_right_answer(kind: str) -> None:
    assert list(odd.faults(kind)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in QUICK])
def test_every_other_kind_has_its_right_answer(kind: str) -> None:
    assert list(odd.faults(kind)) == []


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bits flipped, cut off, or partly overwritten by noise."""
    content = np.frombuffer(data, np.uint8).copy()
    match rng.integers(3):
        case 0:
            places = rng.integers(0, len(content), rng.integers(1, 200))
            content[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
        case 1:
            content = content[: rng.integers(1, len(content))]
        case _:
            begin = rng.integers(0, len(content))
            part = content[begin : begin + rng.integers(1, 5000)]
            part[:] = rng.integers(0, 256, len(part))
    return content.tobytes()


def read_damaged(folder: Path, n: int) -> None:
    kinds = ["h264 in mp4", "B-frames in mkv", "h264 in ts", "h264 in flv", "h264 with B-frames in avi", "vp9"]
    sources = [odd.KINDS[kind].make(folder) for kind in kinds]
    for seed in range(n):
        source = sources[seed % len(sources)]
        path = folder / f"damaged{source.suffix}"
        path.write_bytes(damaged(source.read_bytes(), np.random.default_rng(seed)))
        try:
            answer = odd.answer_of(path)
        except PunchlineError:
            continue
        assert isinstance(answer.n_pictures, int)
        assert answer.n_pictures <= 2 * odd.N, seed


def test_damaged_files_end_with_pictures_or_an_error_of_ours(tmp_path: Path) -> None:
    read_damaged(tmp_path, N_DAMAGED)


@pytest.mark.slow
def test_many_damaged_files_end_with_pictures_or_an_error_of_ours(tmp_path: Path) -> None:
    read_damaged(tmp_path, N_DAMAGED_SLOW)
