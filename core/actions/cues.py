"""Cues of extracted videos: reading them, and hearing laughter without a new extraction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from core.errors import WorkspaceFault
from core.faces.feature_file import change_cues, read_cues
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


def compute_laughter(
    workspace: Workspace, video: Video, *, on_progress: Callable[[float, float], None]
) -> NDArray[np.float32]:
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
