"""New folders beside old ones."""

import os
from pathlib import Path

import pytest

from core.storage.folders import fresh_folder, shortened


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    wanted = tmp_path / "clips"
    assert fresh_folder(wanted) == wanted
    wanted.mkdir()
    assert fresh_folder(wanted) == wanted
    (wanted / "old.mp4").write_text("")
    assert fresh_folder(wanted) == tmp_path / "clips 2"
    (tmp_path / "clips 2").write_text("a file of that name")
    assert fresh_folder(wanted) == tmp_path / "clips 3"
    assert fresh_folder(wanted / "old.mp4" / "in") == wanted / "old.mp4" / "in"


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("/home/mina/exports/sample", "/home/mina/exports/sample"),
        (f"/home/mina/{'recordings of the year/' * 3}sample", f"…/{'recordings of the year/' * 2}sample"),
        (f"/home/{'long ' * 20}name", "…/long long"),  # cut in its middle
    ],
)
def test_a_long_folder_is_shown_by_its_last_parts(folder: str, shown: str) -> None:
    said = shortened(folder.replace("/", os.sep), 66).replace(os.sep, "/")
    assert said.startswith(shown)
    assert len(said) <= 66
