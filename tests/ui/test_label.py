"""Page Label: what came of an imported file, and the counters beside it."""

from __future__ import annotations

from pathlib import Path

from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace
from tests.ui.test_pages import fill, opened, space

__all__ = ["space"]

LINES = "video,start,end,label\n" + "".join(f"other.mp4,{k},{k + 6},{k % 2}\n" for k in range(0, 20))


def test_a_file_about_an_unknown_video_is_said_in_a_line_and_asks_which_it_is(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path)
    (tmp_path / "long.mp4").write_bytes((Path("assets") / "sample.mp4").read_bytes())
    long = space.register(tmp_path / "long.mp4")
    app = opened("label")
    app.file_uploader(key="label-csv").upload("labels.csv", LINES.encode()).run()
    app.button(key="import-labels").click().run()
    told = [str(part.value) for part in app.warning if "left out" in str(part.value)]
    assert [text.count("no such video here") for text in told] == [1]
    app.selectbox(key="meant-other.mp4").set_value(long.id).run()
    app.button(key="use-other.mp4").click().run()
    assert len(Ledger(space.labels_path).labels()) == 20
    captions = " ".join(str(part.value) for part in app.caption)
    assert "20 labels, 10 of them funny" in captions
    assert "No labels yet" not in captions
