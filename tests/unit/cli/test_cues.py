import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from core.cli.cues import sentence_of
from core.cli.main import main
from core.cues.kept_chat_counts import ChatInfo
from core.faces import feature_file as feature_store
from core.workspace.workspace import Workspace
from tests.media import Sound, tone, write
from tests.tables import random_features


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = write(tmp_path / "a.mkv", np.arange(300) / 10, Sound(tone(440, 30.0), 48_000))
    workspace = Workspace(tmp_path / "w")
    target = workspace.features_path(workspace.register(path).id)
    feature_store.write_features(target, random_features(0, n_frames=40))
    feature_store.change_cues(target, {"laughter": None})
    return path


def run(tmp_path: Path, *arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["--workspace", str(tmp_path / "w"), *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def test_laughter_is_computed_and_told(video, tmp_path):
    assert "no cues" in run(tmp_path, "cues", "info", video).stdout
    answer = json.loads(run(tmp_path, "cues", "compute", video, "--json").stdout)
    assert answer["n_rows"] == 40
    assert answer["n_heard"] > 30
    told = json.loads(run(tmp_path, "cues", "info", video, "--json").stdout)
    assert told["cues"] == {"laughter": ["laughter", "speech", "music", "crowd"]}


def test_a_chat_is_attached_told_moved_and_removed(video, tmp_path):
    chat = tmp_path / "chat.csv"
    chat.write_text("time,user,message\n1,a,lol\n2,b,hi\nx,c,bad\n")
    result = run(tmp_path, "chat", "attach", video, chat, "--offset", -0.5, "--json")
    told = json.loads(result.stdout)["chat"]
    assert (told["n_messages"], told["n_laughing"], told["n_damaged"], told["offset"]) == (2, 1, 1, -0.5)
    assert (told["lag"], told["lag_doubt"]) == (None, None)
    assert "line 4" in result.stderr
    assert json.loads(run(tmp_path, "chat", "info", video, "--json").stdout)["chat"] == told
    assert "offset +3.0 s" in run(tmp_path, "chat", "move", video, 3).stdout
    assert "offset -6.0 s" in run(tmp_path, "chat", "move", video, -6).stdout
    assert "lag of the chat unknown, offset -6.0 s" in run(tmp_path, "chat", "move", video).stdout
    assert "chat" in run(tmp_path, "cues", "info", video).stdout
    assert "removed" in run(tmp_path, "chat", "remove", video).stdout
    assert json.loads(run(tmp_path, "chat", "info", video, "--json").stdout)["chat"] is None


def test_a_rough_lag_is_told_with_what_to_do(video, tmp_path):
    known = Workspace(tmp_path / "w").find_video(str(video))
    info = ChatInfo("a.csv", "csv", 3, 1, 0, 0, False, False, offset=-6.2, lag=6.2, lag_doubt=1.5)
    sentence = sentence_of(known, info)
    assert "lag of the chat 6.2 s, give or take 1.5 s (`punchline chat move` if you know better), offset" in sentence
    assert "give or take" not in sentence_of(known, replace(info, lag_doubt=1.0))


def test_what_is_no_chat_is_refused(video, tmp_path):
    chat = tmp_path / "chat.txt"
    chat.write_text("nothing of the kind")
    assert "not one message" in run(tmp_path, "chat", "attach", video, chat, code=1).stderr


def test_patterns_are_shown_and_set(tmp_path):
    assert "ㅋ" in run(tmp_path, "chat", "patterns").stdout
    file = tmp_path / "p.txt"
    file.write_text("hihi\n")
    assert json.loads(run(tmp_path, "chat", "patterns", "--set", file, "--json").stdout) == {"patterns": ["hihi"]}
    assert run(tmp_path, "chat", "patterns").stdout == "hihi\n"
