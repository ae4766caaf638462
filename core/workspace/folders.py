"""The user's library folders: which video files lie in them."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import Sentence, WorkspaceFault
from core.video.probe import fingerprint
from core.workspace.registry import Video
from core.workspace.settings import change_settings, read_settings
from core.workspace.workspace import Workspace

_NAMES = "mp4 m4v mov mkv webm avi ts m2ts mts flv wmv mpg mpeg ogv 3gp"
VIDEO_SUFFIXES = frozenset(f".{name}" for name in _NAMES.split())
DEPTH = 3  # folders below a library folder that are looked into


def is_video(path: Path) -> bool:
    """Whether a file is one by its name; hidden files are not."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def videos_below(folder: Path, *, depth: int = DEPTH) -> list[Path]:
    """The video files in a folder and the folders below it, by name; what cannot be read is passed over."""
    videos: list[Path] = []
    for root, folders, files in os.walk(folder):
        level = len(Path(root).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".")) if level < depth else []
        videos += [Path(root) / file for file in sorted(files) if is_video(Path(file))]
    return videos


def add_path(workspace: Workspace, text: str) -> list[Video]:
    """Take in a video file, or a folder with all videos in it, now and later.

    Raises
    ------
    WorkspaceFault
        If there is nothing at that path, or no video by its name.
    """
    path = Path(os.path.expanduser(text.strip().strip("\"'"))).absolute() if text.strip() else None
    if path is None or not path.exists():
        raise WorkspaceFault("{text}: there is no such file or folder on this machine; check the path", text=text)
    if path.is_dir():
        _show(workspace, path)
        folders = read_settings(workspace).folders
        if str(path) not in folders:
            change_settings(workspace, folders=(*folders, str(path)))
        videos, faults = workspace.register_all(videos_below(path))
        if faults and not videos:
            raise faults[0]
        return videos
    _show(workspace, path)
    if not is_video(path):
        raise WorkspaceFault(
            "{path}: not a video file by its name; expected one like mp4, mkv, mov, webm, ts or flv", path=path.name
        )
    return [workspace.register(path)]


def relocate(workspace: Workspace, video: Video, text: str) -> Video:
    """Note where a video that was moved lies: that file, or the one of its name in that folder.

    Raises
    ------
    WorkspaceFault
        If there is nothing, or another video.
    """
    path = Path(os.path.expanduser(text.strip().strip("\"'"))).absolute()
    places = [path / old.name for old in video.paths] if path.is_dir() else [path]
    for place in places:
        if place.is_file() and fingerprint(place) == video.id:
            return workspace.register(place)
    raise WorkspaceFault(
        "{path}: {name} is not there; name its file, or the folder in which it lies", path=text.strip(), name=video.name
    )


def _show(workspace: Workspace, path: Path) -> None:
    """Take a file, or what lies in a folder, off the list of what is not wanted."""
    hidden = read_settings(workspace).hidden
    kept = tuple(one for one in hidden if not Path(one).is_relative_to(path))
    if kept != hidden:
        change_settings(workspace, hidden=kept)


def drop_folder(workspace: Workspace, folder: str) -> None:
    """Look into this library folder no more, and list no video that lies only in it; labels and results stay."""
    change_settings(workspace, folders=tuple(f for f in read_settings(workspace).folders if f != folder))
    gone = [v.id for v in workspace.videos() if v.paths and all(p.is_relative_to(folder) for p in v.paths)]
    workspace.unregister(gone)


def drop_video(workspace: Workspace, video: Video) -> None:
    """List a video no more, also where it lies in a library folder; labels and results stay."""
    hidden = read_settings(workspace).hidden
    change_settings(workspace, hidden=(*hidden, *(str(path) for path in video.paths if str(path) not in hidden)))
    workspace.unregister([video.id])


def refresh(workspace: Workspace) -> list[str]:
    """Note the files that are new in the library folders; gives what could not be read, in words."""
    known = {path for video in workspace.videos() for path in video.paths} - set(workspace.changed_files())
    known |= set(map(Path, read_settings(workspace).hidden))
    faults: list[str] = []
    for folder in read_settings(workspace).folders:
        if not Path(folder).is_dir():
            faults.append(
                Sentence(
                    "{folder}: the library folder is gone; connect its drive, or remove it from the list", folder=folder
                )
            )
            continue
        new = [path for path in videos_below(Path(folder)) if path not in known]
        faults += [str(fault) for fault in workspace.register_all(new)[1]] if new else []
    return faults
