"""No file outside core/workspace spells a name of the workspace folder."""

import re
from pathlib import Path

from core.workspace.paths import Paths

ROOT = Path(__file__).resolve().parents[3]


def test_paths_of_another_person_or_video_are_others() -> None:
    paths = Paths(Path("/w"))
    assert paths.series_path("v1", "p1") == Path("/w/series/v1/p1.h5")
    assert len({paths.series_path(v, p) for v in ("v1", "v2") for p in ("p1", "p2")}) == 4
    assert paths.scores_path("v1", "p1").parent == paths.detections_path("v1", "p1").parent


def test_only_the_workspace_spells_its_paths() -> None:
    spelled = re.compile(r"\.root\s*/")
    files = [path for folder in ("core", "pages") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in files if spelled.search(path.read_text("utf-8")) and path.stem != "paths"] == []
