"""The web app's route for exported files: one as it is, several as a ZIP that is made on the way."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core.errors import PunchlineError
from core.playback.route import base_path, is_foreign, is_signed, signature_of
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace

DOWNLOADS = "/download"
BLOCK = 1 << 20  # bytes read at once


def download_address(job_ids: Sequence[str]) -> str:
    """Where this server serves the files that these exports wrote."""
    ids = ",".join(job_ids)
    return f"{base_path()}{DOWNLOADS}/{signature_of(f'download {ids}')}/{ids}"


class _Pipe(io.RawIOBase):
    """What is written here is taken away at once: a ZIP needs no file of its own."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.held += memoryview(data)  # type: ignore[arg-type]
        return len(data)  # type: ignore[arg-type]

    def taken(self) -> bytes:
        data, self.held = bytes(self.held), bytearray()
        return data


def zipped(paths: Sequence[Path]) -> Iterator[bytes]:
    """A ZIP of files, not compressed (videos are already), in parts. Raises OSError where one is gone."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for name, path in _named(paths):
            with path.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    target.write(block)
                    yield pipe.taken()
    yield pipe.taken()


def _named(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Names without folders; a second file of the same name gets a number."""
    seen: dict[str, int] = {}
    for path in paths:
        n = seen[path.name] = seen.get(path.name, 0) + 1
        yield (path.name if n == 1 else f"{path.stem} ({n}){path.suffix}"), path


def _files(root: Path, ids: str) -> list[Path]:
    """What these exports wrote and what is still there."""
    jobs = Jobs(Workspace(root))
    found = []
    for id in ids.split(","):
        try:
            job = jobs.find(id)
        except PunchlineError:
            continue
        if job.kind == "export" and job.status == "done":
            found += [Path(path) for path in job.result.get("files", [])]
    return [path for path in found if path.is_file()]


def download_routes(root: Path) -> list[Route]:
    """The route that serves what the workspace at `root` exported, for this site's own pages only."""

    async def serve(request: Request) -> Response:
        ids = request.path_params["ids"]
        if is_foreign(request):
            return PlainTextResponse("forbidden: another site asked", 403)
        paths = _files(root, ids) if is_signed(f"download {ids}", request.path_params["signature"]) else []
        if not paths:
            return PlainTextResponse("not found", 404)
        if len(paths) == 1:
            return FileResponse(paths[0], filename=paths[0].name)
        name = quote(f"{paths[0].parent.name}.zip")
        head = {"content-disposition": f"attachment; filename*=utf-8''{name}"}
        return StreamingResponse(zipped(paths), media_type="application/zip", headers=head)

    return [Route(f"{base_path()}{DOWNLOADS}/{{signature}}/{{ids}}", serve)]
