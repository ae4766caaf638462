"""Labels, clips, models and moments of a workspace, from a label file to what `detect` finds."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from click.testing import CliRunner, Result

from core.cli.main import main
from core.clip_dataset_builder import usual
from core.dataset.upkeep import up_to_date
from core.detection.results import kept_scores
from core.errors import ModelFault, WorkspaceFault
from core.faces.feature_file import Features, write_features
from core.labels.event import LabelEvent
from core.labels.goal import Goal
from core.people.person import Person, Reference, Thresholds
from core.segment import Segment, tiou
from core.series import EMOTIONS, N_FACE
from core.storage.files import write_json
from core.training.model_store import ModelStore
from core.workspace.library import Library
from core.workspace.workspace import Workspace
from tests import media
from tests.tables import Planted, direction, features_info, planted_table

MODELS = {
    "detector": {"name": "mtcnn", "digest": "d1"},
    "embedder": {"name": "mobilefacenet", "digest": "e1"},
    "recogniser": {"name": "ferplus", "digest": "r1"},
}
FACE = direction(1)


def run(workspace: Path, *arguments: object) -> Result:
    """One command in this process; anything but a clean exit is a failure of the test."""
    result = CliRunner().invoke(main, ["--workspace", str(workspace), *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def answer(workspace: Path, *arguments: object) -> dict:
    result = run(workspace, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def bursts_of(minutes: int) -> list[Segment]:
    """A laugh of six seconds in every minute but the last, at another second of each."""
    return [Segment(60.0 * k + 20 + k % 7, 60.0 * k + 26 + k % 7) for k in range(minutes - 1)]


def analysis(minutes: int, *, laughs: list[Segment], seed: int, hidden: Segment | None = None) -> Features:
    """A face that is neutral and happy in its laughs, which are loud, and is someone else's while it is hidden."""
    rng = np.random.default_rng(seed)
    n = minutes * 180
    t = np.arange(n) / 3
    laughing = np.any([(t >= laugh.start) & (t < laugh.end) for laugh in laughs], axis=0)
    emotion = np.abs(rng.normal(0, 0.03, (n, N_FACE)))
    emotion[np.arange(n), np.where(laughing, EMOTIONS.index("happiness"), EMOTIONS.index("neutral"))] = 0.8
    emotion[:, :8] /= emotion[:, :8].sum(axis=1, keepdims=True)
    emotion[:, 8:] = rng.normal(0, 0.05, (n, 2)) + 0.6 * laughing[:, None]
    level = 15 + 4 * (-1.0) ** np.arange(n)  # laughter comes in bursts, some 7 dB from row to row (docs/evaluation.md)
    audio = np.stack([rng.normal(-40, 2, n) + level * laughing, np.zeros(n)], axis=1).astype(np.float32)
    away = np.zeros(n, bool) if hidden is None else (t >= hidden.start) & (t < hidden.end)
    faces = planted_table([Planted(k, 0.0 if away[k] else 1.0) for k in range(n)], n_frames=n, person=FACE)
    info = features_info(duration=minutes * 60.0, models=MODELS)
    return Features(info, replace(faces, emotion=emotion.astype(np.float32)), audio)


def add_video(workspace: Workspace, path: Path, features: Features | None) -> str:
    """Note a small video file, another one each time, and what is known of it."""
    path.parent.mkdir(exist_ok=True)
    media.write(path, np.arange(len(workspace.videos()) + 3) / 10)
    video = workspace.register(path)
    if features is not None:
        info = replace(features.info, fingerprint=video.id, video_name=path.name)
        write_features(workspace.features_path(video.id), replace(features, info=info))
    return video.id


def add_person(workspace: Workspace, name: str, *, digest: str = "e1") -> Person:
    box, landmarks = np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    reference = Reference(np.zeros((8, 8, 3), np.uint8), box, landmarks, "made up", {digest: FACE})
    return workspace.add_references(name, (reference,))


def label_file(path: Path, lines: list[str], header: str = "video,start,end,label") -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def labels_of(video: str, laughs: list[Segment]) -> list[str]:
    """A funny clip on each laugh, and one that is not funny half a minute later."""
    return [
        line
        for laugh in laughs
        for line in (f"{video},{laugh.start},{laugh.end},1", f"{video},{laugh.start + 30},{laugh.end + 29.5},0")
    ]


HIDDEN = Segment(300.0, 340.0)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two labelled videos and one to find the laughs in; a person; the labels in `labels.csv` beside the workspace."""
    root = tmp_path_factory.mktemp("library")
    workspace = Workspace(root / "space")
    add_person(workspace, "지은")
    add_video(workspace, root / "방송 1.mp4", analysis(10, laughs=bursts_of(10), seed=1))
    add_video(workspace, root / "b.mp4", analysis(6, laughs=bursts_of(6), seed=2))
    add_video(workspace, root / "new.mp4", analysis(8, laughs=bursts_of(8)[::2], seed=3, hidden=HIDDEN))
    label_file(root / "labels.csv", labels_of("방송 1.mp4", bursts_of(10)) + labels_of("b.mp4", bursts_of(6)))
    assert answer(root / "space", "labels", "import", root / "labels.csv") == {
        "n_imported": 28,
        "n_funny": 14,
        "faults": [],
    }
    return root / "space"


# From labels to moments


@pytest.mark.parametrize("decibels", [-15.0, -6.0, 6.0, 15.0])
def test_a_short_video_recorded_at_another_level_finds_the_same_moments(planted, tmp_path, decibels):
    """What is usual for its sound is told from itself, what is usual for the face from all videos of the person."""
    space = tmp_path / "space"
    shutil.copytree(planted, space)
    answer(space, "train", "--name", "level", "--model", "logistic")
    short = analysis(2, laughs=[Segment(20.0, 26.0), Segment(70.0, 76.0)], seed=7)
    found = []
    for name, level in (("as others.mp4", 0.0), ("another.mp4", decibels)):
        audio = short.audio + np.array([level, 0], np.float32)
        add_video(Workspace(space), tmp_path / name, replace(short, audio=audio))
        result = answer(space, "detect", name, "--model", "level", "--prior", 0.05, "--max-per-hour", "none")
        found.append(result["moments"])
    assert len(found[0]) == len(found[1]) == 2
    for one, other in zip(*found, strict=True):
        assert (one["start"], one["end"]) == (other["start"], other["end"])
        assert one["score"] == pytest.approx(other["score"], abs=0.002)


def test_a_finished_detection_stays_though_another_video_is_extracted(planted, tmp_path):
    space = tmp_path / "space"
    shutil.copytree(planted, space)
    answer(space, "train", "--name", "stays", "--model", "logistic")
    workspace = Workspace(space)
    add_video(workspace, tmp_path / "short.mp4", analysis(2, laughs=[Segment(20.0, 26.0)], seed=7))
    answer(space, "detect", "short.mp4", "--model", "stays")
    library, video, person = Library(workspace), workspace.find_video("short.mp4"), workspace.only_person()
    before, usual_then = kept_scores(library, video, person, model="stays"), library.usual_for(video, person)
    add_video(workspace, tmp_path / "more.mp4", analysis(30, laughs=[Segment(0.0, 1500.0)], seed=9))
    after = kept_scores(library, video, person, model="stays")
    assert not np.array_equal(library.usual_for(video, person), usual_then)
    np.testing.assert_array_equal(after.scores.log_odds, before.scores.log_odds)
    np.testing.assert_array_equal(after.usual, usual_then)


def test_stats_count_by_person_and_video(planted):
    assert answer(planted, "labels", "stats") == {
        "labels": [
            {"person": "지은", "video": "b.mp4", "funny": 5, "not_funny": 5},
            {"person": "지은", "video": "방송 1.mp4", "funny": 9, "not_funny": 9},
        ],
        "n": 28,
    }


def test_what_is_exported_can_be_imported_again_and_changes_nothing(planted, tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    assert answer(planted, "labels", "export", first)["n_exported"] == 28
    assert answer(planted, "labels", "import", first)["n_imported"] == 28
    assert answer(planted, "labels", "export", second)["n_exported"] == 28
    assert first.read_text().splitlines() == second.read_text().splitlines()
    assert answer(planted, "labels", "import", planted.parent / "labels.csv")["n_imported"] == 28
    assert answer(planted, "labels", "stats")["n"] == 28


def test_training_and_detection_find_the_planted_laughs(planted):
    trained = answer(planted, "train", "--name", "first")
    assert trained["judgement"]
    assert trained == {"model": "first", "n_clips": 28, "n_funny": 14, "n_left_out": 0} | {
        "judgement": trained["judgement"],
        "cues": [],
    }
    laughs = bursts_of(8)[::2]  # four of six seconds in eight minutes: a share of 5 %
    found = answer(planted, "detect", "new.mp4", "--max-per-hour", "none", "--prior", 0.05)
    moments = [Segment(m["start"], m["end"]) for m in found["moments"]]
    assert len(moments) == len(laughs)
    for laugh, moment in zip(laughs, moments, strict=True):
        assert tiou(laugh, moment) >= 0.7
    assert all(0 <= m["score"] <= 1 for m in found["moments"])
    assert (found["video"], found["person"], found["model"], found["prior"]) == ("new.mp4", "지은", "first", 0.05)
    assert HIDDEN.duration - 6 <= found["not_judged_s"] <= HIDDEN.duration
    assert answer(planted, "detect", "new.mp4", "--model", "first", "--threshold", 1)["moments"] == []
    (one,) = answer(planted, "detect", "new.mp4", "--max-per-hour", 8, "--prior", 0.05)["moments"]
    assert one == max(found["moments"], key=lambda m: m["score"])


def test_fewer_are_found_where_few_are_expected_and_none_is_wrong(planted):
    answer(planted, "train", "--name", "prior")
    found = {p: answer(planted, "detect", "new.mp4", "--model", "prior", "--prior", p) for p in ("auto", "labels")}
    assert (found["auto"]["prior"], found["labels"]["prior"]) == (0.01, 0.5)
    scores = {p: max(m["score"] for m in content["moments"]) for p, content in found.items()}
    assert scores["auto"] < scores["labels"]
    for m in found["auto"]["moments"]:
        assert max(tiou(Segment(m["start"], m["end"]), laugh) for laugh in bursts_of(8)[::2]) >= 0.7


def test_a_model_name_that_is_taken_or_none_is_refused(planted):
    answer(planted, "train", "--name", "twice")
    result = run(planted, "train", "--name", "twice")
    assert result.exit_code == 1
    assert "there is a model of this name already" in result.stderr
    for name in ("", "..", "a/b", ".hidden"):
        result = run(planted, "train", "--name", name)
        assert result.exit_code == 1
        assert "is no name for a model" in result.stderr


def test_an_unknown_model_is_refused_with_the_known_ones(planted):
    answer(planted, "train", "--name", "known")
    result = run(planted, "detect", "new.mp4", "--model", "absent")
    assert result.exit_code == 1
    assert "no model is called absent" in result.stderr
    assert "known" in result.stderr


def test_the_newest_model_of_a_person_is_taken(planted):
    for name in ("older", "newer"):
        answer(planted, "train", "--name", name)
    folder = planted / "models" / "broken"
    write_json(folder / "card.json", ["not a card"])
    library = Library(Workspace(planted))
    with pytest.raises(ModelFault, match=r"models/broken: the card of this model cannot be read"):
        ModelStore(library.workspace).folder_of(None, library.workspace.only_person())
    shutil.rmtree(folder)
    assert ModelStore(library.workspace).folder_of(None, library.workspace.only_person()).name == "newer"
    assert ModelStore(library.workspace).folder_of("older", library.workspace.only_person()).name == "older"
    with pytest.raises(ModelFault, match="no model was trained for Other"):
        ModelStore(library.workspace).folder_of(None, Person("x", "Other", ()))


@pytest.mark.parametrize("option", [("--prior", "2"), ("--prior", "soon"), ("--max-per-hour", "0"), ("--threshold", 2)])
def test_detect_refuses_options_that_cannot_be(planted, option):
    assert run(planted, "detect", "new.mp4", *option).exit_code == 2


# Bad lines


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A workspace with one person, two videos of one name, an analysed one, one that is not, and none that is video."""
    workspace = Workspace(tmp_path / "space")
    add_person(workspace, "Ada")
    add_video(workspace, tmp_path / "one" / "same.mp4", None)
    add_video(workspace, tmp_path / "two" / "same.mp4", None)
    add_video(workspace, tmp_path / "a.mp4", analysis(1, laughs=bursts_of(2), seed=1))
    add_video(workspace, tmp_path / "short.mp4", None)
    (tmp_path / "notes.mp4").write_text("no video\n" * 100)
    workspace.register(tmp_path / "notes.mp4")
    return tmp_path / "space"


BAD_LINES = {
    "absent.mp4,1,7,1,": "no such video here",
    "same.mp4,1,7,1,": "2 videos have this name",
    "a.mp4,1,7,1,Bob": "no such person; known: Ada",
    "a.mp4,1,5.9,1,": "4.90 s long, expected 5 to 7 s",
    "a.mp4,1,8.1,1,": "7.10 s long, expected 5 to 7 s",
    "a.mp4,58,64,1,": "ends at 64.00 s, the video at 60.00 s",
    "short.mp4,1,7,1,": "ends at 7.00 s, the video at 0.",
    "notes.mp4,1,7,1,": "no readable video",
    "a.mp4,1,7,perhaps,": "label 'perhaps'",
}


def bad_file(folder: Path) -> Path:
    good = ["a.mp4,1,7,1,Ada", "a.mp4,20,26,0,"]
    return label_file(folder / "bad.csv", [good[0], *BAD_LINES, good[1]], "video,start,end,label,person")


def test_bad_lines_are_reported_by_line_and_good_ones_imported(small, tmp_path):
    result = run(small, "labels", "import", bad_file(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert (content["n_imported"], content["n_funny"]) == (2, 1)
    assert [fault["line"] for fault in content["faults"]] == list(range(3, 3 + len(BAD_LINES)))
    for fault, words in zip(content["faults"], BAD_LINES.values(), strict=True):
        assert words in fault["reason"]
        assert f"bad.csv, line {fault['line']}: " in result.stderr
    assert answer(small, "labels", "stats")["n"] == 2


def test_strict_imports_nothing_of_a_file_with_a_bad_line(small, tmp_path):
    result = run(small, "labels", "import", bad_file(tmp_path), "--strict", "--json")
    assert result.exit_code == 1
    content = json.loads(result.stdout)
    assert (content["n_imported"], content["n_funny"], len(content["faults"])) == (0, 0, len(BAD_LINES))
    assert answer(small, "labels", "stats")["n"] == 0
    assert run(small, "labels", "import", label_file(tmp_path / "x.csv", ["a.mp4,1,7,1"]), "--strict").exit_code == 0


def test_a_file_with_bad_lines_only_fails(small, tmp_path):
    result = run(small, "labels", "import", label_file(tmp_path / "x.csv", ["absent.mp4,1,7,1"]))
    assert result.exit_code == 1
    assert "0 labels imported, 1 bad lines" in result.stdout


def test_a_file_without_the_columns_is_refused(small, tmp_path):
    result = run(small, "labels", "import", label_file(tmp_path / "x.csv", [], "clip,label"))
    assert result.exit_code == 1
    assert "columns end, start, video are missing" in " ".join(result.stderr.split())


def test_a_person_must_be_named_where_there_are_two(small, tmp_path):
    add_person(Workspace(small), "Grace")
    file = label_file(tmp_path / "x.csv", ["a.mp4,1,7,1,", "a.mp4,20,26,0,Ada"], "video,start,end,label,person")
    content = answer(small, "labels", "import", file)
    assert [fault["line"] for fault in content["faults"]] == [2]
    assert "name one with --person" in content["faults"][0]["reason"]
    assert answer(small, "labels", "import", file, "--person", "Grace")["n_imported"] == 2
    found = {(row["person"], row["funny"], row["not_funny"]) for row in answer(small, "labels", "stats")["labels"]}
    assert found == {("Ada", 0, 1), ("Grace", 1, 0)}


# Round trips


def test_export_and_import_into_another_workspace_lose_nothing(small, tmp_path):
    library = Library(Workspace(small))
    video, person = library.workspace.find_video("a.mp4").id, library.workspace.only_person().id
    given = [
        LabelEvent(video, person, 1.0, 7.0, 1, "peaks", labeller="Ann", note='하하; "x"'),
        LabelEvent(video, person, 20.0, 26.5, 0, "uncertain", clip_id="moved"),
    ]
    library.ledger.record(given)
    assert answer(small, "labels", "export", tmp_path / "x.csv")["n_exported"] == 2
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    (small / "labels.sqlite").unlink()
    shutil.rmtree(small / "labels-backups")
    assert answer(small, "labels", "import", tmp_path / "x.csv")["n_imported"] == 2
    again = Library(Workspace(small)).ledger.labels()
    assert [replace(event, id="") for event in again] == [replace(event, id="") for event in given]


def test_a_label_imported_where_one_holds_is_a_change_of_it(small, tmp_path):
    library = Library(Workspace(small))
    video, person = library.workspace.find_video("a.mp4").id, library.workspace.only_person().id
    library.ledger.record([LabelEvent(video, person, 1.0, 7.0, 1, "peaks", clip_id="mine")])
    answer(small, "labels", "import", label_file(tmp_path / "x.csv", ["a.mp4,1,7,0"]))
    (held,) = library.ledger.labels()
    assert (held.clip_id, held.label) == ("mine", 0)


def test_a_copied_line_is_a_clip_of_its_own(small, tmp_path):
    lines = ["a.mp4,1,7,1,c1", "a.mp4,11,17,0,c1", "a.mp4,21,27,0,c1"]
    answer(small, "labels", "import", label_file(tmp_path / "x.csv", lines, "video,start,end,label,clip_id"))
    assert answer(small, "labels", "stats")["n"] == 3


def test_a_video_that_is_gone_can_still_be_labelled_by_name(small, tmp_path):
    (small.parent / "a.mp4").unlink()
    assert answer(small, "labels", "import", label_file(tmp_path / "x.csv", ["a.mp4,1,7,1"]))["n_imported"] == 1
    assert "ends at" in run(small, "labels", "import", label_file(tmp_path / "y.csv", ["a.mp4,90,96,1"])).stderr


# What is not there yet


def test_labels_before_the_analysis_are_kept_and_left_out_of_training(small, tmp_path):
    media.write(tmp_path / "long.mp4", np.arange(40) / 2)
    file = label_file(tmp_path / "x.csv", [f"{tmp_path / 'long.mp4'},1,7,1", "a.mp4,1,7,0"])
    assert answer(small, "labels", "import", file)["n_imported"] == 2
    result = run(small, "train")
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert "too few labels of Ada to train on: 0 funny and 1 not funny" in said
    assert "1 labels are left out, mostly because the video is not analysed" in said
    result = run(small, "detect", "a.mp4")
    assert result.exit_code == 1
    assert "no model was trained for Ada yet (known: none)" in " ".join(result.stderr.split())


def test_a_video_that_is_not_analysed_has_no_series(small):
    library = Library(Workspace(small))
    video = library.workspace.find_video("short.mp4")
    with pytest.raises(WorkspaceFault, match=r"short\.mp4: not analysed yet; run `punchline extract"):
        library.series_of(video, library.workspace.only_person())


def test_another_emotion_model_is_refused_by_name(planted, tmp_path):
    answer(planted, "train", "--name", "ferplus")
    models = {**MODELS, "recogniser": {"name": "hsemotion", "digest": "r2"}}
    features = analysis(1, laughs=bursts_of(2), seed=5)
    other = replace(features, info=replace(features.info, models=models))
    add_video(Workspace(planted), tmp_path / "other.mp4", other)
    result = run(planted, "detect", "other.mp4", "--model", "ferplus")
    assert result.exit_code == 1
    for word in ("hsemotion", "ferplus", "extract again"):
        assert word in result.stderr


# One normalisation


def test_clips_and_windows_are_centred_alike(small):
    """The analysed minute is too short for its own baseline: both pool it with a video that has no labels."""
    workspace = Workspace(small)
    add_video(workspace, small.parent / "rest.mp4", analysis(7, laughs=[Segment(0.0, 300.0)], seed=9))
    run(small, "labels", "import", label_file(small.parent / "x.csv", ["a.mp4,1,7,1"]))
    library = Library(workspace)
    video, person = workspace.find_video("a.mp4"), workspace.only_person()
    clips = up_to_date(library).clips
    np.testing.assert_array_equal(clips.baseline[0], library.usual_for(video, person))
    assert not np.array_equal(clips.baseline[0], usual(library.series_of(video, person).series))


def test_a_video_of_another_embedder_spoils_nothing(small):
    workspace = Workspace(small)
    features = analysis(1, laughs=bursts_of(2), seed=5)
    models = {**MODELS, "embedder": {"name": "facenet", "digest": "e2"}}
    add_video(workspace, small.parent / "far.mp4", replace(features, info=replace(features.info, models=models)))
    lines = ["a.mp4,1,7,1", "far.mp4,1,7,1"]
    assert answer(small, "labels", "import", label_file(small.parent / "x.csv", lines))["n_imported"] == 2
    library = Library(workspace)
    clips = up_to_date(library).clips
    assert len(clips) == 1
    ((_, reason),) = clips.left_out
    assert "was read by the model that read this video" in reason
    assert library.usual_for(workspace.find_video("a.mp4"), workspace.only_person()).shape == (12,)


# One library that is shared


def test_a_file_is_read_once_until_it_changes(small):
    workspace = Workspace(small)
    library = Library(workspace)
    video, person = workspace.find_video("a.mp4"), workspace.only_person()
    features, series = library.features(video.id), library.series(video.id, person.id)
    clips = up_to_date(library).clips
    assert library.features(video.id) is features
    assert library.series(video.id, person.id) is series
    longer = analysis(2, laughs=bursts_of(2), seed=5)
    longer = replace(longer, info=replace(longer.info, created="later"))
    write_features(workspace.features_path(video.id), longer)
    assert len(library.series(video.id, person.id).series) == 2 * len(series.series)
    workspace.save_thresholds(person, Thresholds(1.0, 1.0))
    assert library.series(video.id, person.id).parameters["thresholds"]["strict"] == 1.0
    assert up_to_date(library).n_computed == len(clips)


def test_a_series_is_made_once_for_many_threads(small, monkeypatch):
    made = []
    monkeypatch.setattr("core.workspace.library.current_series", lambda *given: made.append(given) or given)
    library = Library(Workspace(small))
    video, person = library.workspace.find_video("a.mp4"), library.workspace.only_person()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: library.series(video.id, person.id), range(8)))
    assert len(made) == 1


def test_what_one_thread_reads_lets_others_read_on(small, monkeypatch):
    others_read = Event()
    monkeypatch.setattr("core.workspace.library.current_series", lambda *given: others_read.wait(20))
    library = Library(Workspace(small))
    video, person = library.workspace.find_video("a.mp4"), library.workspace.only_person()
    with ThreadPoolExecutor(1) as thread:
        series = thread.submit(library.series, video.id, person.id)
        assert library.features(video.id) is not None
        assert library.labels(person.id).events == ()
        others_read.set()
        assert series.result() is True


def test_labels_are_read_again_when_one_is_recorded(small):
    library = Library(Workspace(small))
    video, person = library.workspace.find_video("a.mp4").id, library.workspace.only_person().id
    library.ledger.record([LabelEvent(video, person, 1.0, 7.0, 1, "peaks")])
    labels = library.labels(person)
    assert library.labels(person) is labels
    assert labels.overruled == {}
    assert labels.goal == Goal(1, 0)
    library.ledger.record([LabelEvent(video, person, 2.0, 8.0, 0, "peaks")])
    assert len(library.labels(person).events) == 2
    assert [event.start for event in library.labels(person).counting] == [2.0]
    assert library.labels(person).goal == Goal(0, 1)
