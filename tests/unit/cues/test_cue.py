from core.cues import laughter
from core.cues.cue import CUES, column_names


def test_every_cue_is_whole():
    for name, cue in CUES.items():
        assert cue.name == name
        assert cue.lane in cue.columns
        assert cue.digest
    assert CUES["laughter"].columns == laughter.COLUMNS


def test_columns_of_several_cues_keep_their_order():
    assert column_names(("chat", "laughter"))[:3] == ("chat_messages", "chat_laughing", "laughter_laughter")
    assert column_names(()) == ()
