"""The command and what is around it: consoles that lack letters, and being told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace
from tests.processes import ROOT

NAME = "웃음 😀 ñ"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one label of a person of whom only the id is known."""
    space = Workspace(tmp_path / "space")
    Ledger(space.labels_path).record([LabelEvent("v", NAME, 0.0, 6.0, 1, "marked")])
    return space.root


def command(workspace: Path, *arguments: str, encoding: str = "utf-8") -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    whole = [sys.executable, "-m", "core.cli", "--workspace", str(workspace), *arguments]
    return subprocess.Popen(whole, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "utf-8"])
def test_a_console_that_lacks_letters_gets_an_answer(workspace: Path, encoding: str) -> None:
    process = command(workspace, "labels", "stats", encoding=encoding)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "1 funny" in out.decode(encoding)
    process = command(workspace, "labels", "stats", "--json", encoding=encoding)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out.decode(encoding))["labels"][0]["person"] == NAME


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("wait", [0.15, 0.4])
def test_a_command_that_is_stopped_early_says_so_without_a_traceback(workspace: Path, sign: int, wait: float) -> None:
    process = command(workspace, "doctor")
    time.sleep(wait)
    process.send_signal(sign)
    _out, err = process.communicate(timeout=60)
    if process.returncode == -sign:
        pytest.skip("the interpreter itself had not started")
    assert process.returncode == 1
    assert b"Traceback" not in err
    assert b"what was finished is kept" in err
