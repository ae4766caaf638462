"""How a page can play a video: as it lies, or by a proxy that is there, comes, or has to be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.playback.facts import about
from core.playback.route import PLAYABLE, media_address
from core.workspace.jobs import Job, Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class Playable:
    """What a player gets.

    `state` is direct, proxy (the whole), minute (a piece of the proxy), preparing, needed (nobody asked yet), failed
    or gone; `src` is empty unless something can be played. A piece shows ``[offset, end)`` seconds of the video; its
    address says so to the player. `job` prepares the proxy, `estimated_bytes` is what it takes on the disk, `reason`
    says why it is needed.
    """

    state: Literal["direct", "proxy", "minute", "preparing", "needed", "failed", "gone"]
    src: str = ""
    offset: float = 0.0
    end: float = 0.0
    reason: str = ""
    estimated_bytes: int = 0
    job: Job | None = None


def playable(workspace: Workspace, video: Video, *, wanted: float = 0.0) -> Playable:
    """How to play a video now; `wanted` is the time in seconds that is needed first."""
    if video.path is None:
        return Playable("gone")
    facts: dict[str, Any] = about(workspace, [video]).get(video.id, {})
    needs = facts.get("playback", {})
    if needs.get("mode", "direct") == "direct" and video.path.suffix.lower() in PLAYABLE:
        return Playable("direct", media_address(video.id))
    reason, size = str(needs.get("reason", "")), int(needs.get("estimated_bytes", 0))
    if workspace.proxy_path(video.id).exists():
        return Playable("proxy", media_address(video.id, "proxy"), reason=reason, estimated_bytes=size)
    job = Jobs(workspace).latest("proxy", video.id)
    for minute, offset, end in _pieces(workspace, video):
        if offset <= wanted < end - 1:
            src = f"{media_address(video.id, f'minute{minute}')}#offset={offset:.3f}"
            return Playable("minute", src, offset, end, reason, size, job)
    if job is None or job.status == "cancelled":
        return Playable("needed", reason=reason, estimated_bytes=size)
    return Playable("preparing" if job.live else "failed", reason=reason, estimated_bytes=size, job=job)


def _pieces(workspace: Workspace, video: Video) -> list[tuple[int, float, float]]:
    """Minutes that are ready: their number, and their begin and end in seconds of the video."""
    minutes = []
    for path in workspace.proxy_minutes_folder(video.id).glob("minute*.json"):
        parts = path.read_text(encoding="utf-8").split()
        if len(parts) == 2 and path.with_suffix(".mp4").exists():
            minutes.append((int(path.stem.removeprefix("minute")), float(parts[0]), float(parts[1])))
    return sorted(minutes)


def piece_paths(workspace: Workspace, video_id: str, minute: int) -> tuple[Path, Path]:
    """Where a minute of a proxy lies, and the note of its begin and end beside it."""
    path = workspace.proxy_minutes_folder(video_id) / f"minute{minute}.mp4"
    return path, path.with_suffix(".json")
