"""Funny moments: finding them in a video, and writing them as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.actions.cues import hear_anew
from core.actions.videos import OnProgress, no_progress
from core.detection.detect import DetectionSettings, Found, Scored, decide, score
from core.detection.results import moments_in, read_detections, save_detections
from core.errors import Sentence, WorkspaceFault
from core.export.formats import ExportOptions, ExportResult
from core.export.formats import export as write_moments
from core.people.person import Person
from core.segment import Detection
from core.series import Sampling
from core.workspace.library import Library
from core.workspace.registry import Video
from core.workspace.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Detected:
    """The scores of a video, the moments told from them, and the result as it is kept."""

    scored: Scored
    decided: Found
    result: dict[str, Any]


def detect(
    workspace: Workspace,
    video: Video,
    person: Person,
    settings: DetectionSettings = DetectionSettings(),
    *,
    model: str | None = None,
    n_rows: int | None = None,
    sampling: Sampling | None = None,
    on_progress: OnProgress = no_progress,
) -> Detected:
    """Find the funny moments of a person in an extracted video, and keep them.

    Laughter that was heard in another way than today is heard anew first.

    Parameters
    ----------
    model
        By name; the one that the person uses if None.
    n_rows, sampling
        As `core.detection.detect.score`.

    Raises
    ------
    ModelFault, WorkspaceFault, Busy, StorageFault
    """
    hear_anew(workspace, [video], on_progress=on_progress)
    scored = score(
        Library(workspace), video, person, model=model, n_rows=n_rows, sampling=sampling, on_progress=on_progress
    )
    decided = decide(scored, settings)
    return Detected(scored, decided, save_detections(workspace, scored, decided, settings))


def kept_moments(workspace: Workspace, video: Video, person: Person, *, model: str | None = None) -> list[Detection]:
    """The moments of the latest detection, or of the latest by a model. Raises WorkspaceFault where there are none."""
    results = read_detections(workspace, video.id, person.id)
    if model is not None and model not in results:
        known = ", ".join(results) or Sentence("none")
        raise WorkspaceFault(
            "{video}: no moments by the model {model} (known: {known}); run `punchline detect`",
            video=video.name,
            model=model,
            known=known,
        )
    result = results[model] if model is not None else next(iter(results.values()), None)
    if result is None:
        raise WorkspaceFault(
            "{video}: nothing was looked for yet; run `punchline detect {video}` first", video=video.name
        )
    return list(moments_in(result))


def export(
    video: Video,
    moments: Sequence[Detection],
    target: Path,
    *,
    format: str,
    options: ExportOptions = ExportOptions(),
    on_progress: OnProgress = no_progress,
) -> ExportResult:
    """Write moments of a video, as `core.export.formats.export`. Raises VideoUnreadable where the video is gone."""
    return write_moments(
        moments,
        video.existing_path(),
        target,
        format=format,
        options=options,
        tracks=video.tracks,
        on_progress=on_progress,
    )
