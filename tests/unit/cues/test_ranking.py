import numpy as np
import pytest

from core.cues.ranking import cue_values, together


def test_each_cue_becomes_one_value():
    laughter = np.array([[0.1, 1, 1, 1], [0.9, 0, 0, 0], [np.nan] * 4], np.float32)
    chat = np.array([[1.0, 0.0], [9.0, 1.0], [np.nan, np.nan]], np.float32)
    values = cue_values({"laughter": laughter, "chat": chat})
    assert values["laughter"][:2] == pytest.approx([0.1, 0.9])
    assert np.isnan(values["laughter"][2])
    assert values["chat"][0] < values["chat"][1] <= 1
    assert np.isnan(values["chat"][2])
    assert cue_values({}) == {}


def test_a_message_in_a_quiet_chat_is_no_spike():
    chat = np.zeros((100, 2), np.float32)
    chat[50] = 0.2, 1.0
    assert cue_values({"chat": chat})["chat"][50] < 0.21
    chat[50] = 5.0, 0.9
    assert cue_values({"chat": chat})["chat"][50] == 1.0


def test_cues_speak_together():
    value = together({"laughter": np.array([0.5, 0.5, np.nan, np.nan]), "chat": np.array([0.5, np.nan, 0.5, np.nan])})
    assert value[0] > value[1] > value[2] > 0
    assert np.isnan(value[3])
