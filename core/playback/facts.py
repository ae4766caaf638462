"""What the files of videos say about themselves, asked once and kept."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import PunchlineError, Sentence, StorageFault, WorkspaceFault
from core.playback.likeness import likeness_or_none
from core.playback.proxy import plan
from core.storage.files import write_json
from core.video.probe import probe
from core.video.streams import Tracks
from core.workspace.paths import State, state_of
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

FACTS = ("duration", "width", "height", "fps", "codec", "has_audio", "n_video_tracks", "n_audio_tracks")
BUDGET = 1.0  # seconds that may be spent on looking into files not seen before


def _known(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return _kept(workspace.facts_path, state_of(workspace.facts_path))


@lru_cache(maxsize=4)
def _kept(path: Path, state: State) -> dict[str, dict[str, Any]]:
    """What a file in this state holds; it is not to be changed."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _facts_of(path: Path, tracks: Tracks) -> dict[str, Any]:
    info = probe(path, tracks=tracks)
    return {
        **{name: getattr(info, name) for name in FACTS},
        "playback": asdict(plan(path, tracks=tracks)),
        "likeness": likeness_or_none(path, info.duration),
    }


def about(workspace: Workspace, videos: list[Video], *, budget: float = BUDGET) -> dict[str, dict[str, Any]]:
    """What the files say about themselves, by video id; asked once and kept.

    Parameters
    ----------
    budget
        Seconds after which the rest is left for the next call.
    """
    known = _known(workspace)
    deadline = time.monotonic() + budget
    asked = {}
    for video in videos:
        facts = known.get(video.id)
        new = (
            facts is None
            or not ("likeness" in facts or "fault" in facts)
            or Tracks(**facts.get("tracks", {})) != video.tracks
        )
        if new and video.path is not None and time.monotonic() < deadline:
            try:
                asked[video.id] = _facts_of(video.path, video.tracks)
            except PunchlineError as error:
                asked[video.id] = {"fault": Sentence.of(error)}
            except Exception as error:  # decoders raise anything; one file must not take the pages down
                kind = type(error).__name__
                fault = Sentence("{path}: cannot be read ({kind}: {cause})", path=video.path, kind=kind, cause=error)
                asked[video.id] = {"fault": fault}
            asked[video.id]["tracks"] = asdict(video.tracks)
    if asked:
        with suppress(WorkspaceFault, StorageFault), workspace.lock("about"):  # what cannot be kept is asked again
            write_json(workspace.facts_path, _known(workspace) | asked)
    return known | asked
