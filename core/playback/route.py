"""The web app's routes: signed addresses of videos and their proxies by id, served in ranges, and of their pictures."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.errors import PunchlineError
from core.playback.access import Access
from core.playback.thumbnails import picture
from core.workspace.paths import Paths
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

PREFIX, STILLS = "/vod", "/still"
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
GUARDED = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin"}
_KEY = "PUNCHLINE_MEDIA_KEY"


def signature_of(name: str) -> str:
    """What makes an address of this server's own; it holds until the server stops."""
    key = os.environ.setdefault(_KEY, secrets.token_hex(32))  # lives as long as the server process
    return hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]


def media_address(video_id: str, variant: str = "") -> str:
    """Where this server serves a video, or a variant of it; it holds until the server stops.

    Variants are ``proxy``, what a browser plays of it, and ``minute7``, that of its eighth minute.
    """
    name = f"{video_id}.{variant}" if variant else video_id
    return f"{base_path()}{PREFIX}/{signature_of(name)}/{name}"


def stills_address(video_id: str) -> str:
    """Where this server serves small pictures of a video: seconds follow it, as in ``61.5``."""
    return f"{base_path()}{STILLS}/{signature_of(f'still {video_id}')}/{video_id}/"


def base_path() -> str:
    """What stands before every path of the app behind a proxy."""
    return Access.from_environment().base_path


def is_signed(name: str, signature: str) -> bool:
    """Whether this server made a signature for a name."""
    return hmac.compare_digest(signature_of(name).encode(), signature.encode())


def _video(root: Path, video_id: str) -> Video | None:
    try:
        return next((video for video in Workspace(root).videos() if video.id == video_id), None)
    except PunchlineError:
        return None


def _file_of(root: Path, signature: str, name: str) -> Path | None:
    """The file of a signed name; None for a forged one, an unknown one, and one that is gone or cannot be played."""
    if not is_signed(name, signature):
        return None
    video_id, _, variant = name.partition(".")
    if variant:
        paths = Paths(root)
        piece = paths.proxy_minutes_folder(video_id) / f"{variant}.mp4"
        proxy = paths.proxy_path(video_id) if variant == "proxy" else piece
        return proxy if proxy.is_file() else None
    video = _video(root, video_id)
    path = None if video is None else video.path
    return path if path is not None and path.suffix.lower() in PLAYABLE else None


def _still_of(root: Path, signature: str, video_id: str, seconds: float) -> Path | None:
    """The picture of a place; None for a forged address, an unknown video, and a place that cannot be read."""
    video = _video(root, video_id) if is_signed(f"still {video_id}", signature) else None
    return None if video is None else picture(Workspace(root), video, seconds)


def _bounded(header: str) -> str:
    """A range header whose answer is not longer than `LONGEST_ANSWER`; other forms stay as they are."""
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", header)
    if not span:
        return header
    first = int(span[1])
    last = min(int(span[2] or first + LONGEST_ANSWER - 1), first + LONGEST_ANSWER - 1)
    return f"bytes={first}-{last}"


def media_routes(root: Path) -> list[Route]:
    """The routes that serve videos and pictures of the workspace at `root`, for this site's own pages only."""

    async def serve(request: Request) -> Response:
        if is_foreign(request):
            return PlainTextResponse("forbidden: another site asked", 403)
        path = _file_of(root, request.path_params["signature"], request.path_params["name"])
        if path is None:
            return PlainTextResponse("not found", 404)
        request.scope["headers"] = [
            (name, _bounded(value.decode("latin-1")).encode("latin-1") if name == b"range" else value)
            for name, value in request.scope["headers"]
        ]
        answer = FileResponse(path, media_type=PLAYABLE[path.suffix.lower()])
        answer.headers.update({**GUARDED, "cache-control": "private, no-cache"})
        return answer

    async def serve_still(request: Request) -> Response:
        if is_foreign(request):
            return PlainTextResponse("forbidden: another site asked", 403)
        given = request.path_params
        path = await run_in_threadpool(_still_of, root, given["signature"], given["video_id"], given["seconds"])
        if path is None:
            return PlainTextResponse("not found", 404)
        answer = FileResponse(path, media_type="image/jpeg")
        answer.headers.update({**GUARDED, "cache-control": "private, no-cache"})
        return answer

    return [
        Route(f"{base_path()}{PREFIX}/{{signature}}/{{name}}", serve, methods=["GET", "HEAD"]),
        Route(f"{base_path()}{STILLS}/{{signature}}/{{video_id}}/{{seconds:float}}", serve_still),
    ]


def is_foreign(request: Request) -> bool:
    """Whether a page of another site asks."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
