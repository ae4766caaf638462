"""A whole video becomes one feature file, once, however often it is stopped; a person's series comes from it alone."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from core.errors import PunchlineError
from core.faces import feature_file as feature_store
from core.faces.feature_file import Features, Minutes
from core.multimodal_processor import (
    current_features,
    current_series,
    extract,
    person_series,
    summary,
)
from core.people.person import Person, Reference, Thresholds
from core.people.photos import faces_in, read_photo
from core.people.series_file import PersonSeries
from core.series import FEATURES, N_FACE
from core.video_feature_extractor import ExtractionSettings, Models
from tests.portraits import COLLINS, HOPPER, make_video
from tests.tables import random_features

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = ExtractionSettings(sample_rate=3.0, device="cpu")
SLOW = ExtractionSettings(sample_rate=0.5, device="cpu")


@pytest.fixture(scope="module")
def models() -> Models:
    return SETTINGS.load_models()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collins alone, both, Hopper alone, nobody: two seconds each."""
    shots = [(2.0, [COLLINS]), (2.0, [HOPPER, COLLINS]), (2.0, [HOPPER]), (2.0, [])]
    return make_video(tmp_path_factory.mktemp("video") / "two people.mp4", shots)


@pytest.fixture(scope="module")
def features(video: Path, models: Models, tmp_path_factory: pytest.TempPathFactory) -> Features:
    return extract(video, tmp_path_factory.mktemp("features") / "v.h5", settings=SETTINGS, models=models)


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes and a little, of which the first has a cut."""
    return make_video(tmp_path_factory.mktemp("long") / "long.mp4", [(40.0, [COLLINS]), (84.0, [HOPPER])], fps=1)


def person(photo: Path, models: Models, **changes: object) -> Person:
    face = faces_in(read_photo(photo), photo.name, detector=models.detector, embedder=models.embedder)[0]
    return replace(Person(id="abc", name=photo.stem, references=(face,)), **changes)


def times_of(series: PersonSeries) -> np.ndarray:
    return series.series.timestamps[series.series.observed]


def test_each_person_is_found_exactly_where_they_are_seen(features: Features, models: Models) -> None:
    collins = times_of(person_series(features, person(COLLINS, models)))
    hopper = times_of(person_series(features, person(HOPPER, models)))
    t = features.faces.timestamps
    np.testing.assert_array_equal(collins, t[t < 4.0])
    np.testing.assert_array_equal(hopper, t[(t >= 2.0) & (t < 6.0)])


def test_the_series_has_faces_and_sound_on_one_clock(features: Features, models: Models) -> None:
    made = person_series(features, person(COLLINS, models))
    values = made.series.values
    seen = made.series.observed
    np.testing.assert_allclose(values[seen, :8].sum(1), 1, atol=1e-5)
    assert np.isnan(values[~seen, :N_FACE]).all()
    assert np.abs(values[seen, 8:10]).max() <= 1
    inner = slice(1, -1)  # the codec's onset and end
    np.testing.assert_allclose(values[inner, FEATURES.index("loudness")], 20 * np.log10(0.5 / 2**0.5), atol=0.3)
    np.testing.assert_allclose(values[inner, FEATURES.index("pitch")], 24.0, atol=0.1)
    assert made.baseline.shape == (12,)


def test_laughter_and_the_shape_of_the_sound_come_with_the_extraction(features: Features) -> None:
    n = features.faces.n_frames
    assert features.cues["laughter"].shape == (n, 4)
    assert np.isfinite(features.cues["laughter"][1:-1]).all()
    assert features.cues["laughter"][1:-1, 0].max() < 0.5  # a tone
    assert features.waveform is not None
    assert features.waveform.shape[0] == n
    np.testing.assert_allclose(np.abs(features.waveform[1:-1]).max(axis=(1, 2)), 0.5 * 127, atol=4)


def test_a_changed_threshold_needs_no_video(video: Path, features: Features, models: Models) -> None:
    collins = person(COLLINS, models)
    assert len(times_of(person_series(features, collins, thresholds=Thresholds(strict=1.0, relaxed=1.0)))) == 0
    kept = person_series(features, replace(collins, overrides={features.info.fingerprint: Thresholds(1.0, 1.0)}))
    assert len(times_of(kept)) == 0
    assert kept.parameters != person_series(features, collins).parameters


def test_a_reference_of_another_embedder_is_refused_by_name(features: Features, models: Models) -> None:
    collins = person(COLLINS, models)
    foreign = replace(collins.references[0], embeddings={"sha256:other": np.zeros(128, np.float32)})
    with pytest.raises(PunchlineError, match="none of 1 reference faces was read by the model that read this video"):
        person_series(features, replace(collins, references=(foreign,)))


def test_an_analysis_is_not_done_twice(video: Path, models: Models, tmp_path: Path) -> None:
    target = tmp_path / "v.h5"
    first = extract(video, target, settings=SLOW, models=models)
    stamp = target.stat().st_mtime_ns
    extract(video, target, settings=SLOW, models=models)
    assert target.stat().st_mtime_ns == stamp
    other = extract(video, target, settings=SETTINGS, models=models)
    assert other.faces.n_frames > first.faces.n_frames


def same_arrays(a: Path, b: Path) -> None:
    """Every dataset of two files is equal, bit for bit."""
    with h5py.File(a) as one, h5py.File(b) as two:
        names: list[str] = []
        one.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        assert names
        for name in names:
            if h5py.check_vlen_dtype(one[name].dtype) is None:
                np.testing.assert_array_equal(one[name][:], two[name][:], err_msg=name)
            else:
                assert [bytes(x) for x in one[name]] == [bytes(x) for x in two[name]], name


RUN = (
    "import sys; from pathlib import Path; from core.multimodal_processor import *\n"
    "import time; slowly = len(sys.argv) > 3\n"
    "def progress(done, total):\n"
    "    print(done, flush=True)\n"
    "    time.sleep(0.2 if slowly and done > 65 else 0)\n"
    "extract(Path(sys.argv[1]), Path(sys.argv[2]), settings=ExtractionSettings(0.5, device='cpu'),\n"
    "    on_progress=progress)"
)


def start_extraction(video: Path, target: Path, *options: str) -> subprocess.Popen[str]:
    """An extraction in a process of its own, as a user starts it; it prints how far it has come.

    With the option "slowly" it dawdles in the second minute, so that it can be killed there.
    """
    command = [sys.executable, "-c", RUN, str(video), str(target), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.timeout(400)  # several processes, each loading its models
def test_a_killed_extraction_goes_on_and_ends_with_the_same_arrays(
    long_video: Path, models: Models, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.h5"
    extract(long_video, whole, settings=SLOW, models=models)
    target = tmp_path / "killed.h5"
    process = start_extraction(long_video, target, "slowly")
    folder = target.with_suffix(".minutes")
    deadline = time.monotonic() + 100
    while len(list(folder.glob("minute_*.h5"))) < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not target.exists(), "it ended before it could be killed"
    assert list(folder.glob("minute_*.h5")), "no minute was kept"
    partial = current_features(target)
    assert partial is not None
    assert not partial.info.complete
    assert partial.faces.n_frames >= 30

    printed: list[float] = []
    extract(long_video, target, settings=SLOW, models=models, on_progress=lambda done, total: printed.append(done))
    assert printed[0] > 59, "it did not go on but began anew"
    same_arrays(whole, target)
    assert not folder.exists()
    np.testing.assert_array_equal(*(feature_store.read_features(path).cues["laughter"] for path in (whole, target)))


def test_followed_faces_end_with_the_same_arrays_as_well(video: Path, models: Models, tmp_path: Path) -> None:
    """At three samples a second faces are followed between whole searches: on a resumed minute as on a whole run."""
    film = make_video(tmp_path / "film.mp4", [(58.0, []), (7.0, [HOPPER, COLLINS])], fps=4, size=(160, 90))
    whole, stopped = tmp_path / "whole.h5", tmp_path / "stopped.h5"
    extract(film, whole, settings=SETTINGS, models=models)

    def stop(completed: float, total: float) -> None:
        if completed > 60:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        extract(film, stopped, settings=SETTINGS, models=models, on_progress=stop)
    extract(film, stopped, settings=SETTINGS, models=models)
    same_arrays(whole, stopped)


def test_the_exhaustive_way_finds_the_same_people(
    video: Path, features: Features, models: Models, tmp_path: Path
) -> None:
    slow = extract(video, tmp_path / "v.h5", settings=replace(SETTINGS, exhaustive=True), models=models)
    assert not slow.info.same_extraction(features.info)
    for photo in (COLLINS, HOPPER):
        a, b = (person_series(f, person(photo, models)).series for f in (features, slow))
        np.testing.assert_array_equal(a.observed, b.observed)
        assert np.nanmean(np.abs(a.values[:, :N_FACE] - b.values[:, :N_FACE])) <= 0.02
    own, all_own = (len(np.unique(f.faces.embedding, axis=0)) for f in (features, slow))
    assert all_own >= len(slow.faces) - 2  # pictures that are alike to the last bit give the same
    assert own <= len(features.faces) / 2


def test_small_pictures_of_the_faces_are_kept_every_third_second(features: Features) -> None:
    faces = features.faces
    times = faces.timestamps[faces.frame[sorted(features.chips)]]
    assert set(np.unique(times // 3).tolist()) == {0.0, 1.0}
    assert len(features.chips) == 3  # one face at 0 s, two at 3 s, none at 6 s
    for jpeg in features.chips.values():
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (72, 72, 3)


def test_what_progress_raises_stops_and_can_be_resumed(long_video: Path, models: Models, tmp_path: Path) -> None:
    def stop(completed: float, total: float) -> None:
        if completed > 65:
            raise InterruptedError

    target = tmp_path / "v.h5"
    with pytest.raises(InterruptedError):
        extract(long_video, target, settings=SLOW, models=models, on_progress=stop)
    assert len(list(Minutes(target.with_suffix(".minutes")).read())) == 1


def test_other_settings_forget_the_minutes_of_a_stopped_extraction(video: Path, models: Models, tmp_path: Path) -> None:
    target = tmp_path / "v.h5"
    done = extract(video, tmp_path / "other.h5", settings=SLOW, models=models)
    Minutes(target.with_suffix(".minutes")).write(0, done, np.zeros((18, 32, 3), np.uint8))
    made = extract(video, target, settings=SETTINGS, models=models)
    assert made.info.sample_rate == 3.0
    assert made.faces.n_frames == 25


@pytest.mark.timeout(400)  # several processes, each loading its models
def test_a_full_disk_keeps_the_finished_minutes(long_video: Path, models: Models, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the second minute no longer fits."""
    target = tmp_path / "v.h5"
    script = (
        "import resource, sys, time; from pathlib import Path; from core.multimodal_processor import *\n"
        "from core.errors import StorageFault\n"
        "target = Path(sys.argv[2]); folder = target.with_suffix('.minutes')\n"
        "def full(done, total):\n"
        "    if done > 60:\n"
        "        while not (folder / 'minute_000000.h5').exists():\n"
        "            time.sleep(0.01)\n"
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    extract(Path(sys.argv[1]), target, settings=ExtractionSettings(0.5, device='cpu'), on_progress=full)\n"
        "except StorageFault as error:\n"
        "    print(error); sys.exit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(long_video), str(target)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "error"}, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert "disk is full" in done.stdout
    assert "start it again" in done.stdout
    assert len(list(Minutes(target.with_suffix(".minutes")).read())) == 1
    finished = extract(long_video, target, settings=SLOW, models=models)
    assert finished.info.complete
    assert finished.faces.n_frames == 63


def test_a_video_without_sound_is_said_and_has_nan(models: Models, tmp_path: Path) -> None:
    silent = make_video(tmp_path / "silent.mp4", [(2.0, [])], tone=None)
    features = extract(silent, tmp_path / "v.h5", settings=SETTINGS, models=models)
    assert np.isnan(features.audio).all()
    counts = summary(features)
    assert counts["has_sound"] is False
    assert any("no sound" in text for text in counts["warnings"])
    assert any("no face" in text for text in counts["warnings"])


def test_tracks_follow_each_person(features: Features) -> None:
    faces = features.faces
    assert (faces.track >= 0).all()
    one_frame = faces.frame == np.flatnonzero(faces.timestamps >= 3.0)[0]
    assert one_frame.sum() == 2
    assert len(set(faces.track[one_frame])) == 2


def test_a_series_is_kept_in_a_file_and_read_from_it_while_it_holds(
    features: Features, models: Models, tmp_path: Path
) -> None:
    target, kept = tmp_path / "v.h5", tmp_path / "series" / "v" / "p.h5"
    collins = person(COLLINS, models)
    assert current_series(target, kept, collins) is None
    feature_store.write_features(target, features)
    made = current_series(target, kept, collins)
    assert made is not None
    with h5py.File(kept, "r+") as file:  # what is read from here on
        file["baseline"][0] = 7.0
    again = current_series(target, kept, collins)
    assert again is not None
    assert again.baseline[0] == 7.0
    np.testing.assert_array_equal(again.series.values, made.series.values)
    assert again.origin == made.origin
    for change in ("thresholds", "extraction", "damage"):
        if change == "thresholds":
            collins = replace(collins, thresholds=Thresholds(1.0, 1.0))
        elif change == "extraction":
            feature_store.write_features(target, replace(features, info=replace(features.info, created="later")))
        else:
            kept.write_bytes(b"damaged")
        anew = current_series(target, kept, collins)
        assert anew is not None
        assert anew.baseline[0] != 7.0
        with h5py.File(kept, "r+") as file:
            assert file["baseline"][0] != 7.0
            file["baseline"][0] = 7.0


def test_a_series_is_read_where_nothing_can_be_written(features: Features, models: Models, tmp_path: Path) -> None:
    feature_store.write_features(tmp_path / "v.h5", features)
    (tmp_path / "series").write_text("a file where a folder is wanted")
    assert current_series(tmp_path / "v.h5", tmp_path / "series" / "v" / "p.h5", person(COLLINS, models)) is not None


def test_smoothing_steadies_the_emotions_and_is_named_in_the_parameters() -> None:
    features = random_features(3, n_frames=40, n_faces=40)
    frame = np.arange(40, dtype=np.int32)
    faces = replace(
        features.faces,
        timestamps=np.arange(40) / 3.0,
        scene_change=np.zeros(40, np.float32),
        frame=frame,
        embedding=np.ones((40, 32), np.float32),
        probability=np.full(40, 0.99, np.float32),
        track=np.zeros(40, np.int32),
    )
    table = replace(features, faces=faces)
    picture, box, marks = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    reference = Reference(picture, box, marks, "a.jpg", {"e1": np.ones(32, np.float32)})
    person = Person("p", "Mina", (reference,))
    raw, steady = person_series(table, person, smoothing=0.0), person_series(table, person)

    def roughness(made: PersonSeries) -> float:
        return float(np.abs(np.diff(made.series.values[:, :8], axis=0)).mean())

    assert roughness(steady) < 0.8 * roughness(raw)
    np.testing.assert_array_equal(raw.series.values[:, :10], faces.emotion)
    assert raw.parameters["smoothing"] == 0.0
    assert steady.parameters["smoothing"] == 1.0
