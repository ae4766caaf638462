"""What the user chose for a workspace: language, library folders, the video and person last worked on."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.storage.files import set_aside, write_json
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


def _more(path: Path) -> dict[str, Any]:
    """What the file holds, also of a newer program; one that is no JSON object is kept under another name."""
    if not path.exists():
        return {}
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            return content
    set_aside(path)
    return {}


def change_settings(workspace: Workspace, **changes: Any) -> Settings:
    """Save some choices and leave the others. Raises Busy, StorageFault."""
    with workspace.lock("settings"):
        settings = replace(read_settings(workspace), **changes)
        write_json(workspace.settings_path, {**_more(workspace.settings_path), **asdict(settings)})
    return settings
