"""Labels of videos that are gone, offered to a video that holds the same: a recording that was remuxed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.errors import PunchlineError
from core.labels.ledger import Ledger
from core.playback.facts import about
from core.playback.likeness import are_alike
from core.workspace.handover import hand_over_work
from core.workspace.registry import Video
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class Offer:
    """A video that is gone, with how many labels hang on it, and one that looks and sounds the same."""

    old: Video
    n_labels: int
    video: Video


def gone_with_labels(workspace: Workspace) -> dict[str, tuple[Video, int]]:
    """Videos that are not where they were, or not known any more, by id, with their number of labels."""
    known = {video.id: video for video in workspace.videos()}
    n_labels: Counter[str] = Counter()
    for (_person, video_id, _label), n in Ledger(workspace.labels_path).counts().items():
        n_labels[video_id] += n
    videos = {id: known.get(id, Video(id, ())) for id in n_labels}
    return {id: (video, n_labels[id]) for id, video in videos.items() if video.path is None}


def offers(workspace: Workspace) -> list[Offer]:
    """Which videos could take over labels of videos that are gone. Raises StorageFault."""
    gone = gone_with_labels(workspace)
    here = [video for video in workspace.videos() if video.path is not None] if gone else []
    facts = about(workspace, here)
    return [
        Offer(old, n, video)
        for id, (old, n) in gone.items()
        for video in here
        if are_alike(facts.get(id, {}), facts.get(video.id, {}))
    ]


def adopt(workspace: Workspace, old_id: str, video: Video) -> int:
    """Give the labels, trims and moments of a video that is gone to another one; how many labels.

    Raises
    ------
    PunchlineError
        If there are no labels.
    """
    n = hand_over_work(workspace, "video_id", old_id, video.id) if old_id != video.id else 0
    if not n:
        raise PunchlineError("{id}: no label hangs on this video; `punchline labels stats` shows them", id=old_id)
    workspace.unregister([old_id])
    return n
