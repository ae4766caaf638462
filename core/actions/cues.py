"""Cues of extracted videos: reading them, and hearing laughter without a new extraction."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError, StorageFault, WorkspaceFault
from core.faces.feature_file import Features, change_cues, outdated_cues, read_cues
from core.multimodal_processor import OnProgress
from core.video.ahead import Ahead
from core.video.sound import sound_blocks
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

SPAN = 60.0  # seconds of sound between two reports of progress
AHEAD = 256  # blocks of sound that are decoded while the ones before are heard


def cues_of(workspace: Workspace, video: Video) -> dict[str, NDArray[np.float32]]:
    """The cues (n_frames, k) of an extracted video by name; none where its extraction is not finished."""
    path = workspace.features_path(video.id)
    return read_cues(path)[1] if path.exists() else {}


def hears_otherwise(workspace: Workspace, video: Video) -> bool:
    """Whether laughter in an extracted video was heard in another way than today, so that it counts as absent."""
    path = workspace.features_path(video.id)
    with suppress(StorageFault):  # whoever reads the file tells
        return path.exists() and "laughter" in outdated_cues(path)
    return False


def hear_anew(workspace: Workspace, videos: Iterable[Video], *, on_progress: OnProgress) -> int:
    """Hear laughter in those videos where it was heard in another way than today; how many these were.

    A video whose file is gone or cannot be heard stays as it is.
    """
    n_heard = 0
    for video in videos:
        if hears_otherwise(workspace, video):
            with suppress(PunchlineError):
                compute_laughter(workspace, video, on_progress=on_progress)
                n_heard += 1
    return n_heard


def with_laughter(workspace: Workspace, video: Video, features: Features, *, on_progress: OnProgress) -> Features:
    """A finished extraction, with laughter where it has sound but not all of it was heard, or in another way."""
    if "laughter" in features.cues or not np.isfinite(features.audio).any():
        return features
    with suppress(WorkspaceFault):  # its sound is too short to be heard
        rows = compute_laughter(workspace, video, on_progress=on_progress)
        return replace(features, cues={**features.cues, "laughter": rows})
    return features


def compute_laughter(workspace: Workspace, video: Video, *, on_progress: OnProgress) -> NDArray[np.float32]:
    """Hear the sound of a video again and put the cue `laughter` (n_frames, 4) into its feature file.

    Raises
    ------
    WorkspaceFault
        If it was not extracted, or has no sound.
    """
    from core.cues.laughter import LaughterReader

    target = workspace.features_path(video.id)
    if not target.exists():
        raise WorkspaceFault(
            "{name}: not analysed yet; run `punchline extract {name}`, which hears laughter too", name=video.name
        )
    timestamps, _, _ = read_cues(target)
    sound = sound_blocks(video.existing_path(), tracks=video.tracks)
    total, parts = float(timestamps[-1]), []
    with closing(Ahead(sound, limit=AHEAD)) as blocks:
        reader = LaughterReader(blocks)
        for part in np.split(timestamps, np.searchsorted(timestamps, np.arange(SPAN, total, SPAN))):
            parts.append(reader.rows(part))
            on_progress(float(part[-1]) if len(part) else 0.0, total)
    rows = np.concatenate(parts)
    if np.isnan(rows).all():
        raise WorkspaceFault("{name}: it has no sound in which laughter could be heard", name=video.name)
    with workspace.lock(f"features-{video.id}", timeout=60):
        change_cues(target, {"laughter": rows})
    return rows
