"""Results of detection as JSON and as labels, and kept in the workspace: pages open again without scoring anew.

``detections/<video id>-<person id>.json`` holds the latest result, and under ``earlier`` the last one of each other
model; ``<video id>-<person id>.npz`` the scores of the latest.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.classifiers.intervals import share_interval
from core.clip_dataset_builder import clip_digest
from core.detection.detect import DetectionSettings, Found, Scored, shares_of_labels
from core.detection.moments import Moment
from core.errors import Sentence, StorageFault, with_templates
from core.labels.contradictions import counting
from core.labels.event import LabelEvent
from core.people.person import Person
from core.segment import Segment
from core.sliding_window_processor import Scores, sliding_windows
from core.storage import files as storage
from core.storage.hdf5 import AnotherFormat
from core.training.card import options_of
from core.training.model_store import ModelStore
from core.workspace.library import Library
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

FORMAT, VERSION = "punchline-detections", 1
SHARES = ("random_share", "n_random", "funny_share")  # what labels tell of the share of funny clips, see `Scored`


def as_json(scored: Scored, found: Found) -> dict[str, Any]:
    """A result as machines read it: what `punchline detect --json` prints and what is kept in the workspace."""
    return {
        "video": scored.video_name,
        "video_id": scored.video_id,
        "person": scored.person,
        "person_id": scored.person_id,
        "model": scored.model,
        "prior": round(found.prior, 6),
        "threshold": None if found.threshold is None else round(found.threshold, 6),
        "moments": moments_as_json(found.moments),
        "not_judged_s": round(found.not_judged_s, 3),
        "not_judged": [[round(s.start, 3), round(s.end, 3)] for s in found.not_judged],
        "loud": [[round(s.start, 3), round(s.end, 3), round(s.loudness, 1)] for s in found.loud],
        "warnings": list(scored.warnings),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def moments_as_json(moments: Iterable[Moment]) -> list[dict[str, Any]]:
    """Moments as they stand in a result; what `moments_in` reads."""
    return [
        {
            "start": round(m.start, 3),
            "end": round(m.end, 3),
            "score": round(m.score, 4),
            "probability": round(m.probability, 4),
            "best_start": round(m.best.start, 3),
            "best_end": round(m.best.end, 3),
            **({"labelled": True} if m.labelled else {}),
        }
        for m in moments
    ]


def save_detections(workspace: Workspace, scored: Scored, found: Found, settings: DetectionSettings) -> dict[str, Any]:
    """Keep a result and its scores, and give it as it stands in the file. Raises Busy, StorageFault."""
    path = workspace.detections_path(scored.video_id, scored.person_id)
    result = {**as_json(scored, found), "settings": asdict(settings)}
    with workspace.lock(f"detections-{scored.video_id}"):
        try:
            results = read_detections(workspace, scored.video_id, scored.person_id)
        except StorageFault as fault:
            kept = Sentence("{fault}; kept as {name}", fault=fault, name=storage.set_aside(path).name)
            results, result["warnings"] = {}, [*result["warnings"], kept]
        if path.with_suffix(".npz").is_dir():
            storage.set_aside(path.with_suffix(".npz"))
        earlier = {model: kept for model, kept in results.items() if model != scored.model}
        with storage.writing(path.with_suffix(".npz")) as partial, partial.open("wb") as file:
            np.savez_compressed(
                file,
                log_odds=scored.scores.log_odds.astype(np.float32),
                loudness=scored.loudness.astype(np.float32),
                usual=scored.usual,
                about=json.dumps(
                    {
                        "model": scored.model,
                        "digest": scored.digest,
                        "trained": scored.trained,
                        "labelled_share": scored.labelled_share,
                        **{name: getattr(scored, name) for name in SHARES},
                        "warnings": with_templates(scored.warnings),
                    }
                ),
            )
        storage.write_json(path, {"format": FORMAT, "format_version": VERSION, **result, "earlier": earlier})
    return result


def read_detections(workspace: Workspace, video_id: str, person_id: str) -> dict[str, dict[str, Any]]:
    """The kept result of each model, the latest first; empty where nothing was looked for. Raises StorageFault."""
    path = workspace.detections_path(video_id, person_id)
    return read_results(path) if path.exists() else {}


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """The results in a file. Raises StorageFault if it is damaged or of another version."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError("another format")
        if (version := content.pop("format_version")) != VERSION:
            raise AnotherFormat(
                "{path}: {expected} version {version}, this program reads version {newest}; use the program "
                "version that wrote it, or make the file anew",
                path=path,
                expected=FORMAT,
                version=version,
                newest=VERSION,
            )
        earlier = content.pop("earlier")
        results: dict[str, dict[str, Any]] = {str(content["model"]): content, **earlier}
        for result in results.values():
            moments_in(result)
        return results
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageFault(
            "{path}: the moments that were kept cannot be read ({cause}); run `punchline detect` again",
            path=path,
            cause=error,
        ) from error


def moments_in(result: Mapping[str, Any]) -> list[Moment]:
    """The moments of a kept result."""
    return [
        Moment(
            m["start"],
            m["end"],
            m["score"],
            Segment(m["best_start"], m["best_end"]),
            m["probability"],
            m.get("labelled") is True,
        )
        for m in result["moments"]
    ]


def kept_scores(library: Library, video: Video, person: Person, *, model: str | None = None) -> Scored | None:
    """The scores kept for a person in a video, as `detect.score` gave them, to `decide` on without delay.

    None where there are none, where they are another model's, or where the series is another one by now. They hold
    against what was usual then, though more videos of the person may be there now, and labels count as they were then:
    what is judged since moves no moment until it is looked for again.

    Raises
    ------
    ModelFault, WorkspaceFault
        If there is no such model, or the video is not analysed.
    """
    folder = ModelStore(library.workspace).folder_of(model, person)
    person_series = library.series_of(video, person)
    path = library.workspace.scores_path(video.id, person.id)
    windows = sliding_windows(person_series.series)
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        with path.open("rb") as opened, np.load(opened) as file:
            about = json.loads(str(file["about"]))
            log_odds, loudness, usual = (file[name].astype(np.float64) for name in ("log_odds", "loudness", "usual"))
        present: dict[str, Any] = {
            "model": folder.name,
            "trained": str(card.get("created", "")),
            "digest": clip_digest(person_series, options_of(card, name=folder.name)),
        }
        same = all(about[key] == value for key, value in present.items())
        if not same or (len(log_odds), len(loudness)) != (len(windows), windows.n_steps):
            return None
        labelled_share, warnings = float(about["labelled_share"]), tuple(map(Sentence.of, about["warnings"]))
        shares = _shares_in(about)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return None
    return Scored(
        video_id=video.id,
        video_name=video.name,
        person_id=person.id,
        person=person.name,
        scores=Scores(windows, log_odds),
        loudness=loudness,
        labelled_share=labelled_share,
        **(shares or shares_of_labels(counting(library.ledger, person_id=person.id), video.id, windows)),
        usual=usual,
        warnings=warnings,
        **present,
    )


def _shares_in(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """What labels told when it was looked for; None in a file that does not say. Raises TypeError, ValueError."""
    if not all(name in about for name in SHARES):
        return None
    random = about["random_share"]
    return {
        "random_share": None if random is None else float(random),
        "n_random": int(about["n_random"]),
        "funny_share": float(about["funny_share"]),
    }


def what_changed(library: Library, video: Video, person: Person, *, model: str) -> list[Sentence]:
    """Why the kept moments of a model have no scores that hold (`kept_scores` is None), in sentences.

    Raises
    ------
    PunchlineError
        If the person's series cannot be made.
    """
    workspace = library.workspace
    card_path = workspace.models_folder / model / "card.json"
    if not card_path.exists():
        return [Sentence("the model {model} is not there any more", model=model)]
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        with np.load(workspace.scores_path(video.id, person.id)) as file:
            about = json.loads(str(file["about"]))
        if about["model"] != model:
            return [Sentence("another model, {model}, looked at this video since", model=about["model"])]
        changed = []
        if about["trained"] != str(card.get("created", "")):
            changed.append(Sentence("the model {model} was trained again", model=model))
        digest = clip_digest(library.series_of(video, person), options_of(card, name=model))
        if about["digest"] != digest or not changed:
            changed.append(Sentence("the video was extracted anew, or reference faces or thresholds were changed"))
        return changed
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return [Sentence("its scores cannot be read any more")]


# What people say of them


@dataclass(frozen=True)
class Precision:
    """Of the moments that somebody looked at: how many were accepted, and the share with its 95 % interval.

    The interval is Wilson's (1927, doi:10.1080/01621459.1927.10502953); share and bounds are None where none was looked
    at.
    """

    n_accepted: int
    n_rejected: int
    share: float | None
    low: float | None
    high: float | None


def precision_so_far(events: Iterable[LabelEvent]) -> Precision:
    """How often the moments found were right, from the labels that accepting and rejecting made."""
    labels = [e.label for e in events if e.origin in ("accepted", "rejected") and e.label is not None]
    n, k = len(labels), sum(labels)
    if n == 0:
        return Precision(0, 0, None, None, None)
    return Precision(k, n - k, k / n, *share_interval(k, n))
