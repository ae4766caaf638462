"""Work in the background: how each kind is asked for, and the action that does it.

A request and its doing stand side by side here, so that the settings of a kind of job are spelled in one place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.actions import videos
from core.actions.cues import compute_laughter
from core.actions.references import read_references
from core.dataset.dataset_file import read_state
from core.faces.feature_file import read_features_info
from core.multimodal_processor import summary
from core.people.person import Person, clean_name
from core.people.person_file import write_person
from core.segment import Detection
from core.series import Sampling
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Job, Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

BEHIND = 10  # changes of labels after which dataset.h5 is worth bringing up to date; a training does so anyway

if TYPE_CHECKING:
    from core.detection.detect import DetectionSettings
    from core.export.formats import ExportOptions
    from core.training.train import TrainingSettings
    from core.video_feature_extractor import Seen


class Report(Protocol):
    """What a job tells about itself while it runs; each call may raise to stop it."""

    def progress(self, completed: float, total: float) -> None:
        """So much is done, in the unit of the work."""

    def seen(self, seen: Seen) -> None:
        """A picture that was looked at."""

    def wish(self) -> Mapping[str, Any] | None:
        """What somebody asked of the running job since the last call, if anything."""


# Videos


def begin_extraction(
    workspace: Workspace,
    video: Video,
    settings: ExtractionSettings,
    *,
    n_workers: int = 1,
    then_for: Person | None = None,
) -> Job:
    """Read faces and sound of a video with so many processes; a person's moments in it are looked for after that."""
    content = asdict(settings) | {"n_workers": n_workers}
    content |= {"then_for": then_for.id} if then_for is not None else {}
    return Jobs(workspace).submit("extract", video.id, video.name, content)


def _extract(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.workers import reader_of

    content = dict(job.settings)
    then_for, n_workers = content.pop("then_for", None), content.pop("n_workers", 1)
    settings, video = ExtractionSettings(**content), workspace.video(job.subject)
    with reader_of(n_workers) as reader:
        features = videos.extract(
            workspace, video, settings, reader=reader, on_progress=report.progress, on_seen=report.seen
        )
    if then_for is not None:
        begin_moments(workspace, video, workspace.person(then_for))
    return summary(features)


def begin_moments(workspace: Workspace, video: Video, person: Person) -> Job:
    """All up to a person's moments in a video: reading it where that is not done, then the search."""
    from core.detection.detect import usual_settings

    path = workspace.features_path(video.id)
    if not path.exists():
        return begin_extraction(workspace, video, ExtractionSettings(), then_for=person)
    return begin_detection(workspace, video, person, usual_settings(read_features_info(path).duration))


def begin_sample(workspace: Workspace, video: Video) -> Job:
    """The sample from end to end."""
    return Jobs(workspace).submit("sample", video.id, video.name)


def _show_sample(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.sample import show_sample

    return {"n_moments": len(show_sample(workspace, on_progress=report.progress).decided.moments)}


def begin_scan(workspace: Workspace, video: Video) -> Job:
    """Look for the people of a video."""
    return Jobs(workspace).submit("scan", video.id, video.name)


def _scan(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    features = videos.scan(workspace, workspace.video(job.subject), on_progress=report.progress)
    return {"n_faces": len(features.faces)}


def begin_hearing(workspace: Workspace, video: Video) -> Job:
    """Hear laughter in an extracted video again."""
    return Jobs(workspace).submit("hear", video.id, video.name)


def _hear(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    rows = compute_laughter(workspace, workspace.video(job.subject), on_progress=report.progress)
    return {"n_rows": len(rows)}


def begin_playable(workspace: Workspace, video: Video, *, wanted: float = 0.0) -> Job:
    """Make what a browser plays of a video: the minute that holds `wanted` seconds first, also in a running job."""
    return Jobs(workspace).submit("proxy", video.id, video.name, wish={"minute": int(wanted // 60)})


def _make_playable(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    def wanted_minute() -> int | None:
        wish = report.wish()
        return None if wish is None else int(wish["minute"])

    video = workspace.video(job.subject)
    proxy = videos.make_playable(workspace, video, wanted_minute=wanted_minute, on_progress=report.progress)
    return {"mode": proxy.mode, "bytes": proxy.path.stat().st_size}


# People


def begin_photos(workspace: Workspace, name: str, photos: Sequence[tuple[str, bytes]]) -> Job:
    """Add the faces of uploaded photos, (name, content) each, to the person of this name.

    The photos lie in the job's folder until it ends.
    """
    name = clean_name(name)
    files = {f"{hashlib.sha256(content).hexdigest()[:24]}{Path(file).suffix}": content for file, content in photos}
    names = [[stored, file] for stored, (file, _content) in zip(files, photos)]
    return Jobs(workspace).submit("photos", name, name, {"photos": names}, files=files)


def _add_photos(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.people import add_photos, photo

    jobs = Jobs(workspace)
    pictures = [photo(jobs.files_folder(job) / stored, name) for stored, name in job.settings["photos"]]
    added = add_photos(workspace, job.subject, pictures, on_progress=report.progress)
    if added.candidates:
        person = Person(id=job.id, name=job.subject, references=added.candidates)
        write_person(jobs.candidates_path(job), person)
    return {"n_added": added.n_added, "n_candidates": len(added.candidates), "faults": list(added.faults)}


def begin_reading_references(workspace: Workspace) -> Job:
    """Let the built-in embedder read the references that another one has read."""
    return Jobs(workspace).submit("references", "people", "people")


def _read_references(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    return {"n_read": read_references(workspace)}


# Models


def begin_dataset(workspace: Workspace, *, n_rows: int | None = None, sampling: Sampling | None = None) -> Job:
    """Bring dataset.h5 up to the labels, with clips taken in another way where it is given."""
    return Jobs(workspace).submit("dataset", "dataset", "dataset.h5", {"n_rows": n_rows, "sampling": sampling})


def begin_dataset_if_behind(workspace: Workspace, last_seq: int) -> Job | None:
    """The same, where labels have changed `BEHIND` times since; `last_seq` is the number of the last change."""
    path = workspace.dataset_path
    known = read_state(path)[0] if path.exists() else 0
    return begin_dataset(workspace) if last_seq - known >= BEHIND else None


def _build_dataset(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.models import build_dataset

    report.progress(0, 1)
    built = build_dataset(workspace, n_rows=job.settings.get("n_rows"), sampling=job.settings.get("sampling"))
    return {"n_clips": len(built.clips), "n_computed": built.n_computed}


def begin_training(
    workspace: Workspace, person: Person, settings: TrainingSettings, *, name: str | None = None, n_labels: int = 0
) -> Job:
    """Train a model on a person's labels, of which there are `n_labels` now."""
    content = {"name": name, "settings": asdict(settings), "n_labels": n_labels}
    return Jobs(workspace).submit("train", person.id, person.name, content)


def _train(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.models import train
    from core.training.train import TrainingSettings

    curve = Jobs(workspace).curve_path(job)

    def on_curve(seed: int, epoch: int, loss: float, validation: float | None) -> None:
        with curve.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"seed": seed, "epoch": epoch, "loss": loss, "validation": validation}) + "\n")

    folder, card = train(
        workspace,
        workspace.person(job.subject),
        TrainingSettings(**job.settings.get("settings", {})),
        name=job.settings.get("name"),
        on_progress=report.progress,
        on_curve=on_curve,
    )
    return {"model": folder.name, "n_clips": card["n_clips"], "n_funny": card["n_funny"]}


# Moments


def detection_subject(video: Video, person: Person) -> str:
    """What a search for a person's moments in a video is called among the jobs."""
    return f"{video.id}/{person.id}"


def begin_detection(
    workspace: Workspace, video: Video, person: Person, settings: DetectionSettings, *, model: str | None = None
) -> Job:
    """Find the funny moments of a person in a video."""
    content = {"person_id": person.id, "model": model, "decision": asdict(settings)}
    return Jobs(workspace).submit("detect", detection_subject(video, person), video.name, content)


def _detect(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.moments import detect
    from core.detection.detect import DetectionSettings

    detected = detect(
        workspace,
        workspace.video(job.subject.split("/")[0]),
        workspace.person(job.settings["person_id"]),
        DetectionSettings(**job.settings.get("decision", {})),
        model=job.settings.get("model"),
        on_progress=report.progress,
    )
    return {"n_moments": len(detected.decided.moments), "model": detected.scored.model}


def export_subject(video: Video, person: Person, format: str) -> str:
    """What an export of a person's moments in a video is called among the jobs."""
    return f"{video.id}/{person.id}/{format}"


def begin_export(
    workspace: Workspace,
    video: Video,
    person: Person,
    moments: Sequence[Detection],
    target: Path,
    *,
    format: str,
    options: ExportOptions,
) -> Job:
    """Write moments of a video."""
    content = {
        "person_id": person.id,
        "format": format,
        "target": str(target),
        "moments": [[moment.start, moment.end, moment.score] for moment in moments],
        "options": {name: value for name, value in asdict(options).items() if value is not None},
    }
    return Jobs(workspace).submit("export", export_subject(video, person, format), video.name, content)


def _export(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    from core.actions.moments import export
    from core.export.formats import ExportOptions

    written = export(
        workspace.video(job.subject.split("/")[0]),
        [Detection(start, end, score) for start, end, score in job.settings["moments"]],
        Path(job.settings["target"]),
        format=str(job.settings["format"]),
        options=ExportOptions(**job.settings.get("options", {})),
        on_progress=report.progress,
    )
    return {"files": [str(path) for path in written.paths], "warnings": list(written.warnings)}


KINDS: Mapping[str, Callable[[Workspace, Job, Report], Mapping[str, Any]]] = {
    "extract": _extract,
    "sample": _show_sample,
    "scan": _scan,
    "photos": _add_photos,
    "references": _read_references,
    "dataset": _build_dataset,
    "train": _train,
    "detect": _detect,
    "hear": _hear,
    "proxy": _make_playable,
    "export": _export,
}
