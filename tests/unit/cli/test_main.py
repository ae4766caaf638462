"""The command line: main job, bad input, exit codes, and words that say what to do."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from core.cli.main import main
from core.cues.cue import column_names
from core.series import FEATURES
from tests import media
from tests.portraits import COLLINS, HOPPER, make_video

ROOT = Path(__file__).resolve().parents[3]


def run(workspace: Path, *arguments: object) -> Result:
    """One command in this process; anything but a clean exit is a failure of the test."""
    result = CliRunner().invoke(main, ["--workspace", str(workspace), *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def refused(workspace: Path, *arguments: object, code: int = 1) -> str:
    """What a refused command says on stderr."""
    result = run(workspace, *arguments)
    assert result.exit_code == code, result.output
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an analysed video of Collins, then Hopper, and both as people."""
    root = tmp_path_factory.mktemp("work") / "space"
    video = make_video(root.parent / "stream.mp4", [(3.0, [COLLINS]), (3.0, [HOPPER])])
    assert run(root, "extract", video).exit_code == 0
    assert run(root, "person", "add", "Eileen", COLLINS).exit_code == 0
    assert run(root, "person", "add", "Grace", HOPPER).exit_code == 0
    return root


def test_series_csv_has_the_stated_columns_and_rows(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    result = run(workspace, "series", "stream.mp4", "--person", "Eileen", "--out", out, "--json")
    answer = json.loads(result.stdout)
    assert answer["rows"] == {"detected": 9, "relaxed": 0, "interpolated": 0, "missing": 10}
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["timestamp", *FEATURES, "source", "similarity", *column_names(("laughter",))]
    assert len(rows) == 19
    for row in rows:
        assert (row["source"] == "detected") == (float(row["timestamp"]) < 3.0)
        assert (row["happiness"] == "") == (row["source"] == "missing")
        assert row["loudness"] != ""


def test_series_writes_npz_and_h5_with_the_same_values(workspace: Path, tmp_path: Path) -> None:
    for name in ("x.npz", "x.h5"):
        assert run(workspace, "series", "stream.mp4", "--person", "Grace", "--out", tmp_path / name).exit_code == 0
    with np.load(tmp_path / "x.npz") as archive, h5py.File(tmp_path / "x.h5") as file:
        for key in ("features", "timestamps", "source", "similarity", "baseline"):
            np.testing.assert_array_equal(archive[key], file[key][:])


def test_series_is_kept_in_a_file_of_its_own_for_plain_readers(workspace: Path) -> None:
    run(workspace, "series", "stream.mp4", "--person", "Eileen")
    people = json.loads(run(workspace, "person", "list", "--json").stdout)["people"]
    id = next(p["id"] for p in people if p["person"] == "Eileen")
    (path,) = (workspace / "series").glob(f"*/{id}.h5")
    with h5py.File(path) as file:
        assert file["features"].shape == (19, 12)


def test_thresholds_are_shown_set_and_reset_by_a_command(workspace: Path) -> None:
    def thresholds(*options: object) -> tuple[float, float]:
        content = json.loads(run(workspace, "person", "thresholds", "Eileen", *options, "--json").stdout)
        return content["strict"], content["relaxed"]

    before = thresholds()
    assert thresholds("--video", "stream.mp4", "--strict", 0.9, "--relaxed", 0) == (0.9, 0.0)
    assert thresholds() == before, "the other videos keep theirs"
    assert thresholds("--video", "stream.mp4", "--reset") == before
    assert "relaxed <= strict" in refused(workspace, "person", "thresholds", "Eileen", "--relaxed", 1, code=2)
    assert "--reset goes with --video" in refused(workspace, "person", "thresholds", "Eileen", "--reset", code=2)


def test_thresholds_given_on_the_command_line_win(workspace: Path) -> None:
    result = run(workspace, "series", "stream.mp4", "--person", "Eileen", "--strict", 1, "--relaxed", 1, "--json")
    assert json.loads(result.stdout)["rows"]["missing"] == 19
    assert "warning: Eileen is not seen in this video" in result.stderr
    given = json.loads(run(workspace, "series", "stream.mp4", "--person", "Eileen", "--strict", 0, "--json").stdout)
    assert (given["strict"], given["relaxed"]) == (0.0, 0.0), "0 is a threshold"
    said = refused(workspace, "series", "stream.mp4", "--person", "Eileen", "--strict", 0.2, "--relaxed", 0.4, code=2)
    assert "relaxed <= strict" in said


def test_series_needs_a_person_an_analysis_and_a_known_suffix(workspace: Path, tmp_path: Path) -> None:
    assert "name one with --person" in refused(workspace, "series", "stream.mp4")
    assert "no such person; known: Eileen, Grace" in refused(workspace, "series", "stream.mp4", "--person", "Ada")
    assert "no such file" in refused(workspace, "series", "other.mp4", "--person", "Grace")
    out = tmp_path / "x.parquet"
    assert ".csv" in refused(workspace, "series", "stream.mp4", "--person", "Grace", "--out", out)
    new = make_video(tmp_path / "new.mp4", [(1.0, [])])
    assert "punchline extract" in refused(workspace, "series", new, "--person", "Grace")


def text_file(folder: Path) -> Path:
    path = folder / "notes.mp4"
    path.write_text("this is no video\n" * 100)
    return path


def empty_file(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def without_index(folder: Path) -> Path:
    """An mp4 whose index at the end is cut off."""
    return media.cut_short(media.write(folder / "whole.mp4", np.arange(60) / 10), folder / "cut.mp4")


def readable_in_part(folder: Path) -> Path:
    """An mp4 with its index in front, cut off after it."""
    whole = media.write(folder / "whole.mp4", np.arange(300) / 10, flags={"movflags": "faststart"})
    return media.cut_short(whole, folder / "cut.mp4")


def sound_only(folder: Path) -> Path:
    return media.write(folder / "sound.mkv", sound=media.Sound(media.tone(220, 2.0)))


def cover_only(folder: Path) -> Path:
    """Sound with a cover picture, which is no video."""
    return media.write_with_cover(folder / "song.mp3", media.Sound(media.tone(220, 2.0), codec="libmp3lame"))


BAD_VIDEOS = {
    "not a video": (text_file, "no readable video"),
    "empty": (empty_file, "empty (0 bytes)"),
    "no index": (without_index, "no readable video"),
    "sound only": (sound_only, "no video stream, only sound"),
    "cover only": (cover_only, "no video stream, only sound"),
}


@pytest.mark.parametrize("kind", BAD_VIDEOS)
def test_an_unusable_video_is_refused_with_a_reason(kind: str, tmp_path: Path) -> None:
    make, words = BAD_VIDEOS[kind]
    path = make(tmp_path)
    said = refused(tmp_path / "space", "extract", path)
    assert path.name in said
    assert words in said


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "absent.mp4" in refused(tmp_path / "space", "extract", tmp_path / "absent.mp4")


def test_one_bad_video_does_not_stop_the_others(tmp_path: Path) -> None:
    bad = empty_file(tmp_path)
    good = make_video(tmp_path / "good.mp4", [(1.0, [])], tone=None)
    result = run(tmp_path / "space", "extract", bad, good, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert [v["video"] for v in answer["videos"]] == ["good.mp4"]
    assert [v["video"] for v in answer["failed"]] == [str(bad)]
    assert "no sound" in result.stderr


def test_the_readable_part_of_a_truncated_video_is_kept_with_a_warning(tmp_path: Path) -> None:
    path = readable_in_part(tmp_path)
    result = run(tmp_path / "space", "extract", path, "--json")
    assert result.exit_code == 0
    (video,) = json.loads(result.stdout)["videos"]
    assert video["n_frames"] > 0
    assert any("cut short or damaged" in text for text in video["warnings"])
    assert "cut short or damaged" in result.stderr


def test_a_gpu_that_is_not_there_is_said(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    video = make_video(tmp_path / "v.mp4", [(1.0, [])])
    assert "torch finds no GPU" in refused(tmp_path / "space", "extract", video, "--device", "cuda")


def test_usage_errors_exit_with_2(tmp_path: Path) -> None:
    assert run(tmp_path, "extract").exit_code == 2
    assert run(tmp_path, "extract", "x.mp4", "--sample-rate", 0.1).exit_code == 2
    assert run(tmp_path, "person", "add", "Ada").exit_code == 2
    assert run(tmp_path, "person", "add", "Ada", "--video", "x.mp4").exit_code == 2


def save(image: np.ndarray | Image.Image, path: Path) -> Path:
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path)
    return path


def test_suggested_faces_of_a_video_are_added_by_a_command(workspace: Path, tmp_path: Path, monkeypatch) -> None:
    space = shutil.copytree(workspace, tmp_path / "space")
    suggested = "person", "add", "Eileen", "--video", "stream.mp4", "--suggested", "--json"
    monkeypatch.setattr("core.people.gallery.FAMILIAR", 1.1)
    added = json.loads(run(space, *suggested).stdout)
    assert added["n_references"] == 1 + added["n_added"] > 1
    monkeypatch.undo()
    assert json.loads(run(space, *suggested).stdout)["n_added"] == 0, "faces that are known are not suggested"
    assert "--video with --suggested" in refused(space, *suggested[:3], "--suggested", code=2)


def test_photos_of_two_people_in_one_add_are_said_to_look_like_two(tmp_path: Path) -> None:
    result = run(tmp_path, "person", "add", "Both", COLLINS, HOPPER)
    assert result.exit_code == 0
    assert "warning: The references of Both look like two people: number 2 is unlike the others." in result.stderr
    assert "Both and Grace look alike to the program" in run(tmp_path, "person", "add", "Grace", HOPPER).stderr


def test_photos_of_any_kind_give_the_same_person(tmp_path: Path) -> None:
    """Grey, RGBA, rotated by the camera and 12 megapixels: each finds Collins."""
    photo = Image.open(COLLINS).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 270 degrees counter-clockwise
    photo.rotate(90, expand=True).save(tmp_path / "turned.jpg", exif=exif)
    paths = [
        save(photo.convert("L"), tmp_path / "grey.png"),
        save(photo.convert("RGBA"), tmp_path / "clear.png"),
        tmp_path / "turned.jpg",
        save(photo.resize((3000, 4000)), tmp_path / "12 megapixels.jpg"),
    ]
    result = run(tmp_path / "space", "person", "add", "Eileen", COLLINS, *paths, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["n_references"] == 5
    from core.faces.similarity import similarity_of
    from core.workspace.workspace import Workspace

    (person,) = Workspace(tmp_path / "space").people()
    digest = next(iter(person.references[0].embeddings))
    embeddings = person.embeddings(digest)
    assert similarity_of("mobilefacenet")(embeddings, embeddings).min() > 0.5


def test_a_photo_without_a_face_is_refused_and_nothing_is_added(tmp_path: Path) -> None:
    blank = save(np.full((200, 200, 3), 120, np.uint8), tmp_path / "wall.png")
    said = refused(tmp_path / "space", "person", "add", "Ada", COLLINS, blank)
    assert "no face was found" in said
    assert "wall.png" in said
    assert json.loads(run(tmp_path / "space", "person", "list", "--json").stdout)["people"] == []
    assert "not a readable photo" in refused(tmp_path / "space", "person", "add", "Ada", text_file(tmp_path))
    assert "not a readable photo" in refused(tmp_path / "space", "person", "add", "Ada", tmp_path / "absent.jpg")


def test_of_two_faces_the_largest_is_taken_and_said(tmp_path: Path) -> None:
    large = Image.open(COLLINS).convert("RGB").resize((400, 500))
    small = Image.open(HOPPER).convert("RGB").resize((200, 250))
    both = Image.new("RGB", (640, 500), "gray")
    both.paste(large, (0, 0))
    both.paste(small, (420, 100))
    path = save(both, tmp_path / "both.png")
    space = tmp_path / "space"
    result = run(space, "person", "add", "Eileen", path)
    assert "2 faces found, the largest is taken" in result.stderr
    assert run(space, "person", "add", "Eileen", COLLINS).exit_code == 0
    assert run(space, "person", "add", "Grace", path, "--face", 2).stderr == ""
    assert run(space, "person", "add", "Grace", HOPPER).exit_code == 0
    assert "there are 2" in refused(space, "person", "add", "Grace", path, "--face", 3)
    from core.faces.similarity import similarity_of
    from core.workspace.workspace import Workspace

    for person in Workspace(space).people():
        embeddings = person.embeddings(next(iter(person.references[0].embeddings)))
        assert similarity_of("mobilefacenet")(embeddings, embeddings).min() > 0.5, person.name


def test_a_reference_can_come_from_a_moment_of_a_video(workspace: Path) -> None:
    assert run(workspace, "person", "add", "From video", "--video", "stream.mp4", "--at", 4.5).exit_code == 0
    rows = json.loads(run(workspace, "series", "stream.mp4", "--person", "From video", "--json").stdout)["rows"]
    assert rows["detected"] == 10
    said = refused(workspace, "person", "add", "X", "--video", "stream.mp4", "--at", 99)
    assert "ends at" in said
    assert run(workspace, "person", "remove", "From video").exit_code == 0


@pytest.mark.parametrize("name", ["a/b", "../up", "이름 홍길동", "dot.s", "C:\\x", "x" * 300])
def test_any_name_is_accepted_and_stays_inside_the_workspace(name: str, tmp_path: Path) -> None:
    from core.people.person import Reference
    from core.workspace.workspace import Workspace

    reference = Reference(
        image=np.zeros((9, 9, 3), np.uint8),
        box_xyxy=np.zeros(4, np.float32),
        landmarks=np.zeros((5, 2), np.float32),
        origin="test",
        embeddings={"sha256:x": np.zeros(128, np.float32)},
    )
    space = tmp_path / "space"
    Workspace(space).add_references(name, (reference,))
    assert json.loads(run(space, "person", "list", "--json").stdout)["people"][0]["person"] == name
    assert run(space, "person", "rename", name, "후 / 後").exit_code == 0
    assert run(space, "person", "remove", "후 / 後").exit_code == 0
    assert not list((space / "people").iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"space"}


def test_an_empty_name_is_refused(tmp_path: Path) -> None:
    assert "no name for a person" in refused(tmp_path / "space", "person", "add", " ", COLLINS)


def test_a_workspace_that_cannot_be_written_is_refused_with_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    said = refused(blocked / "space", "person", "list")
    assert "cannot be used as workspace" in said
    assert "--workspace" in said


def test_doctor_finds_all_that_is_needed(tmp_path: Path) -> None:
    result = run(tmp_path / "space", "doctor", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["ok"]
    assert {"weights mobilefacenet", "weights emotion_ferplus", "models run", "workspace"} <= {
        check["name"] for check in answer["checks"]
    }


def test_doctor_names_damaged_weights_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.storage import weights

    assets = tmp_path / "assets"
    shutil.copytree(ROOT / "assets", assets)
    damaged = assets / "mobilefacenet.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(weights, "ASSETS", assets)
    result = run(tmp_path / "space", "doctor")
    assert result.exit_code == 1
    assert "mobilefacenet" in result.output
    assert "digest" in result.output
    video = make_video(tmp_path / "v.mp4", [(1.0, [])])
    assert "mobilefacenet" in refused(tmp_path / "space", "extract", video)


def test_the_module_runs_as_a_command_and_a_second_extraction_is_told_of_the_first(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", [(2.0, [])])
    from core.workspace.workspace import Workspace

    space = Workspace(tmp_path / "space")
    command = [sys.executable, "-m", "core.cli", "--workspace", str(space.root), "extract", str(video)]
    with space.lock(f"extract-{space.register(video).id}"):
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"}
        )
    assert done.returncode == 1
    assert "another Punchline process" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("windows", [True, False])
def test_the_app_takes_the_place_of_the_command_where_a_system_can(tmp_path, monkeypatch, windows):
    started = []
    monkeypatch.setattr("core.cli.app.WINDOWS", windows)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.execve", lambda program, command, environment: started.append(("in its place", command)))
    monkeypatch.setattr("subprocess.call", lambda command, env: started.append(("below it", command)) or 3)
    result = run(tmp_path / "space", "app", "--port", 8999)
    ((how, command),) = started
    assert command[1:4] == ["-m", "core.cli.serve", "run"]
    assert (how, result.exit_code) == (("below it", 3) if windows else ("in its place", 0))
