"""Every command and every block of Python in the documents runs, on the sample under the names that they use."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from core.cli.main import main
from core.labels import ledger
from tests.test_architecture import ROOT
from tests.test_documents import DOCS

SAMPLE = ROOT / "assets" / "sample.mp4"
IN_ORDER = ["docs/tutorial.md", "README.md", *(name for name in DOCS if name != "docs/tutorial.md")]
STARTED_ELSEWHERE = {"app"}  # tests/browser and tests/test_packaging.py start it


def commands(name: str) -> Iterator[list[str]]:
    """The arguments of each `punchline` command in the code blocks of a document."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines() if language in ("", "bash") else ():
            words = shlex.split(line, comments=True)
            words = words[2:] if words[:2] == ["uv", "run"] else words
            if words[:1] == ["punchline"] and words[1] not in STARTED_ELSEWHERE:
                yield words[1:]


def shortened(source: Path, target: Path, seconds: float) -> None:
    """The first seconds of a video, as they are."""
    with av.open(source) as old, av.open(target, "w") as new:
        streams = {stream: new.add_stream_from_template(stream) for stream in (*old.streams.video, *old.streams.audio)}
        for packet in old.demux():
            if packet.dts is not None and packet.dts * packet.time_base < seconds:
                packet.stream = streams[packet.stream]
                new.mux(packet)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder that holds the files which the documents name."""
    (tmp_path / "assets").mkdir()
    shutil.copy(SAMPLE, tmp_path / "assets")
    labels = (ROOT / "assets" / "sample_labels.csv").read_text(encoding="utf-8")
    (tmp_path / "assets" / "sample_labels.csv").write_text(labels, encoding="utf-8")
    shutil.copy(SAMPLE, tmp_path / "stream.mp4")  # the same video to the program: it is extracted once
    (tmp_path / "labels.csv").write_text(labels.replace("sample.mp4", "stream.mp4"), encoding="utf-8")
    for name, seconds in (("another.mp4", 60), ("older.mp4", 30)):
        shortened(SAMPLE, tmp_path / name, seconds)
    for name in ("mina1.jpg", "mina2.jpg"):
        shutil.copy(ROOT / "tests" / "fixtures" / "portrait_hopper.jpg", tmp_path / name)
    laughs = [
        {"content_offset_seconds": 9.0 + t, "message": {"body": "lol"}, "commenter": {"_id": t}} for t in range(9)
    ]
    (tmp_path / "chat.json").write_text(json.dumps({"comments": laughs}), encoding="utf-8")
    return tmp_path


def run_commands(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(name):
        monkeypatch.setattr(ledger, "_CHECKED", set())  # each command is a process of its own to the ledger
        try:
            main(words, standalone_mode=False)
        except SystemExit as end:
            pytest.fail(f"{name}: punchline {shlex.join(words)} ended with {end.code}:\n{capsys.readouterr().err}")


def run_python(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(compile(block, name, "exec"), {})


def run_notebook(path: Path) -> None:
    names: dict[str, object] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), path.name, "exec"), names)


@pytest.mark.timeout(900)
def test_commands_python_and_the_notebook_run(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], subtests: pytest.Subtests
) -> None:
    """One test, for each goes on with what those before it made."""
    monkeypatch.chdir(desk)
    for name in IN_ORDER:
        with subtests.test(commands=name):
            run_commands(name, monkeypatch, capsys)
    for name in DOCS:
        with subtests.test(python=name):
            run_python(name)
    with subtests.test(notebook="docs/first_steps.ipynb"):
        capsys.readouterr()
        run_notebook(ROOT / "docs" / "first_steps.ipynb")
        assert "(24, 15, 12)" in capsys.readouterr().out


def test_the_korean_readme_has_the_commands_that_run() -> None:
    assert list(commands("README.ko.md")) == list(commands("README.md"))
