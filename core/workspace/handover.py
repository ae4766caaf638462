"""What people made of a video or a person, given to another id: a file that was remuxed, a person made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.labels.event import moment_id_of
from core.labels.handover import Whose, hand_over
from core.labels.ledger import Ledger
from core.storage.files import write_json
from core.workspace.paths import Paths


def hand_over_work(paths: Paths, whose: Whose, old: str, new: str) -> int:
    """Give labels, judgements, trims and the moments found to another id; how many labels these are.

    Moments that were found for the new id already stay. Scores stay behind: they belong to the series of the old id.
    A process that is killed in between does it again.

    Raises
    ------
    StorageFault
    """
    moment_ids: dict[str, str] = {}
    left = []
    for path, content in _moments_of(paths, whose, old):
        left.append(path)
        for result in _results(content):
            ids = _moment_ids(result)
            result[whose] = new
            moment_ids |= zip(ids, _moment_ids(result))
        target = paths.detections_path(content["video_id"], content["person_id"])
        if not target.exists():
            write_json(target, content)
    n = hand_over(Ledger(paths.labels_path), whose, old, new, moment_ids) if paths.labels_path.exists() else 0
    for path in left:
        path.unlink(missing_ok=True)
        path.with_suffix(".npz").unlink(missing_ok=True)
    return n


def _results(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The result of each model in a file of moments."""
    return [content, *content.get("earlier", {}).values()]


def _moment_ids(result: dict[str, Any]) -> list[str]:
    who = result["video_id"], result["person_id"]
    return [
        moment_id_of(*who, moment["best_start"], moment["best_end"], labelled=moment.get("labelled") is True)
        for moment in result["moments"]
    ]


def _moments_of(paths: Paths, whose: Whose, id: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files of moments of an id that can be read, with what is in them."""
    for path in sorted(paths.detections_folder.glob(f"*{id}*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            content = json.loads(path.read_text(encoding="utf-8"))
            if all(result[whose] == id and _moment_ids(result) is not None for result in _results(content)):
                yield path, content
