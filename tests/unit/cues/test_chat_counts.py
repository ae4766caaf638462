import numpy as np
import pytest

from core.cues.chat_counts import AROUND, ChatCounts, chat_rows, counts_of
from core.cues.chat_message import Unread
from core.cues.chat_reading import ReadChat
from core.cues.kept_chat_counts import ChatInfo, read_chat_file, write_chat

TIMES = np.arange(3000) / 3  # 1000 s


def chat_of(times: np.ndarray, laughing: np.ndarray) -> ChatCounts:
    order = np.argsort(times)
    return counts_of(ReadChat(times[order], laughing[order].astype(bool), "csv", 0, Unread(), False))


def test_rows_are_rates_and_shares():
    times = np.concatenate([np.arange(0, 100, 0.5), np.arange(40, 50, 0.25) + 0.01])
    laughing = np.arange(len(times)) >= 200
    rows = chat_rows(chat_of(times, laughing), TIMES[:300], offset=0)
    assert rows.shape == (300, 2)
    assert rows[60] == pytest.approx([2.0, 0.0], abs=0.2)
    assert rows[45 * 3] == pytest.approx([6.0, 4 / 6], abs=0.3)
    moved = chat_rows(chat_of(times, laughing), TIMES[:300], offset=-20)
    assert moved[25 * 3] == pytest.approx(rows[45 * 3], abs=1e-6)


def test_before_and_after_the_chat_rows_are_missing():
    rows = chat_rows(chat_of(np.array([100.0, 130.0, 160.0]), np.ones(3)), TIMES, offset=0)
    assert np.isnan(rows[: 90 * 3]).all()
    assert np.isnan(rows[170 * 3 :]).all()
    assert rows[115 * 3, 0] == 0
    assert np.isnan(rows[115 * 3, 1])  # nobody writes
    assert rows[130 * 3] == pytest.approx([1 / AROUND, 1.0])


def test_times_in_whole_seconds_lie_half_a_second_later():
    assert counts_of(ReadChat(np.array([3.0, 8.0]), np.ones(2, bool), "log", 0, Unread(), False)).start == 3.5
    assert counts_of(ReadChat(np.array([3.0, 8.1]), np.ones(2, bool), "log", 0, Unread(), False)).start == 3.0


def test_counts_come_back_from_their_file(tmp_path):
    counts = chat_of(np.array([-3.0, 1.0, 1.1, 8.0]), np.array([0, 1, 1, 0]))
    info = ChatInfo("a.json", "twitch", 4, 2, 1, 0, False, False, -4.5, 4.5, 0.75)
    write_chat(tmp_path / "v.h5", counts, info)
    back, told = read_chat_file(tmp_path / "v.h5")
    assert told == info
    assert back.start == counts.start == -3.0
    assert np.array_equal(back.counts, counts.counts)
    assert back.counts.sum(axis=0).tolist() == [4, 2]
