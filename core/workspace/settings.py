"""What the user chose for a workspace: language, theme, keys, folders, the video and person last worked on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from core.errors import Sentence
from core.storage.files import set_aside, write_json
from core.workspace.workspace import Workspace

LISTS = ("folders", "hidden", "keys")
USUAL_KEYS = ("f", "n", "s", "u", "a", "x", "i", "o")  # funny, not funny, skip, undo, accept, reject, in, out
LABELLING, REVIEWING = slice(0, 4), slice(3, 8)  # those that are used together
RESERVED_KEYS = "crjkl"  # the first two are the browser frame's, the others play


@dataclass(frozen=True)
class Settings:
    """Choices that outlive a browser tab; an empty string means nothing chosen yet.

    `folders` are absolute paths, and so are `hidden`: videos in those folders that are not wanted. `keys` are letters
    in the order of `USUAL_KEYS`; `exports` is the folder in which exports get folders of their own.
    """

    language: str = ""
    theme: str = ""
    exports: str = ""
    keys: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    video_id: str = ""
    person_id: str = ""


def key_fault(keys: Sequence[str]) -> Sentence | None:
    """Why these letters cannot be the keys; None where they can."""
    for key in keys:
        if len(key) != 1 or not ("a" <= key <= "z") or key in RESERVED_KEYS:
            reserved = ", ".join(RESERVED_KEYS).upper()
            return Sentence(
                "{key}: expected one letter from A to Z, and none of {reserved}", key=key, reserved=reserved
            )
    for part in (LABELLING, REVIEWING):
        if len(set(keys[part])) != len(USUAL_KEYS[part]):
            return Sentence("the keys are {keys}: expected different ones", keys=", ".join(keys[part]).upper())
    return None


def whole_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """All keys, also where none were chosen, or an older program wrote only those that label."""
    undo = keys[3] if len(keys) > 3 else ""
    more = ("u" if key == undo else key for key in USUAL_KEYS[len(keys) :])
    return (*keys, *more)


def key_meanings(keys: Sequence[str], part: slice) -> dict[str, str]:
    """What a pressed letter means among the keys of this part, where that is another than itself.

    A usual key that is not used means nothing.
    """
    if key_fault(keys) is not None:
        return {}
    chosen, usual = keys[part], USUAL_KEYS[part]
    unused = {key: "" for key in usual if key not in chosen}
    return unused | {key: meant for key, meant in zip(chosen, usual, strict=True) if key != meant}


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
