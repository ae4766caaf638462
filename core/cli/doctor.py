"""Checks of an installation: is everything there that Punchline needs?"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import PunchlineError, StorageFault

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
    from core.dataset.dataset_file import read_dataset
    from core.detection.results import read_results
    from core.faces.feature_file import read_features
    from core.funny_moment_classifier import FunnyMomentClassifier
    from core.labels.ledger import Ledger
    from core.people.person_file import read_person
    from core.people.series_file import read_series

    kinds: list[tuple[str, Iterable[Path], Callable[[Path], object]]] = [
        ("videos", [space.videos_path], lambda path: space.videos()),
        ("settings", [space.settings_path], _read_object),
        ("labels", [space.labels_path], lambda path: Ledger(path).labels()),
        ("people", space.people_folder.glob("*.h5"), read_person),
        ("features", space.features_folder.glob("*.h5"), read_features),
        ("series", space.series_folder.glob("*/*.h5"), read_series),
        ("dataset", [space.dataset_path], read_dataset),
        ("models", (p.parent for p in space.models_folder.glob("*/card.json")), FunnyMomentClassifier.load),
        ("choices", [space.chosen_models_path], _read_object),
        ("detections", space.detections_folder.glob("*.json"), read_results),
    ]
    return [_kind(name, sorted(path for path in paths if path.exists()), read) for name, paths, read in kinds]


def _kind(name: str, paths: Sequence[Path], read: Callable[[Path], object]) -> Check:
    faults = []
    for path in paths:
        try:
            read(path)
        except PunchlineError as error:
            faults.append(str(error))
        except (OSError, ValueError) as error:
            faults.append(f"{path}: not readable ({error}); move it away, it is made anew")
    return Check(f"{name} of the workspace", not faults, "; ".join(faults) or f"{len(paths)} read")


def _read_object(path: Path) -> object:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise StorageFault("{path}: not a JSON object; move it away, it is made anew", path=path)
    return content
