"""Checks of an installation: is everything there that Punchline needs?"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import PunchlineError

if TYPE_CHECKING:
    from core.workspace.workspace import Workspace

PACKAGES = ("streamlit", "torch", "av", "opencv-python", "h5py", "numpy", "pandas")
OPTIONAL_PACKAGES = ("facenet-pytorch",)
CODECS = {"h264": False, "aac": False, "hevc": True, "vp9": True, "libdav1d": True, "libx264": True}  # True: optional


@dataclass(frozen=True)
class Check:
    """One thing looked at. An optional one that fails is no fault."""

    name: str
    ok: bool
    finding: str
    optional: bool = False

    @property
    def mark(self) -> str:
        """A sign for people: + there, - optional and not there, x needed and not there."""
        return "+" if self.ok else "-" if self.optional else "x"

    def as_dict(self) -> dict[str, object]:
        """For machines."""
        return asdict(self)


def checks(workspace: Path) -> list[Check]:
    """Look at everything; nothing is raised."""
    return [
        Check("Python", True, f"{platform.python_version()} on {platform.platform()}"),
        *(_package(name) for name in PACKAGES),
        *(_package(name, optional=True) for name in OPTIONAL_PACKAGES),
        *(_codec(name, optional) for name, optional in CODECS.items()),
        *_weights(),
        _models(),
        _gpu(),
        *_workspace(workspace),
    ]


def fixed(workspace: Workspace, *, sure: bool) -> list[str]:
    """Repair a workspace; says what was done. Whether labels are restored is asked for unless one is `sure`."""
    import click

    from core.actions.repair import repair

    def may_restore(n_events: int) -> bool:
        if sure:
            return True
        try:
            return click.confirm(f"The labels are damaged. Restore the backup of {n_events} events?", err=True)
        except click.Abort:  # nobody is there to answer
            return False

    return repair(workspace, may_restore=may_restore)


def _tried(name: str, look: Callable[[], str], *, optional: bool = False) -> Check:
    try:
        return Check(name, True, look(), optional)
    except (PunchlineError, ImportError, OSError, RuntimeError) as error:
        return Check(name, False, str(error), optional)


def _package(name: str, *, optional: bool = False) -> Check:
    return _tried(name, lambda: importlib.metadata.version(name), optional=optional)


def _codec(name: str, optional: bool) -> Check:
    import av

    there = name in av.codec.codecs_available
    return Check(f"codec {name}", there, "available" if there else "not in this build of PyAV", optional)


def _weights() -> list[Check]:
    from core.storage.weights import catalogue, find

    found = []
    for weights in catalogue():
        optional = weights.url is not None
        found.append(_tried(f"weights {weights.name}", lambda w=weights: str(find(w)), optional=optional))  # type: ignore[misc]
    return found


def _models() -> Check:
    def look() -> str:
        import numpy as np

        from core.video_feature_extractor import load_models

        models = load_models(device="cpu")
        models.detector.detect([np.zeros((120, 160, 3), np.uint8)])
        return ", ".join(f"{role} {part['name']}" for role, part in models.names().items())

    return _tried("models run", look)


def _gpu() -> Check:
    def look() -> str:
        import torch

        if not torch.cuda.is_available():
            raise RuntimeError("none that torch can use; the CPU is used")
        return torch.cuda.get_device_name(0)

    return _tried("GPU", look, optional=True)


def _workspace(root: Path) -> list[Check]:
    import shutil

    from core.workspace.workspace import Workspace

    def look() -> str:
        workspace = Workspace(root)
        free = shutil.disk_usage(workspace.root).free / 1e9
        return f"{workspace.root}, {len(workspace.people())} people, {free:.0f} GB free"

    whole = _tried("workspace", look)
    return [whole, *_files(Workspace(root))] if whole.ok else [whole]


def _files(space: Workspace) -> list[Check]:
    """Every kind of file of a workspace, each read whole."""
    from core.actions.repair import inspected

    return [
        Check(
            f"{one.kind} of the workspace",
            not one.faults,
            "; ".join(fault.finding for fault in one.faults) or f"{one.n_files} read",
        )
        for one in inspected(space)
    ]
