"""New folders beside old ones."""

from pathlib import Path

from core.storage.folders import fresh_folder


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
