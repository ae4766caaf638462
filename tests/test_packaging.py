"""What is imported is declared, exactly as it is installed, and a wheel brings all that the app needs."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FILES = [ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]


def declared() -> dict[str, str]:
    """Names, as registries compare them, and versions of the dependencies."""
    pinned = (entry.split("==") for entry in PROJECT["project"]["dependencies"])
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned}


def imported() -> set[str]:
    """Top names that the program imports, beside its own and Python's."""
    names = set()
    for node in (node for path in FILES for node in ast.walk(ast.parse(path.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - {"core", "pages"} - set(sys.stdlib_module_names)


def test_what_is_imported_is_declared() -> None:
    brought_by = importlib.metadata.packages_distributions()
    missing = {
        name
        for name in imported() - OPTIONAL
        if not {re.sub(r"[-_.]+", "-", by).lower() for by in brought_by.get(name, ())} & set(declared())
    }
    assert not missing


OPTIONAL = {
    re.match(r"[\w-]+", entry)[0].lower().replace("-", "_")  # type: ignore[index]
    for entries in PROJECT["project"].get("optional-dependencies", {}).values()
    for entry in entries
}


def test_what_is_declared_is_installed_as_it_is_pinned() -> None:
    assert {name: importlib.metadata.version(name) for name in declared()} == declared()


def test_a_wheel_finds_the_app_and_its_assets_beside_core(tmp_path: Path) -> None:
    """As `program` sees it once the wheel lies in site-packages."""
    brought = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all((ROOT / source).exists() for source in brought)
    (tmp_path / "core" / "storage").mkdir(parents=True)
    for file in ("core/__init__.py", "core/storage/__init__.py", "core/storage/program.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "punchline").mkdir()
    code = "from core.storage.program import ASSETS, PROGRAM; print(PROGRAM / 'app.py'); print(ASSETS)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    places = [Path(line).relative_to(tmp_path.resolve()).as_posix() for line in done.stdout.split("\n")[:2]]
    assert places == [brought["app.py"], brought["assets"]]
