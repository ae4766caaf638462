"""Library folders: what lies in them is found, now and later, and nothing is copied."""

from pathlib import Path

import pytest

from core.errors import WorkspaceFault
from core.workspace.folders import add_path, drop_folder, drop_video, is_video, refresh, relocate, videos_below
from core.workspace.settings import read_settings
from core.workspace.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "space")


def put(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content or str(path))
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.mp4", True), ("A.MKV", True), ("방송.ts", True), ("notes.txt", False), (".part.mp4", False), ("mp4", False)],
)
def test_videos_are_told_by_their_names(name: str, expected: bool) -> None:
    assert is_video(Path(name)) is expected


def test_a_folder_is_looked_into_to_a_depth(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    wanted = [put(folder / "b.mp4"), put(folder / "2026" / "a.mkv"), put(folder / "x" / "y" / "z" / "deep.mp4")]
    put(folder / "x" / "y" / "z" / "too" / "deep.mp4")
    put(folder / ".hidden" / "c.mp4")
    put(folder / "notes.txt")
    assert sorted(videos_below(folder)) == sorted(wanted)


def test_a_folder_stays_on_the_list_and_later_videos_appear(space: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "streams"
    put(folder / "a.mp4")
    assert [video.name for video in add_path(space, f' "{folder}" ')] == ["a.mp4"]
    add_path(space, str(folder))
    assert read_settings(space).folders == (str(folder),)
    put(folder / "b.mp4")
    assert refresh(space) == []
    assert [video.name for video in space.videos()] == ["a.mp4", "b.mp4"]


def test_a_folder_off_the_list_takes_its_videos_along(space: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "streams"
    put(folder / "a.mp4")
    own = space.register(put(tmp_path / "own.mp4"))
    add_path(space, str(folder))
    drop_folder(space, str(folder))
    refresh(space)
    assert space.videos() == [own]


def test_a_video_off_the_list_comes_back_only_when_it_is_added(space: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "streams"
    put(folder / "a.mp4")
    b, *_ = (video for video in add_path(space, str(put(folder / "b.mp4"))))
    add_path(space, str(folder))
    drop_video(space, b)
    refresh(space)
    assert [video.name for video in space.videos()] == ["a.mp4"]
    assert add_path(space, str(folder / "b.mp4")) == [b]
    refresh(space)
    assert {video.name for video in space.videos()} == {"a.mp4", "b.mp4"}


def test_a_folder_that_is_gone_is_said(space: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "drive"
    put(folder / "a.mp4")
    add_path(space, str(folder))
    folder.rename(tmp_path / "elsewhere")
    (fault,) = refresh(space)
    assert "gone" in fault
    assert len(space.videos()) == 1


def test_one_file_is_added_alone(space: Workspace, tmp_path: Path) -> None:
    put(tmp_path / "other.mp4")
    (video,) = add_path(space, str(put(tmp_path / "방송 [1].mp4")))
    assert video.name == "방송 [1].mp4"
    assert [v.name for v in space.videos()] == ["방송 [1].mp4"]
    assert read_settings(space).folders == ()


@pytest.mark.parametrize("text", ["", "   ", "/no/such/file.mp4"])
def test_what_is_not_there_is_refused(space: Workspace, text: str) -> None:
    with pytest.raises(WorkspaceFault, match="no such file or folder"):
        add_path(space, text)


def test_what_is_no_video_is_refused(space: Workspace, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceFault, match="expected one like mp4"):
        add_path(space, str(put(tmp_path / "notes.txt")))
    assert space.videos() == []


def test_a_video_that_was_moved_is_found_by_its_new_place(space: Workspace, tmp_path: Path) -> None:
    old, new = tmp_path / "a.mp4", tmp_path / "new" / "a.mp4"
    old.write_bytes(b"one")
    video = space.register(old)
    new.parent.mkdir()
    old.rename(new)
    (tmp_path / "b.mp4").write_bytes(b"other")
    for text in (tmp_path, tmp_path / "b.mp4", tmp_path / "nowhere"):
        with pytest.raises(WorkspaceFault, match="is not there"):
            relocate(space, video, str(text))
    assert relocate(space, video, f"'{new.parent}'").path == new
    assert [known.path for known in space.videos()] == [new]
