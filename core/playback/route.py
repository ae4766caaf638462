"""The web app's route for video files: signed addresses of videos and their proxies by id, served in ranges."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.errors import PunchlineError
from core.playback.access import Access
from core.workspace.paths import Paths
from core.workspace.workspace import Workspace

PREFIX = "/vod"
# Bytes in one answer. A browser opens few connections to a host: short answers keep them free for the page itself.
LONGEST_ANSWER = 4 << 20
# What browsers play; any other file needs a proxy.
PLAYABLE = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}
_KEY = "PUNCHLINE_MEDIA_KEY"


def _signature(name: str) -> str:
    key = os.environ.setdefault(_KEY, secrets.token_hex(32))  # lives as long as the server process
    return hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]


def media_address(video_id: str, variant: str = "") -> str:
    """Where this server serves a video, or a variant of it; it holds until the server stops.

    Variants are ``proxy``, what a browser plays of it, and ``minute7``, that of its eighth minute.
    """
    name = f"{video_id}.{variant}" if variant else video_id
    return f"{Access.from_environment().base_path}{PREFIX}/{_signature(name)}/{name}"


def _file_of(root: Path, signature: str, name: str) -> Path | None:
    """The file of a signed name; None for a forged one, an unknown one, and one that is gone or cannot be played."""
    if not hmac.compare_digest(_signature(name).encode(), signature.encode()):
        return None
    video_id, _, variant = name.partition(".")
    if variant:
        paths = Paths(root)
        piece = paths.proxy_minutes_folder(video_id) / f"{variant}.mp4"
        proxy = paths.proxy_path(video_id) if variant == "proxy" else piece
        return proxy if proxy.is_file() else None
    try:
        path = next((video.path for video in Workspace(root).videos() if video.id == video_id), None)
    except PunchlineError:
        return None
    return path if path is not None and path.suffix.lower() in PLAYABLE else None


def _bounded(header: str) -> str:
    """A range header whose answer is not longer than `LONGEST_ANSWER`; other forms stay as they are."""
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", header)
    if not span:
        return header
    first = int(span[1])
    last = min(int(span[2] or first + LONGEST_ANSWER - 1), first + LONGEST_ANSWER - 1)
    return f"bytes={first}-{last}"


def media_routes(root: Path) -> list[Route]:
    """The route that serves the videos of the workspace at `root`, for this site's own pages only."""

    async def serve(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("forbidden: another site asked", 403)
        path = _file_of(root, request.path_params["signature"], request.path_params["name"])
        if path is None:
            return PlainTextResponse("not found", 404)
        request.scope["headers"] = [
            (name, _bounded(value.decode("latin-1")).encode("latin-1") if name == b"range" else value)
            for name, value in request.scope["headers"]
        ]
        answer = FileResponse(path, media_type=PLAYABLE[path.suffix.lower()])
        answer.headers.update(
            {
                "x-content-type-options": "nosniff",
                "cache-control": "private, no-cache",
                "cross-origin-resource-policy": "same-origin",
            }
        )
        return answer

    base = Access.from_environment().base_path
    return [Route(f"{base}{PREFIX}/{{signature}}/{{name}}", serve, methods=["GET", "HEAD"])]
