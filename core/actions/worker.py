"""The process that does the background jobs of one lane, one after the other, and ends when none comes any more."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import Timeout

from core.errors import FaceNotFound, PunchlineError, VideoUnreadable, WorkspaceFault
from core.faces.feature_file import write_features
from core.multimodal_processor import ExtractionSettings, extract, summary
from core.people.person import Person, Reference
from core.people.person_file import write_person
from core.storage.files import write_bytes
from core.video.jpeg import as_jpeg
from core.workspace.jobs import HEARTBEAT, Job, Jobs
from core.workspace.library import Library
from core.workspace.workspace import Video, Workspace

if TYPE_CHECKING:
    from core.video_feature_extractor import Models, Seen

SAVE_EVERY = 0.5  # seconds between two states on disk
PREVIEW_EVERY = 1.0  # seconds between two preview pictures
PREVIEW_WIDTH = 480  # pixels
LINGER = {"short": 60.0}  # seconds a lane's worker waits for more before it ends: its networks stay loaded


class Cancelled(Exception):
    """Somebody asked the job to stop."""


class Report:
    """What a job tells about itself while it runs. Telling raises `Cancelled` where somebody asked it to stop."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self.jobs = jobs
        self.state = replace(job, status="running", started=time.time())
        self._saved = self._previewed = 0.0
        jobs.save(self.state)

    def progress(self, completed: float, total: float) -> None:
        """So much is done, in the unit of the work."""
        if self.jobs.wants_to_stop(self.state):
            raise Cancelled
        if not self.state.begun:
            self.state = replace(self.state, begun_at=completed, begun=time.time())
        self.state = replace(self.state, completed=completed, total=total)
        if time.monotonic() - self._saved > SAVE_EVERY:
            self._saved = time.monotonic()
            self.jobs.save(self.state)

    def stage(self, text: str) -> None:
        """What is being done now."""
        self.state = replace(self.state, stage=text)
        self.jobs.save(self.state)

    def found(self, n: int) -> None:
        """So many more were found."""
        self.state = replace(self.state, n_found=self.state.n_found + n)

    def seen(self, seen: Seen) -> None:
        """Count faces, and now and then keep the picture with their boxes."""
        self.found(len(seen.box_xyxy))
        if time.monotonic() - self._previewed < PREVIEW_EVERY:
            return
        self._previewed = time.monotonic()
        with suppress(PunchlineError):  # a preview is not worth a failed job
            write_bytes(self.jobs.preview_path(self.state), _drawn(seen))


def _drawn(seen: Seen) -> bytes:
    """A small JPEG of a picture with a frame around every face."""
    import cv2

    scale = min(1.0, PREVIEW_WIDTH / seen.image.shape[1])
    small = cv2.resize(seen.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for box in seen.box_xyxy * scale:
        left, top, right, bottom = (round(float(x)) for x in box)
        cv2.rectangle(small, (left, top), (right, bottom), (255, 196, 0), 2)
    return as_jpeg(np.asarray(small, np.uint8), quality=80)


def _found(workspace: Workspace, job: Job) -> tuple[Video, Path]:
    """The job's video, and where it lies."""
    video = next((video for video in workspace.videos() if video.id == job.subject), None)
    if video is None or video.path is None:
        raise VideoUnreadable(f"{job.name}: the video is gone; add it again from its new place")
    return video, video.path


def do_extract(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Read a video into its feature file; the settings are those of `ExtractionSettings`."""
    video, path = _found(workspace, job)
    settings = ExtractionSettings(**job.settings)
    with workspace.lock(f"extract-{video.id}", timeout=0):
        report.stage("loading")

        def progress(completed: float, total: float) -> None:
            if report.state.stage == "loading":
                report.stage("reading")
            report.progress(completed, total)

        features = extract(
            path,
            workspace.features_path(video.id),
            settings=settings,
            on_progress=progress,
            on_seen=report.seen,
            writing=partial(workspace.lock, f"features-{video.id}", timeout=60),
        )
    Library(workspace).make_series(video.id)
    return summary(features)


def do_scan(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Look at some pictures spread over a video, so that its people can be picked before it is read."""
    from core.people.scan import scan

    video, path = _found(workspace, job)
    report.stage("loading")
    models = _models(str(job.settings.get("embedder", "resnet29")))
    report.stage("reading")
    features = scan(path, models, on_progress=report.progress)
    write_features(workspace.scan_path(video.id), features)
    return {"n_faces": len(features.faces)}


def do_photos(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Add the face of each photo to a person; photos with several faces are kept for the user to choose.

    The settings are the person's `name` and the `photos`: pairs of a path, removed afterwards, and the photo's name.
    """
    from core.people.photos import faces_in, read_photo

    report.stage("loading")
    models = _models("resnet29")
    report.stage("reading")
    chosen: list[Reference] = []
    several: list[Reference] = []
    faults = []
    photos = [(Path(path), str(name)) for path, name in job.settings["photos"]]
    for k, (path, name) in enumerate(photos):
        report.progress(k, len(photos))
        try:
            faces = faces_in(read_photo(path), name, detector=models.detector, embedder=models.embedder)
            (chosen if len(faces) == 1 else several).extend(faces)
        except FaceNotFound as error:
            faults.append(str(error).replace(str(path), name))
    name = str(job.settings["name"])
    if chosen:
        workspace.add_references(name, tuple(chosen))
    if several:
        keep = workspace.candidates_path(name)
        write_person(keep, Person(id=keep.stem, name=name, references=tuple(several)))
    for path, _ in photos:
        path.unlink(missing_ok=True)
    report.progress(len(photos), len(photos))
    if faults and not chosen and not several:
        raise FaceNotFound("; ".join(faults))
    return {"n_added": len(chosen), "n_candidates": len(several), "faults": faults}


def do_train(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Train a model on a person's labels; the settings hold its `name` and the `settings` of the training."""
    from core.training.train import TrainingSettings, train

    person = next((person for person in workspace.people() if person.id == job.subject), None)
    if person is None:
        raise WorkspaceFault(f"{job.name}: the person is gone from this workspace")
    report.stage("reading")
    curve = report.jobs.curve_path(job)

    def on_curve(seed: int, epoch: int, loss: float, validation: float | None) -> None:
        with curve.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"seed": seed, "epoch": epoch, "loss": loss, "validation": validation}) + "\n")

    settings = TrainingSettings(**job.settings.get("settings", {}))
    name = job.settings.get("name")
    folder, card = train(
        Library(workspace), person, settings, name=name, on_progress=report.progress, on_curve=on_curve
    )
    return {"model": folder.name, "n_clips": card["n_clips"], "n_funny": card["n_funny"]}


def do_detect(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Score a video by a model for a person, and keep scores and moments; the settings name `person_id` and `model`."""
    from core.detection.detect import DetectionSettings, decide, score
    from core.detection.results import save_detections

    video = next((video for video in workspace.videos() if video.id == job.subject.split("/")[0]), None)
    person = next((person for person in workspace.people() if person.id == job.settings["person_id"]), None)
    if video is None or person is None:
        raise VideoUnreadable(f"{job.name}: the video or the person is gone from this workspace")
    report.stage("reading")
    model = job.settings.get("model")
    scored = score(Library(workspace), video, person, model=model, on_progress=report.progress)
    settings = DetectionSettings(**job.settings.get("decision", {}))
    result = save_detections(workspace, scored, decide(scored, settings), settings)
    return {"n_moments": len(result["moments"]), "model": result["model"]}


def do_export(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Write moments of a video: the settings hold them as (start, end, score), `format`, `target` and `options`."""
    from core.export.formats import ExportOptions, export
    from core.segment import Detection

    video = next((video for video in workspace.videos() if video.id == job.subject.split("/")[0]), None)
    if video is None or video.path is None:
        raise VideoUnreadable(f"{job.name}: the video is gone; add it again from its new place")
    report.stage("reading")
    moments = [Detection(start, end, score) for start, end, score in job.settings["moments"]]
    made = export(
        moments,
        video.path,
        Path(job.settings["target"]),
        format=str(job.settings["format"]),
        options=ExportOptions(**job.settings.get("options", {})),
        on_progress=report.progress,
    )
    return {"files": [str(path) for path in made.paths], "warnings": list(made.warnings)}


def do_proxy(workspace: Workspace, job: Job, report: Report) -> Mapping[str, Any]:
    """Write what a browser plays of a video: the wanted `minute` of the settings first, then the whole."""
    from core.playback.playable import piece_paths
    from core.playback.proxy import MINUTE, make_minute, make_proxy

    video, path = _found(workspace, job)
    piece, note = piece_paths(workspace, video.id, int(job.settings.get("minute", 0)))
    report.stage("reading")
    if not note.exists():
        proxy = make_minute(path, piece, int(job.settings.get("minute", 0)), on_progress=report.progress)
        write_bytes(note, f"{proxy.offset} {(int(job.settings.get('minute', 0)) + 1) * MINUTE}".encode())
    target = workspace.proxy_path(video.id)
    made = make_proxy(path, target, on_progress=report.progress)
    shutil.rmtree(target.with_suffix(""), ignore_errors=True)
    return {"mode": made.mode, "bytes": target.stat().st_size}


@lru_cache(maxsize=2)
def _models(embedder_name: str) -> Models:
    from core.video_feature_extractor import load_models

    return load_models(min_face=1 / 16, embedder_name=embedder_name, device="cpu")


KINDS: dict[str, Callable[[Workspace, Job, Report], Mapping[str, Any]]] = {
    "extract": do_extract,
    "scan": do_scan,
    "photos": do_photos,
    "train": do_train,
    "detect": do_detect,
    "proxy": do_proxy,
    "export": do_export,
}


def run(jobs: Jobs, job: Job) -> Job:
    """Do one job and keep its state; gives the job as it ended."""
    report = Report(jobs, job)
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            with suppress(OSError):
                jobs.beat(job)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        result = KINDS[job.kind](jobs.workspace, job, report)
        report.state = replace(report.state, status="done", result=result, completed=report.state.total)
    except Cancelled:
        report.state = replace(report.state, status="cancelled", message="stopped; what was finished is kept")
    except PunchlineError as error:
        report.state = replace(report.state, status="failed", message=str(error))
    except BaseException as error:  # a fault of ours: told to the user, kept in the log, never silent
        traceback.print_exc()
        report.state = replace(
            report.state, status="failed", message=f"unexpected fault ({type(error).__name__}: {error})"
        )
        if not isinstance(error, Exception):
            raise
    finally:
        stop.set()
        report.state = replace(report.state, ended=time.time(), stage="")
        jobs.save(report.state)
    return report.state


def work(root: Path, lane: str) -> None:
    """Do what is queued in a lane of the workspace at `root`; at once done where another worker is at it."""
    jobs = Jobs(Workspace(root))
    while jobs.next_queued(lane) is not None:
        try:
            with jobs.worker_lock(lane).acquire(timeout=0):
                idle_since = time.monotonic()
                while True:
                    if (job := jobs.next_queued(lane)) is not None:
                        run(jobs, job)
                        idle_since = time.monotonic()
                    elif time.monotonic() - idle_since >= LINGER.get(lane, 0.0):
                        break
                    else:
                        time.sleep(0.2)
        except Timeout:
            return


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2])
