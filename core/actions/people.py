"""What is done with people: faces from photos and from moments of a video, and forgetting somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.actions.videos import OnProgress, models_for, no_progress
from core.errors import FaceNotFound, PunchlineError, Sentence, StorageFault
from core.faces.feature_file import read_features_info, remove_person_series
from core.people.person import Person, Reference
from core.training.model_store import ModelStore
from core.video.ahead import threads_for_stages
from core.video.picture import Image
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

PHOTO_FACE = 0.04  # smallest face of a photo, as a share of the picture's shorter side


@dataclass(frozen=True)
class Picture:
    """Something to find faces in: where it comes from, in words, and how to read it."""

    origin: str
    read: Callable[[], Image]


def photo(path: Path, name: str | None = None) -> Picture:
    """A file; `name` is what it is called where that is not the path."""
    from core.people.photos import read_photo

    return Picture(str(path) if name is None else name, lambda: read_photo(path))


def moment_of(video: Video, time: float) -> Picture:
    """The picture of a video at `time` seconds. Raises VideoUnreadable where the video is gone."""
    from core.video.frames import frame_at

    path = video.existing_path()
    return Picture(f"{video.name} at {time:.2f} s", lambda: frame_at(path, time, tracks=video.tracks).image)


@dataclass(frozen=True, eq=False)
class FacesRead:
    """What some pictures gave: faces by picture, the largest first, and why others gave none."""

    faces: Sequence[Sequence[Reference]]
    faults: Sequence[str]


@dataclass(frozen=True, eq=False)
class PhotosAdded:
    """What `add_photos` came to: faces added, those of which the user must say who it is, and what gave none."""

    n_added: int
    candidates: tuple[Reference, ...]
    faults: Sequence[str]


def embedders_of(workspace: Workspace) -> list[str]:
    """The embedder of the next extraction, and those that the workspace's videos were extracted or scanned with."""
    names = [ExtractionSettings.embedder]
    for video in workspace.videos():
        for path in (workspace.features_path(video.id), workspace.scan_path(video.id)):
            with suppress(StorageFault):
                names.append(read_features_info(path).models["embedder"]["name"])
    return list(dict.fromkeys(names))


def read_faces(
    workspace: Workspace,
    pictures: Sequence[Picture],
    *,
    embedder: str | None = None,
    on_progress: OnProgress = no_progress,
) -> FacesRead:
    """Find the faces of pictures, and embed each by every embedder by which it will be compared.

    Parameters
    ----------
    embedder
        One more than those of the workspace's videos.

    Raises
    ------
    FaceNotFound
        If no picture has a face; says why of each.
    WeightsUnavailable
        If the weights of the embedder asked for, or of the next extraction, are missing.
    """
    from core.people.photos import faces_in

    first, *names = dict.fromkeys([*([embedder] if embedder else []), *embedders_of(workspace)])
    models = models_for(first, PHOTO_FACE)
    others, faults = [], []
    for name in names:
        try:
            others.append(models_for(name, PHOTO_FACE).embedder)
        except PunchlineError as error:  # its videos will ask for the photo again, all others know it
            faults.append(Sentence.of(error))
    faces = []
    with threads_for_stages():
        for k, picture in enumerate(pictures):
            on_progress(k, len(pictures))
            try:
                image = picture.read()
                faces.append(
                    faces_in(image, picture.origin, detector=models.detector, embedder=models.embedder, others=others)
                )
            except FaceNotFound as error:
                faults.append(Sentence.of(error))
    on_progress(len(pictures), len(pictures))
    if not faces:
        raise FaceNotFound("{faults}", faults=Sentence.several(faults))
    return FacesRead(faces, faults)


def add_photos(
    workspace: Workspace, name: str, pictures: Sequence[Picture], *, on_progress: OnProgress = no_progress
) -> PhotosAdded:
    """Add the faces of photos to the person of this name; where a photo has several, the user must choose.

    Raises
    ------
    FaceNotFound
        If no photo has a face.
    WeightsUnavailable, Busy, StorageFault
    """
    read = read_faces(workspace, pictures, on_progress=on_progress)
    sure = tuple(faces[0] for faces in read.faces if len(faces) == 1)
    if sure:
        workspace.add_references(name, sure)
    candidates = tuple(face for faces in read.faces if len(faces) > 1 for face in faces)
    return PhotosAdded(len(sure), candidates, read.faults)


def remove_person(workspace: Workspace, person: Person) -> None:
    """Forget a person: references, thresholds, series, moments, the choice of a model, photos and faces not yet added.

    Labels stay: they hold an id and times.

    Raises
    ------
    StorageFault
        Naming the feature files that could not be changed; all the rest is forgotten nevertheless.
    """
    jobs = Jobs(workspace)
    for job in jobs.all():
        photos_of_person = job.kind == "photos" and job.subject == person.name
        if photos_of_person or person.id in (job.subject, job.settings.get("person_id")):
            jobs.cancel(job.id)
            jobs.forget(job.id)
    ModelStore(workspace).forget(person)
    faults = []
    with workspace.lock("people"):
        for path in sorted(workspace.features_folder.glob("*.h5")):
            try:
                with workspace.lock(f"features-{path.stem}"):
                    remove_person_series(path, person.id)
            except StorageFault as error:
                faults.append(Sentence.of(error))
        for path in (
            *workspace.series_folder.glob(f"*/{person.id}.h5"),
            *workspace.detections_folder.glob(f"*-{person.id}.*"),
            workspace.person_path(person.id),
        ):
            path.unlink(missing_ok=True)
    if faults:
        raise StorageFault("{faults}", faults=Sentence.several(faults))
