"""The workspace: videos that keep their id, people and what hangs on them, locks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from core.actions.people import remove_person
from core.errors import Busy, PunchlineError, WorkspaceFault
from core.people.person import Reference, Thresholds
from core.workspace.workspace import Workspace

ROOT = Path(__file__).parents[3]
KOREAN = "우왁굳 방송.mp4"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder for videos. Any bytes will do: nothing here looks into them."""
    (tmp_path / "library").mkdir()
    return tmp_path / "library"


def video(path: Path, content: str = "a") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() * 1000)
    return path


def reference(origin: str = "a.jpg") -> Reference:
    return Reference(
        np.zeros((8, 8, 3), np.uint8),
        np.zeros(4, np.float32),
        np.zeros((5, 2), np.float32),
        origin,
        {"e1": np.ones(4, np.float32)},
    )


# The folder


def test_a_workspace_is_made_and_can_be_opened_again(tmp_path):
    first = Workspace(tmp_path / "deep" / "workspace")
    assert first.videos() == []
    assert first.people() == []
    assert Workspace(first.root).root == first.root


@pytest.mark.parametrize("below", ["", "workspace", "deep/workspace"])
def test_a_workspace_below_a_regular_file_is_refused_with_what_to_do(tmp_path, below):
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceFault, match=r"cannot be used as workspace .*--workspace DIR or PUNCHLINE_WORKSPACE"):
        Workspace(tmp_path / "file" / below)


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "features").write_text("x")
    with pytest.raises(WorkspaceFault, match="cannot be used as workspace"):
        Workspace(tmp_path)


# Videos


def test_a_video_is_noted_once(workspace, library):
    one = workspace.register(video(library / "a.mp4"))
    assert workspace.register(library / "a.mp4") == one
    assert workspace.videos() == [one]
    assert one.name == "a.mp4"
    assert one.path == library / "a.mp4"
    assert workspace.features_path(one.id).name == f"{one.id}.h5"


@pytest.mark.parametrize("target", ["b.mp4", "elsewhere/a.mp4", "다른 곳/다른 이름.mp4"])
def test_a_renamed_or_moved_video_keeps_its_id(workspace, library, target):
    old = workspace.register(video(library / "a.mp4"))
    (library / target).parent.mkdir(exist_ok=True)
    (library / "a.mp4").rename(library / target)
    assert workspace.videos()[0].path is None
    new = workspace.register(library / target)
    assert new.id == old.id
    assert new.path == library / target
    assert new.paths == (library / target, library / "a.mp4")
    assert len(workspace.videos()) == 1
    assert workspace.find_video("a.mp4") == workspace.find_video(old.id) == new


def test_a_copy_is_the_same_video(workspace, library):
    old = workspace.register(video(library / "a.mp4"))
    shutil.copyfile(library / "a.mp4", library / "copy.mp4")
    new = workspace.register(library / "copy.mp4")
    assert new.id == old.id
    assert len(workspace.videos()) == 1
    (library / "copy.mp4").unlink()
    assert workspace.find_video("copy.mp4").path == library / "a.mp4"


def test_another_content_is_another_video(workspace, library):
    ids = {workspace.register(video(library / f"{content}.mp4", content)).id for content in "abc"}
    assert len(ids) == 3
    assert [v.name for v in workspace.videos()] == ["a.mp4", "b.mp4", "c.mp4"]


def test_an_overwritten_path_belongs_to_the_new_video_only(workspace, library):
    """Else the old video's moments would be cut out of the new one."""
    old = workspace.register(video(library / "latest.mp4", "a"))
    new = workspace.register(video(library / "latest.mp4", "b"))
    assert old.id != new.id
    assert workspace.find_video(old.id).path is None
    assert workspace.find_video("latest.mp4") == new
    assert workspace.find_video(old.id).name == old.id
    back = workspace.register(video(library / "archive.mp4", "a"))
    assert (back.id, back.path) == (old.id, library / "archive.mp4")


def test_a_video_is_found_by_path_name_or_id(workspace, library, monkeypatch):
    known = workspace.register(video(library / "a.mp4"))
    monkeypatch.chdir(library)
    for text in ("a.mp4", str(library / "a.mp4"), "./a.mp4", known.id):
        assert workspace.find_video(text).id == known.id
    monkeypatch.chdir(library.parent)
    assert workspace.find_video("a.mp4").id == known.id


def test_a_path_notes_a_video_that_was_not_known(workspace, library):
    found = workspace.find_video(str(video(library / "new.mp4")))
    assert workspace.videos() == [found]


def test_a_gone_video_is_found_by_its_old_path(workspace, library):
    known = workspace.register(video(library / "a.mp4"))
    workspace.register(video(library / "other" / "a.mp4", "b"))
    (library / "a.mp4").unlink()
    assert workspace.find_video(str(library / "a.mp4")) == known


def test_an_ambiguous_name_is_an_error_that_lists_the_candidates(workspace, library):
    known = [workspace.register(video(library / content / "a.mp4", content)) for content in "xy"]
    with pytest.raises(WorkspaceFault, match=r"^a\.mp4: 2 videos have this name: .*give a path or an id") as caught:
        workspace.find_video("a.mp4")
    for candidate in known:
        assert f"{candidate.id} ({candidate.path})" in str(caught.value)
        assert workspace.find_video(str(candidate.path)) == candidate


def test_an_unknown_name_is_an_error_that_lists_what_is_known(workspace, library):
    with pytest.raises(WorkspaceFault, match=r"b\.mp4: no such file.*known: none yet"):
        workspace.find_video("b.mp4")
    workspace.register(video(library / "a.mp4"))
    for text in ("b.mp4", "", "가" * 300, str(library), "nul\0"):
        with pytest.raises(WorkspaceFault, match=r"known: a\.mp4"):
            workspace.find_video(text)


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_korean_names_are_found_however_they_are_composed(workspace, library, stored, asked):
    known = workspace.register(video(library / "방송" / unicodedata.normalize(stored, KOREAN)))
    text = unicodedata.normalize(asked, KOREAN)
    assert workspace.find_video(text) == known
    assert workspace.find_video(str(library / "방송" / text)) == known
    assert Workspace(workspace.root).videos() == [known]


def test_a_name_that_is_no_utf8_is_kept(workspace, library):
    path = Path(os.fsdecode(os.fsencode(library) + b"/\xc7\xd1.mp4"))
    known = workspace.register(video(path))
    assert Workspace(workspace.root).videos() == [known]
    assert known.path == path


@pytest.mark.parametrize("name", ["none.mp4", "."])
def test_a_file_that_cannot_be_read_is_told(workspace, library, name):
    with pytest.raises(WorkspaceFault, match=r"cannot be read \(.*\); check the path"):
        workspace.register(library / name)


def test_a_broken_register_is_told_by_name(workspace):
    (workspace.root / "videos.json").write_text("{broken")
    with pytest.raises(WorkspaceFault, match=r"videos\.json: not readable as a list of videos .*move it away"):
        workspace.videos()


# People


@pytest.mark.parametrize("name", ["Ann", "우왁굳", "../../etc/x", "J. R. Doe", ".", "a/b\\c:d*?", "🎉"])
def test_people_of_any_name_are_kept(workspace, name):
    made = workspace.add_references(name, (reference(),))
    assert workspace.find_person(name).id == workspace.find_person(made.id).id == made.id
    assert [person.name for person in workspace.people()] == [name]
    assert len(list((workspace.root / "people").iterdir())) == 1
    assert made.id.isalnum()


def test_the_same_name_again_adds_references(workspace):
    first = workspace.add_references("Ann", (reference("1.jpg"),))
    second = workspace.add_references(" Ann ", (reference("2.jpg"), reference("3.jpg")))
    assert first.id == second.id
    assert [r.origin for r in workspace.find_person("Ann").references] == ["1.jpg", "2.jpg", "3.jpg"]


def test_a_korean_name_is_one_person_however_it_is_composed(workspace):
    one, two = (workspace.add_references(unicodedata.normalize(f, "우왁굳"), (reference(),)) for f in ("NFD", "NFC"))
    assert one.id == two.id
    assert len(two.references) == 2
    assert workspace.find_person(unicodedata.normalize("NFD", "우왁굳")).id == one.id


def test_a_name_without_letters_is_refused(workspace):
    with pytest.raises(PunchlineError, match="no name for a person"):
        workspace.add_references(" ", (reference(),))
    assert workspace.people() == []


def test_an_unknown_person_is_an_error_that_lists_who_is_known(workspace):
    with pytest.raises(WorkspaceFault, match="Ben: no such person; known: none yet; use `punchline person add`"):
        workspace.find_person("Ben")
    workspace.add_references("Ann", (reference(),))
    with pytest.raises(WorkspaceFault, match="Ben: no such person; known: Ann"):
        workspace.find_person("Ben")


def test_the_only_person(workspace):
    with pytest.raises(WorkspaceFault, match=r"found 0 \(none\)"):
        workspace.only_person()
    ann = workspace.add_references("Ann", (reference(),))
    assert workspace.only_person().id == ann.id
    workspace.add_references("Ben", (reference(),))
    with pytest.raises(WorkspaceFault, match=r"found 2 \(Ann, Ben\); name one with --person"):
        workspace.only_person()


def test_renaming_keeps_the_id_and_what_hangs_on_it(workspace):
    ann = workspace.save_thresholds(workspace.add_references("Ann", (reference(),)), Thresholds(0.7, 0.2))
    renamed = workspace.rename_person(ann, "앤")
    assert (renamed.id, renamed.name, renamed.thresholds) == (ann.id, "앤", Thresholds(0.7, 0.2))
    assert len(workspace.find_person("앤").references) == 1
    assert workspace.rename_person(renamed, "앤").id == ann.id
    with pytest.raises(WorkspaceFault, match="no such person"):
        workspace.find_person("Ann")


def test_renaming_to_a_taken_name_is_refused(workspace):
    ann, ben = (workspace.add_references(name, (reference(),)) for name in ("Ann", "Ben"))
    with pytest.raises(WorkspaceFault, match=r"^Ben: there is a person of this name already"):
        workspace.rename_person(ann, " Ben ")
    assert [(p.id, p.name) for p in workspace.people()] == [(ann.id, "Ann"), (ben.id, "Ben")]


def test_one_reference_is_removed(workspace):
    ann = workspace.add_references("Ann", tuple(reference(f"{k}.jpg") for k in range(3)))
    ann = workspace.remove_reference(ann, 1)
    assert [r.origin for r in workspace.find_person("Ann").references] == ["0.jpg", "2.jpg"]
    for index in (-1, 2):
        with pytest.raises(WorkspaceFault, match=f"Ann: reference {index} does not exist; there are 2, from 0"):
            workspace.remove_reference(ann, index)


def test_thresholds_are_kept_for_a_person_and_for_one_video(workspace):
    ann = workspace.add_references("Ann", (reference(),))
    workspace.save_thresholds(ann, Thresholds(0.6, 0.4))
    workspace.save_thresholds(ann, Thresholds(0.8, 0.1), video_id="v1")
    found = Workspace(workspace.root).find_person("Ann")
    assert found.thresholds_for("v1") == Thresholds(0.8, 0.1)
    assert found.thresholds_for("v2") == Thresholds(0.6, 0.4)
    without = workspace.remove_override(found, "v1")
    assert (without.overrides, without.thresholds_for("v1")) == ({}, Thresholds(0.6, 0.4))
    assert Workspace(workspace.root).person(found.id).overrides == {}


def test_a_person_who_is_gone_cannot_be_changed(workspace):
    ann = workspace.add_references("Ann", (reference(),))
    remove_person(workspace, ann)
    for change in (
        lambda: workspace.rename_person(ann, "Anna"),
        lambda: workspace.remove_reference(ann, 0),
        lambda: workspace.save_thresholds(ann, Thresholds()),
    ):
        with pytest.raises(WorkspaceFault, match="no person of this id"):
            change()
    assert workspace.people() == []


# Locks

HOLD = """
    import sys
    from pathlib import Path
    from core.workspace.workspace import Workspace
    with Workspace(Path(sys.argv[1])).lock(sys.argv[2]):
        print("held", flush=True)
        sys.stdin.readline()
"""


def held_elsewhere(workspace: Workspace, name: str) -> subprocess.Popen[str]:
    """Another process that holds a lock until it reads a line."""
    command = [sys.executable, "-c", textwrap.dedent(HOLD), str(workspace.root), name]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_what_another_process_is_writing_is_busy(workspace):
    ann = workspace.add_references("Ann", (reference(),))
    with held_elsewhere(workspace, "features-v1") as process:
        told = "features-v1: another Punchline process is writing it; wait"
        with pytest.raises(Busy, match=told), workspace.lock("features-v1", timeout=0.1):
            raise AssertionError("two writers at once")
        with workspace.lock("features-v2", timeout=0.1):
            workspace.rename_person(ann, "Anna")
        process.communicate("go\n", timeout=30)
    with workspace.lock("features-v1", timeout=5):
        pass


def test_a_killed_process_leaves_no_lock(workspace):
    with held_elsewhere(workspace, "people") as process:
        process.kill()
        process.communicate(timeout=30)
    workspace.add_references("Ann", (reference(),))


def test_a_lock_is_given_back_after_an_error(workspace):
    with pytest.raises(RuntimeError), workspace.lock("people"):
        raise RuntimeError
    with workspace.lock("people", timeout=0.1):
        pass


def test_two_threads_do_not_write_at_once(workspace):
    """Streamlit runs each tab in a thread of one process."""
    found: list[BaseException] = []

    def write() -> None:
        try:
            with workspace.lock("people", timeout=0.1):
                pass
        except BaseException as error:
            found.append(error)

    with workspace.lock("people"):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert [type(error) for error in found] == [Busy]


def test_many_writers_lose_nothing(workspace, library):
    videos = [video(library / f"{k}.mp4", chr(97 + k)) for k in range(8)]

    def work(k: int) -> None:
        workspace.register(videos[k])
        workspace.add_references("Ann", (reference(f"{k}.jpg"),))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(workspace.videos()) == 8
    assert sorted(r.origin for r in workspace.find_person("Ann").references) == [f"{k}.jpg" for k in range(8)]


def test_many_files_are_noted_as_each_alone_would_be(workspace, tmp_path):
    files = [tmp_path / f"{k}.mp4" for k in range(4)]
    for k, file in enumerate(files):
        file.write_bytes(b"%d" % (k % 3) * 1000)  # the last is a copy of the first
    alone = Workspace(tmp_path / "alone")
    expected = [alone.register(file) for file in files]
    videos, faults = workspace.register_all([*files, tmp_path / "missing.mp4"])
    assert [video.id for video in videos] == [video.id for video in expected]
    assert workspace.videos() == alone.videos()
    assert workspace.videos()[0].paths == (files[3], files[0])
    (fault,) = faults
    assert "missing.mp4: cannot be read" in str(fault)
    files[1].write_bytes(b"other" * 1000)
    workspace.register_all(files)
    assert len(workspace.videos()) == 4
    assert workspace.video(videos[1].id).paths == (), "another video has taken its place"
