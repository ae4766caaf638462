"""The one rule of core: a name imports only names to its left; no circle inside a package; nothing imports pages."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ORDER = """errors segment series storage translation video audio_feature_extractor cues faces video_feature_extractor
people multimodal_processor labels clip_dataset_builder sliding_window_processor classifiers
funny_moment_classifier analysis workspace dataset training detection export playback actions cli""".split()  # noqa: SIM905


def imported(source: str) -> list[str]:
    """Dotted names that a file imports, also inside functions; of `from a import b` both a and a.b."""
    nodes = list(ast.walk(ast.parse(source)))
    parts = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not any(node.level for node in parts), "imports name the whole path"
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return whole + [f"{node.module}.{alias.name}" for node in parts for alias in node.names]


def faults(files: dict[str, str]) -> list[str]:
    """What in these files (dotted module name -> source) breaks the rule."""
    found, inside = [], {name: set[str]() for name in files}
    for name, source in files.items():
        own = name.split(".")[1]
        for target in imported(source):
            root, other = [*target.split("."), ""][:2]
            if root == "pages" or (root == "core" and ORDER.index(other) > ORDER.index(own)):
                found.append(f"{name} imports {target}")
            elif root == "core" and other == own:
                inside[name] |= {module for module in files if f"{target}.".startswith(f"{module}.")} - {name}
    TopologicalSorter(inside).prepare()  # raises CycleError
    return found


def core() -> dict[str, str]:
    paths = [path for path in (ROOT / "core").rglob("*.py") if path.parent.name != "core" or path.stem != "__init__"]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8") for path in paths}


def test_core_imports_only_to_the_left() -> None:
    assert not faults(core())


def test_any_import_turned_round_is_seen() -> None:
    for name, source in (files := core()).items():
        for target in {t for t in imported(source) if t.startswith("core.")}:
            other = next((n for n in files if f"{target}.".startswith(f"{n}.") and not n.endswith("__init__")), None)
            if other and other.split(".")[1] != name.split(".")[1]:
                assert faults({other: f"import {name}"}), f"{other} may import {name}"


def test_commands_and_jobs_begin_without_what_is_slow_to_import() -> None:
    """Such libraries are imported in the functions that use them: each costs half a second or more at every start."""
    slow = "torch sklearn pandas scipy.fft scipy.ndimage scipy.signal scipy.special scipy.stats"
    code = f"import sys, core.cli.main, core.actions.worker; print([m for m in {slow!r}.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
