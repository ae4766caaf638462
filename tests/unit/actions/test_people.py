"""Photos are embedded for every video they will be compared in, and a removed person leaves nothing behind."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from core.actions import people
from core.actions.background import begin_photos, begin_training
from core.actions.people import add_photos, photo, remove_person
from core.actions.worker import run
from core.errors import FaceNotFound, StorageFault, WeightsUnavailable
from core.faces import feature_file as feature_store
from core.faces.crop import Crop
from core.faces.detection import Faces
from core.people.person import Person, Reference
from core.people.person_file import read_person
from core.people.series_file import write_series
from core.storage.files import write_bytes
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings
from core.video_feature_extractor import Models
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests.tables import random_features, random_person_series

BOX = np.float32([20, 10, 60, 50])
POINTS = np.float32([[30, 25], [50, 25], [40, 33], [33, 42], [47, 42]])


class AsManyAsItIsBright:
    """Finds as many faces as the picture's red says."""

    name, digest = "red", "d"

    def detect(self, images: list[np.ndarray]) -> list[Faces]:
        numbers = [round(float(image[..., 0].mean()) / 50) for image in images]
        return [Faces(np.tile(BOX, (n, 1)), np.tile(POINTS, (n, 1, 1)), np.ones(n, np.float32)) for n in numbers]


class Embedder:
    """Everybody looks the same to it."""

    dimension, crop = 4, Crop(8)

    def __init__(self, name: str) -> None:
        self.name, self.digest = name, f"digest of {name}"

    def embed(self, chips: np.ndarray) -> np.ndarray:
        return np.tile(np.float32([1, 0, 0, 0]), (len(chips), 1))


def load(embedder: str, min_face: float) -> Models:
    if embedder == "gone":
        raise WeightsUnavailable("gone: no weights")
    return Models(AsManyAsItIsBright(), Embedder(embedder), None)  # type: ignore[arg-type]


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    monkeypatch.setattr(people, "models_for", load)
    return Workspace(tmp_path / "space")


def jpeg(n_faces: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), (50 * n_faces, 0, 0)).save(out, "PNG")
    return out.getvalue()


def extracted_by(space: Workspace, embedder: str, path: Path) -> None:
    path.write_bytes(embedder.encode() * 100)
    features = random_features(0)
    models = {**features.info.models, "embedder": {"name": embedder, "digest": f"digest of {embedder}"}}
    info = replace(features.info, models=models)
    feature_store.write_features(space.features_path(space.register(path).id), replace(features, info=info))


def reference() -> Reference:
    return Reference(np.zeros((8, 8, 3), np.uint8), BOX, POINTS, "a.jpg", {"e1": np.ones(4, np.float32)})


def test_a_photo_is_embedded_for_every_video_of_the_workspace(space: Workspace, tmp_path: Path) -> None:
    for name in ("facenet", "facenet", "gone"):
        extracted_by(space, name, tmp_path / f"{name}.mp4")
    write_bytes(tmp_path / "a.png", jpeg(1))
    added = add_photos(space, "Ann", [photo(tmp_path / "a.png")])
    assert (added.n_added, added.candidates, list(added.faults)) == (1, (), ["gone: no weights"])
    (face,) = space.find_person("Ann").references
    assert set(face.embeddings) == {f"digest of {name}" for name in ("facenet", people.ExtractionSettings.embedder)}


def test_photos_leave_the_processors_to_others_as_an_extraction_does(space: Workspace, monkeypatch) -> None:
    monkeypatch.setattr("core.video.ahead.n_cores", lambda: 2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    n_threads = []
    seen = people.Picture("a", lambda: n_threads.append(torch.get_num_threads()) or np.full((60, 80, 3), 50, np.uint8))
    people.read_faces(space, [seen])
    assert (n_threads, torch.get_num_threads()) == ([1], 2)
    torch.set_num_threads(before)


def test_photos_are_gone_when_their_job_ends_and_several_faces_wait_in_it(space: Workspace) -> None:
    jobs = Jobs(space)
    job = begin_photos(space, " Ann ", [("one.png", jpeg(1)), ("two.png", jpeg(2)), ("none.png", jpeg(0))])
    done = run(jobs, job)
    assert done.status == "done", done.message
    assert (done.result["n_added"], done.result["n_candidates"]) == (1, 2)
    assert done.result["faults"][0].startswith("none.png: no face")
    assert [face.origin for face in space.find_person("Ann").references] == ["one.png"]
    assert [face.origin for face in read_person(jobs.candidates_path(job)).references] == ["two.png", "two.png"]
    assert not jobs.files_folder(job).exists()


def test_photos_without_a_face_make_nobody(space: Workspace, tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.png", jpeg(0))
    with pytest.raises(FaceNotFound, match=r"a\.png: no face"):
        add_photos(space, "Ann", [photo(tmp_path / "a.png")])
    assert space.people() == []


def test_a_removed_person_leaves_no_file_series_photo_or_choice(space: Workspace) -> None:
    ann, ben = (space.add_references(name, (reference(),)) for name in ("Ann", "Ben"))
    paths = [space.features_path(f"{k:016x}") for k in range(3)]
    for k, path in enumerate(paths):
        feature_store.write_features(path, random_features(k))
        for person in (ann, ben)[: k + 1]:
            write_series(space.series_path(path.stem, person.id), random_person_series(k))
            with h5py.File(path, "r+") as file:
                file[f"persons/{person.id}/features"] = np.zeros((9, 12), np.float32)
            write_bytes(space.detections_path(path.stem, person.id), b"{}")
            write_bytes(space.scores_path(path.stem, person.id), b"scores")
    for person in (ann, ben):
        ModelStore(space).set_retrains(person, True)
        run(Jobs(space), begin_photos(space, person.name, [("two.png", jpeg(2))]))
        begin_photos(space, person.name, [("another.png", jpeg(3))])
        begin_training(space, person, TrainingSettings())
    remove_person(space, ann)
    assert [person.name for person in space.people()] == ["Ben"]
    for k, path in enumerate(paths):
        assert space.series_path(path.stem, ben.id).exists() == (k >= 1)
        with h5py.File(path) as file:
            assert list(file.get("persons", ())) == ([ben.id] if k >= 1 else [])
    assert not [path for path in space.root.rglob("*") if ann.id in path.name]
    everything = b"".join(path.read_bytes() for path in space.root.rglob("*") if path.is_file())
    assert ann.id.encode() not in everything
    assert ben.id.encode() in everything
    assert not ModelStore(space).retrains(ann)
    assert ModelStore(space).retrains(ben)
    names = [job.name for job in Jobs(space).all()]
    assert (names.count("Ann"), names.count("Ben")) == (0, 3)
    assert len(list(space.jobs_folder.glob("*/candidates.h5"))) == 1
    assert len(list(space.jobs_folder.glob("*/files/*"))) == 1
    remove_person(space, ann)


def test_a_damaged_feature_file_does_not_keep_a_person_from_being_removed(space: Workspace) -> None:
    ann = space.add_references("Ann", (reference(),))
    broken, whole = (space.features_path(name) for name in ("a", "b"))
    feature_store.write_features(whole, random_features(0))
    write_series(space.series_path(whole.stem, ann.id), random_person_series(0))
    broken.write_bytes(b"broken")
    with pytest.raises(StorageFault, match=rf"^{broken}: not a readable HDF5 file"):
        remove_person(space, ann)
    assert space.people() == []
    assert not space.series_path(whole.stem, ann.id).exists()


def test_somebody_who_is_not_there_is_removed_without_a_word(space: Workspace) -> None:
    remove_person(space, Person("p9", "Nobody", ()))
