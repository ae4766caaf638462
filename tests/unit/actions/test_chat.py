from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.actions.chat import (
    attach_chat,
    chat_info,
    keep_chat,
    laugh_patterns,
    move_chat,
    remove_chat,
    save_laugh_patterns,
)
from core.cues.laughs import DEFAULT_PATTERNS, PatternFault
from core.errors import WorkspaceFault
from core.faces import feature_file as feature_store
from core.faces.table import FaceTable
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests.media import write
from tests.tables import random_features

N = 1800  # rows, 600 s
MOMENTS = [50.0, 120.0, 130.0, 260.0, 333.0, 400.0, 480.0, 555.0]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w")


@pytest.fixture
def video(workspace: Workspace, tmp_path: Path) -> Video:
    return workspace.register(write(tmp_path / "a.mkv", np.arange(10) / 10, None))


def analysed(workspace: Workspace, video: Video, *, laughter: bool = True) -> None:
    features = random_features(0, n_frames=N, n_faces=3)
    table = replace(features.faces, timestamps=np.arange(N) / 3)
    assert isinstance(table, FaceTable)
    heard = np.zeros((N, 4), np.float32)
    for moment in MOMENTS:
        heard[(table.timestamps >= moment) & (table.timestamps < moment + 5), 0] = 0.9
    cues = {"laughter": heard} if laughter else {}
    feature_store.write_features(workspace.features_path(video.id), replace(features, faces=table, cues=cues))


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """A chat that laughs six seconds late."""
    rng = np.random.default_rng(1)
    laughs = [(moment + 6 + x, "lol") for moment in MOMENTS for x in rng.uniform(0, 5, 10)]
    calm = [(x, "hello there") for x in rng.uniform(0, 600, 300)]
    lines = [f"{time:.2f},user{k},{text}" for k, (time, text) in enumerate([*laughs, *calm])]
    path = tmp_path / "chat.csv"
    path.write_text("time,user,message\n" + "\n".join(lines))
    return path


def chat_rows_of(workspace: Workspace, video: Video) -> np.ndarray:
    return feature_store.read_cues(workspace.features_path(video.id))[1]["chat"]


def test_a_chat_is_counted_and_moved_to_the_laughter(workspace, video, chat):
    analysed(workspace, video)
    info, read = attach_chat(workspace, video, chat)
    assert (info.format, info.n_messages, info.n_laughing) == ("csv", 380, 80)
    assert info.lag == pytest.approx(6.0, abs=1.0)
    assert info.offset == -info.lag
    assert abs(info.lag - 6) <= info.lag_doubt < 2
    assert len(read.times) == 380
    rows = chat_rows_of(workspace, video)
    assert rows.shape == (N, 2)
    assert rows[round(52.5 * 3), 0] > 2 * np.nanmedian(rows[:, 0])
    assert rows[round(52.5 * 3), 1] > 0.8
    assert chat_info(workspace, video) == info


def test_labels_tell_the_lag_too(workspace, video, chat):
    analysed(workspace, video, laughter=False)
    assert np.isnan(attach_chat(workspace, video, chat)[0].lag)
    clips = [(moment, 1) for moment in MOMENTS] + [(moment + 20, 0) for moment in MOMENTS if moment != 120]
    Ledger(workspace.labels_path).record(
        LabelEvent(video.id, "p", start, start + 5, label, "marked") for start, label in clips
    )
    moved = move_chat(workspace, video, None)
    assert moved.lag == pytest.approx(6.0, abs=1.0)
    assert moved.offset == -moved.lag
    assert moved.lag_doubt >= 2.5  # a clip does not tell where in it the laugh begins
    assert moved.rough
    assert attach_chat(workspace, video, chat)[0] == moved == chat_info(workspace, video)


def test_an_offset_stays_where_no_lag_can_be_estimated(workspace, video, chat):
    attach_chat(workspace, video, chat, offset=-7.5)
    info = move_chat(workspace, video, None)
    assert info.offset == -7.5
    assert np.isnan(info.lag)
    assert np.isnan(info.lag_doubt)
    assert not info.rough


def test_a_chat_without_the_doubt_of_its_lag_is_read(workspace, video, chat):
    analysed(workspace, video)
    info, _ = attach_chat(workspace, video, chat)
    with h5py.File(workspace.chat_path(video.id), "a") as file:
        del file.attrs["lag_doubt"]
    old = chat_info(workspace, video)
    assert np.isnan(old.lag_doubt)
    assert replace(old, lag_doubt=info.lag_doubt) == info
    assert move_chat(workspace, video, None) == info


def test_the_offset_that_is_given_holds(workspace, video, chat):
    analysed(workspace, video)
    info, _ = attach_chat(workspace, video, chat, offset=2.5)
    assert info.offset == 2.5
    before = chat_rows_of(workspace, video)
    assert move_chat(workspace, video, 12.5).offset == 12.5
    np.testing.assert_allclose(chat_rows_of(workspace, video)[330:600], before[300:570])


def test_a_chat_waits_for_the_extraction_and_outlives_another(workspace, video, chat):
    attach_chat(workspace, video, chat)
    for _ in range(2):
        analysed(workspace, video)
        keep_chat(workspace, video)
        assert chat_rows_of(workspace, video).shape == (N, 2)


def test_no_word_and_no_name_is_kept(workspace, video, chat):
    analysed(workspace, video)
    attach_chat(workspace, video, chat)
    for path in workspace.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"hello there" not in content
            assert b"user17" not in content


def test_a_removed_chat_leaves_nothing(workspace, video, chat):
    analysed(workspace, video)
    attach_chat(workspace, video, chat)
    assert remove_chat(workspace, video)
    assert not remove_chat(workspace, video)
    assert chat_info(workspace, video) is None
    assert "chat" not in feature_store.read_cues(workspace.features_path(video.id))[1]
    with pytest.raises(WorkspaceFault, match="no chat is attached"):
        move_chat(workspace, video, 1.0)


def test_patterns_are_kept_and_used(workspace, video, chat):
    assert laugh_patterns(workspace) == DEFAULT_PATTERNS
    save_laugh_patterns(workspace, "hello\n\n안녕\n")
    assert laugh_patterns(workspace) == ("hello", "안녕")
    assert attach_chat(workspace, video, chat)[0].n_laughing == 300
    with pytest.raises(PatternFault):
        save_laugh_patterns(workspace, "(")
    assert laugh_patterns(workspace) == ("hello", "안녕")
    assert save_laugh_patterns(workspace, "") == laugh_patterns(workspace) == DEFAULT_PATTERNS
