"""The videos that a workspace knows: how they are kept, and what each is found by."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from core.errors import VideoUnreadable, WorkspaceFault
from core.video.streams import AUTOMATIC, Tracks
from core.workspace.growth import continues, is_growing
from core.workspace.paths import State

# By video id: its paths, the newest first, a mark of the file, and the tracks that somebody chose.
Registry = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Video:
    """A video that the workspace knows: its id, and the paths at which it was seen, the newest first.

    Another video may have taken its place at a path since: a path belongs to the video seen there last. `tracks` are
    those of its picture and sound that everything reads, shows and plays.
    """

    id: str
    paths: tuple[Path, ...]
    tracks: Tracks = AUTOMATIC

    @classmethod
    def of(cls, id: str, entry: Mapping[str, Any]) -> Self:
        """The video of a registry's entry."""
        return cls(id, tuple(map(Path, entry["paths"])), Tracks(**entry.get("tracks", {})))

    @property
    def name(self) -> str:
        """File name of the newest path; the id where others have taken every path."""
        return self.paths[0].name if self.paths else self.id

    @property
    def path(self) -> Path | None:
        """The newest path that exists; None where the video is gone."""
        return next((path for path in self.paths if path.is_file()), None)

    @property
    def growing(self) -> bool:
        """Whether it is still being recorded, as far as can be seen."""
        return self.path is not None and is_growing(self.path)

    def existing_path(self) -> Path:
        """The newest path that exists. Raises VideoUnreadable where the video is gone."""
        path = self.path
        if path is None:
            place = self.paths[0] if self.paths else self.id
            raise VideoUnreadable("{place}: the video is gone; add it again from its new place", place=place)
        return path


class Known:
    """The videos of a registry, and what each is found by."""

    def __init__(self, registry: Mapping[str, Mapping[str, Any]]) -> None:
        self.videos = tuple(Video.of(id, entry) for id, entry in registry.items())
        self.by_id = {video.id: video for video in self.videos}
        self.by_path: dict[str, list[Video]] = {}
        self.by_name: dict[str, list[Video]] = {}
        for video in self.videos:
            for path in video.paths:
                self.by_path.setdefault(composed(str(path)), []).append(video)
            for name in {composed(path.name) for path in video.paths}:
                self.by_name.setdefault(name, []).append(video)


def composed(text: str) -> str:
    """Letters as one code point each: file systems tell them apart or not."""
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=4)
def known_videos(path: Path, state: State) -> Known:
    return Known(read_registry(path))


def read_registry(path: Path) -> Registry:
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        registry: Registry = json.loads(text)
        Known(registry)
        return registry
    except (ValueError, OSError, AttributeError, KeyError, TypeError) as error:
        raise WorkspaceFault(
            "{path}: not readable as a list of videos ({cause}); move it away: videos are noted anew as they are used",
            path=path,
            cause=error,
        ) from error


def grown_in(registry: Mapping[str, Mapping[str, Any]], ids: dict[str, str]) -> dict[str, str]:
    """Which known videos have become longer, with their new ids; one that still grows keeps its id in `ids`."""
    known = {entry["paths"][0]: id for id, entry in registry.items() if entry["paths"]}
    grown = {}
    for place, id in ids.items():
        old = known.get(place, id)
        if old != id and continues(Path(place), registry[old].get("mark")):
            if is_growing(Path(place)):
                ids[place] = old
            else:
                grown[old] = id
    return grown
