"""What is damaged in a workspace, and putting it right: damaged files are moved aside, never deleted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelFault, PunchlineError
from core.labels.ledger_backups import LedgerDamaged, n_known
from core.storage.files import replace
from core.storage.hdf5 import AnotherFormat
from core.storage.temporary import sweep
from core.workspace.workspace import Workspace

REMEDIES = {
    "videos": "the library folders were read again; add other videos again",
    "settings": "the defaults hold again",
    "people": "choose the person's faces again",
    "features": "run `punchline extract` again",
    "series": "it is made anew when it is needed",
    "dataset": "it was made anew",
    "models": "train it again",
    "choices": "the newest model of each person is used until one is chosen",
    "detections": "run `punchline detect` again",
}


@dataclass(frozen=True)
class Fault:
    """A file that cannot be read. What is not `damaged` is whole, but of another version or not permitted."""

    kind: str
    path: Path
    finding: str
    damaged: bool


@dataclass(frozen=True)
class Inspection:
    """All files of a kind, each read whole."""

    kind: str
    n_files: int
    faults: tuple[Fault, ...]


def inspected(space: Workspace) -> Iterator[Inspection]:
    """Every kind of file of a workspace."""
    from core.dataset.dataset_file import read_dataset
    from core.detection.results import read_results
    from core.faces.feature_file import read_features
    from core.funny_moment_classifier import FunnyMomentClassifier
    from core.labels.ledger import Ledger
    from core.people.person_file import read_person
    from core.people.series_file import read_series

    ledger = [space.labels_path] if n_known(space.labels_path) or space.labels_path.exists() else []
    kinds: list[tuple[str, Iterable[Path], Callable[[Path], object]]] = [
        ("videos", _there(space.videos_path), lambda path: space.videos()),
        ("settings", _there(space.settings_path), _read_object),
        ("labels", ledger, lambda path: Ledger(path, check=True).labels()),
        ("people", space.people_folder.glob("*.h5"), read_person),
        ("features", space.features_folder.glob("*.h5"), read_features),
        ("series", space.series_folder.glob("*/*.h5"), read_series),
        ("dataset", _there(space.dataset_path), read_dataset),
        ("models", (p.parent for p in space.models_folder.glob("*/card.json")), FunnyMomentClassifier.load),
        ("choices", _there(space.chosen_models_path), _read_object),
        ("detections", space.detections_folder.glob("*.json"), read_results),
    ]
    for kind, paths, read in kinds:
        files = sorted(paths)
        yield Inspection(kind, len(files), tuple(fault for path in files for fault in _faults(kind, path, read)))


def _there(path: Path) -> list[Path]:
    return [path] if path.exists() else []


def _read_object(path: Path) -> object:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    return content


def _faults(kind: str, path: Path, read: Callable[[Path], object]) -> Iterator[Fault]:
    try:
        read(path)
    except PunchlineError as error:
        yield Fault(kind, path, str(error), _is_damage(kind, error))
    except (OSError, ValueError) as error:
        finding = f"{path}: not readable ({error}); move it away, it is made anew"
        yield Fault(kind, path, finding, not isinstance(error, OSError))


def _is_damage(kind: str, error: PunchlineError) -> bool:
    """Whether what is in the file is wrong: not its version, a permission or a lock."""
    if kind == "labels":
        return isinstance(error, LedgerDamaged)
    if isinstance(error, AnotherFormat) or isinstance(error.__cause__, (PermissionError, BlockingIOError)):
        return False
    if isinstance(error, ModelFault):  # one of another version has no cause
        return error.__cause__ is not None
    return True


def repair(space: Workspace, *, may_restore: Callable[[int], bool]) -> list[str]:
    """Do what is advised for every damaged file; says what was done, a sentence each.

    Damaged files are moved into the workspace's folder `damaged`, and what can be made from the rest is made anew.
    Temporary files whose writer is gone are removed. Files of another version, and what must not be read, stay.

    Parameters
    ----------
    may_restore
        Asked, with the number of events that were known, before the ledger is restored from its backup.
    """
    done = []
    folder = space.damaged_folder / time.strftime("%Y%m%d-%H%M%S")
    for inspection in inspected(space):
        for fault in inspection.faults:
            if fault.damaged:
                try:
                    done.append(_restored(fault.path, may_restore) if fault.kind == "labels" else _moved(fault, folder))
                except (PunchlineError, OSError) as error:
                    done.append(f"{fault.path}: left as it is ({error})")
        if any(fault.damaged for fault in inspection.faults):
            _make_anew(space, inspection.kind)
    removed = [path for place in _folders(space.root) for path in sweep(place)]
    return [*done, *([f"{len(removed)} temporary files of stopped processes were removed"] if removed else [])]


def _moved(fault: Fault, folder: Path) -> str:
    """`folder` lies two levels below the workspace."""
    target = folder / fault.path.relative_to(folder.parents[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    replace(fault.path, target)
    return f"{fault.path}: moved to {target}; {REMEDIES[fault.kind]}"


def _restored(path: Path, may_restore: Callable[[int], bool]) -> str:
    from core.labels.restore import restore

    if not may_restore(n_known(path)):
        return f"{path}: left as it is; `punchline labels restore` brings its backup back"
    n_events, aside = restore(path)
    return f"{path}: {n_events} events restored" + (f"; the damaged file is kept as {aside}" if aside else "")


def _make_anew(space: Workspace, kind: str) -> None:
    """What can be made from the rest, of the kinds whose remedy says so."""
    from core.actions.models import build_dataset
    from core.workspace.folders import refresh

    if kind == "videos":
        refresh(space)
    elif kind == "dataset":
        build_dataset(space)


def _folders(root: Path) -> list[Path]:
    return [root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())]
