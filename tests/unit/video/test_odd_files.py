"""Files as recorders really write them, and the same damaged: right answers, or errors of ours."""

import subprocess
import sys

import pytest

from tests.media import odd
from tests.media.fuzz import N_FILES
from tests.media.odd import sample

PART = 25
KINDS = list(odd.KINDS)
QUICK = KINDS[::7]


@pytest.mark.parametrize("kind", QUICK)
def test_a_kind_of_file_has_its_right_answer(kind: str) -> None:
    assert odd.faults(kind) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in QUICK])
def test_every_other_kind_has_its_right_answer(kind: str) -> None:
    assert odd.faults(kind) == []


@pytest.mark.parametrize(
    "kind", [kind if kind in KINDS[::25] else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_thumbnails_proxy_clips_and_reel_are_as_what_is_read(kind: str) -> None:
    assert odd.handed_on_faults(kind) == []


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> sample.Reader:
    return sample.Reader(tmp_path_factory.mktemp("sample"))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", sample.KINDS)
def test_smiles_and_moments_are_those_of_the_plain_sample(reader: sample.Reader, kind: str) -> None:
    assert reader.faults(kind) == []


def read_damaged(first: int) -> None:
    command = [sys.executable, "-m", "tests.media.fuzz", str(first), str(first + PART)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"seed {first + ended.stdout.count('ok')}: {ended.returncode} {ended.stderr[-2000:]}"


def test_damaged_files_end_with_pictures_or_an_error_of_ours() -> None:
    read_damaged(225)  # among them one with a time that lies days ahead


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("first", range(0, N_FILES, PART))
def test_many_damaged_files_end_with_pictures_or_an_error_of_ours(first: int) -> None:
    read_damaged(first)
