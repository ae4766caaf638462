"""What the user chose for a workspace: language, library folders, the video and person last worked on."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.storage.files import write_json
from core.workspace.workspace import Workspace

LISTS = ("folders", "hidden")


@dataclass(frozen=True)
class Settings:
    """Choices that outlive a browser tab; an empty string means nothing chosen yet.

    `folders` are absolute paths, and so are `hidden`: videos in those folders that are not wanted.
    """

    language: str = ""
    folders: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    video_id: str = ""
    person_id: str = ""


def read_settings(workspace: Workspace) -> Settings:
    """The saved choices; defaults where there are none, or none that can be read."""
    try:
        content = json.loads(workspace.settings_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    if not isinstance(content, dict):
        return Settings()
    known: dict[str, Any] = {
        f.name: content[f.name]
        for f in fields(Settings)
        if f.name not in LISTS and isinstance(content.get(f.name), str)
    }
    for name in LISTS:
        if isinstance(content.get(name), list):
            known[name] = tuple(map(str, content[name]))
    return Settings(**known)


def _keep_damaged(path: Path) -> None:
    """A file that is no JSON object is kept under another name before it is replaced."""
    with suppress(OSError):
        try:
            damaged = not isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
        except ValueError:
            damaged = True
        if damaged:
            path.replace(path.with_suffix(".damaged.json"))


def change_settings(workspace: Workspace, **changes: Any) -> Settings:
    """Save some choices and leave the others. Raises Busy, StorageFault."""
    with workspace.lock("settings"):
        settings = replace(read_settings(workspace), **changes)
        if settings == replace(Settings(), **changes):  # perhaps because the file cannot be read
            _keep_damaged(workspace.settings_path)
        write_json(workspace.settings_path, asdict(settings))
    return settings
