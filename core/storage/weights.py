"""Where a model's weights come from: bundled with the program, or downloaded once into a cache. Always checksummed."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from core.errors import Sentence, WeightsUnavailable
from core.storage.files import replace
from core.storage.program import ASSETS

BLOCK = 1 << 20  # bytes read at once
TIMEOUT = 30.0  # seconds without an answer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Weights:
    """One file of weights: what it is called, what it must contain and where it comes from.

    ``digest`` is ``sha256:<hex>`` or ``git-blob:<hex>``; the latter is git's own object id, the SHA-1 of
    ``"blob <size>\\0"`` and the content, by which GitHub names the files of a repository. ``size`` is in bytes. ``url``
    is None for a file that is bundled.
    """

    name: str
    file: str
    digest: str
    size: int
    licence: str
    source: str = ""
    url: str | None = None

    def __post_init__(self) -> None:
        kind, _, value = self.digest.partition(":")
        n_digits = {"sha256": 64, "git-blob": 40}.get(kind)
        if len(value) != n_digits or set(value) - set("0123456789abcdef"):
            raise ValueError(f"{self.name}: digest {self.digest!r}, expected sha256:<64 hex> or git-blob:<40 hex>")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ValueError(f"{self.name}: address {self.url!r}, expected http or https")


def describe(name: str) -> Weights:
    """The weights of that name in assets/weights.json, the one list of every file and its digest.

    Raises
    ------
    WeightsUnavailable
        If there is no such entry; lists those there are.
    """
    for weights in catalogue():
        if weights.name == name:
            return weights
    known = ", ".join(sorted(weights.name for weights in catalogue()))
    raise WeightsUnavailable(
        "No weights are called {name!r}; {file} knows {known}.", name=name, file=ASSETS / "weights.json", known=known
    )


def catalogue() -> list[Weights]:
    """Every entry of assets/weights.json. Raises WeightsUnavailable if it cannot be read."""
    path = ASSETS / "weights.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsUnavailable(
            "{path} cannot be read ({cause}). Install Punchline again.", path=path, cause=error
        ) from error
    found = []
    for name, entry in entries.items():
        sha256, git_blob = entry.pop("sha256", None), entry.pop("git_blob", None)
        digest = f"sha256:{sha256}" if sha256 else f"git-blob:{git_blob}"
        found.append(Weights(name=name, digest=digest, **entry))
    return found


def cache_folder() -> Path:
    """Where downloads are kept: $PUNCHLINE_CACHE, else ~/.cache/punchline."""
    return Path(os.environ.get("PUNCHLINE_CACHE") or Path.home() / ".cache" / "punchline")


def find(weights: Weights, *, folder: Path | None = None) -> Path:
    """Path of weights that are on this machine, after checking their digest. Nothing is downloaded.

    Parameters
    ----------
    weights
        Bundled weights are looked for in assets/, downloaded ones in the cache.
    folder
        Look here instead.

    Raises
    ------
    WeightsUnavailable
        If the file is missing, unreadable or has another digest; says what to do.
    """
    path = _place(weights) if folder is None else folder / weights.file
    remedy = (
        Sentence("Install Punchline again.")
        if weights.url is None
        else Sentence("Delete it and download {weights} again.", weights=weights.name)
    )
    try:
        digest = _digest(path, weights)
    except FileNotFoundError as error:
        if weights.url is not None:
            size = f"{weights.size / 1e6:.0f} MB"
            remedy = Sentence(
                "It is a download of {size}: run `punchline weights fetch {weights}` first.",
                size=size,
                weights=weights.name,
            )
        raise WeightsUnavailable(
            "{path} is missing, expected {digest}. {remedy}", path=path, digest=weights.digest, remedy=remedy
        ) from error
    except OSError as error:
        raise WeightsUnavailable(
            "{path} cannot be read ({cause}), expected {digest}. {remedy}",
            path=path,
            cause=error,
            digest=weights.digest,
            remedy=remedy,
        ) from error
    if digest != weights.digest:
        raise WeightsUnavailable(
            "{path} has digest {found}, expected {digest}. {remedy}",
            path=path,
            found=digest,
            digest=weights.digest,
            remedy=remedy,
        )
    return path


def _place(weights: Weights) -> Path:
    return (ASSETS if weights.url is None else cache_folder()) / weights.file


def is_here(weights: Weights) -> bool:
    """Whether the file is on this machine; its digest is checked by `find`."""
    return _place(weights).is_file()


def fetch(weights: Weights, *, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """Download weights into the cache, check them and return their path; weights already there are only checked.

    A broken download leaves ``<file>.part`` and the next call goes on from there. The file gets its name only when its
    digest is right. A second process that fetches the same file waits for the first.

    Parameters
    ----------
    weights
        Must have an address; bundled weights need none and are looked up with `find`.
    on_progress
        Called with (completed, total) bytes, first before the connection is opened: this announces the size.

    Raises
    ------
    WeightsUnavailable
        If the server cannot be reached, the connection breaks or the digest is wrong (the file is then deleted).
    """
    if weights.url is None:
        raise WeightsUnavailable(
            "{weights} is bundled as {file} and has no download address.",
            weights=weights.name,
            file=ASSETS / weights.file,
        )
    target = cache_folder() / weights.file
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if target.exists() and _digest(target, weights) == weights.digest:
                return target
            _download(weights, part, on_progress or (lambda completed, total: None))
            digest = _digest(part, weights)
            if digest != weights.digest:
                part.unlink()
                raise WeightsUnavailable(
                    "{url} gave a file with digest {found}, expected {digest}. It was deleted and is not used. "
                    "Try again; if it stays so, the file at that address was changed.",
                    url=weights.url,
                    found=digest,
                    digest=weights.digest,
                )
            replace(part, target)
    except (OSError, http.client.HTTPException) as error:
        raise WeightsUnavailable(
            "{weights} ({size} bytes) could not be fetched from {url} into {folder}: {cause}. What has "
            "arrived is kept; call again to go on.",
            weights=weights.name,
            size=weights.size,
            url=weights.url,
            folder=target.parent,
            cause=error,
        ) from error
    return target


def _download(weights: Weights, part: Path, on_progress: Callable[[int, int], None]) -> None:
    """Bring ``part`` to its full length, from where an earlier attempt ended."""
    assert weights.url is not None
    completed = part.stat().st_size if part.exists() else 0
    log.info("downloading %s, %d of %d bytes are here", weights.url, completed, weights.size)
    on_progress(completed, weights.size)
    headers = {"User-Agent": "punchline", "Accept-Encoding": "identity"}
    if completed:
        headers["Range"] = f"bytes={completed}-"
    try:
        response = urllib.request.urlopen(urllib.request.Request(weights.url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
        return  # Nothing lies after what is here: the digest tells whether it is whole.
    with response:
        if completed and response.status != http.HTTPStatus.PARTIAL_CONTENT:
            completed = 0  # The server sends all of it again.
        with part.open("ab" if completed else "wb") as out:
            expected = completed + int(response.headers.get("Content-Length") or weights.size - completed)
            while block := response.read(BLOCK):
                out.write(block)
                completed += len(block)
                on_progress(completed, expected)
            out.flush()
            os.fsync(out.fileno())
    if completed < expected:
        raise ConnectionError(f"the connection ended after {completed} of {expected} bytes")


def _digest(path: Path, weights: Weights) -> str:
    """Digest of the file, of the same kind as the expected one."""
    kind = weights.digest.partition(":")[0]
    with path.open("rb") as file:
        if kind == "sha256":
            return f"{kind}:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        head = hashlib.sha1(f"blob {os.fstat(file.fileno()).st_size}\0".encode(), usedforsecurity=False)
        return f"{kind}:{hashlib.file_digest(file, lambda: head).hexdigest()}"
