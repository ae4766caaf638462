from types import SimpleNamespace

import numpy as np
import pytest

from core.cues.cue import column_names
from core.cues.steady import steady
from core.errors import ModelFault
from core.series import FEATURES
from core.training.cue_columns import ClipCues, chosen_cues, cue_columns, together_of, with_cues
from core.workspace.library import VideoCues

TIMES = np.arange(90) / 3


class FakeLibrary:
    """Videos whose laughter is a ramp of their own; only video a has a chat."""

    def cues(self, video_id: str) -> VideoCues:
        ramp = np.tile(TIMES[:, None] + len(video_id), (1, 4)).astype(np.float32)
        chat = np.stack([np.full(90, 2.0), np.linspace(0, 1, 90)], axis=1).astype(np.float32)
        return VideoCues(TIMES, {"laughter": ramp, **({"chat": chat} if video_id == "a" else {})})


def chosen(ids: list[str], wanted: str) -> tuple[str, ...]:
    return chosen_cues(FakeLibrary(), ids, wanted)  # type: ignore[arg-type]


def test_auto_takes_what_all_videos_have():
    assert chosen(["a"], "auto") == ("laughter", "chat")
    assert chosen(["a", "bb"], "auto") == ("laughter",)
    assert chosen(["a"], "none") == ()
    assert chosen(["a"], "chat, laughter") == ("chat", "laughter")
    with pytest.raises(ModelFault, match="lacks the cue chat"):
        chosen(["a", "bb"], "chat")


def test_columns_are_those_of_the_nearest_frame():
    known = FakeLibrary().cues("a")
    columns = cue_columns(known, ("laughter", "chat"), np.array([[0.0, 10.1, 99.0]]), steady=False)
    assert columns.shape == (1, 3, 6)
    assert columns[0, :, 0] == pytest.approx([1.0, 1 + 10.0, 1 + TIMES[-1]], abs=1e-5)
    assert columns[0, :, 4] == pytest.approx([0, 0, 0], abs=1e-6)  # as many messages as usual
    assert cue_columns(known, (), np.zeros((2, 15))).shape == (2, 15, 0)


def test_clips_of_several_videos_get_their_own():
    cues = ClipCues(FakeLibrary(), ("laughter",), np.array(["a", "bb", "a"]))  # type: ignore[arg-type]
    at = np.full((3, 15), 3.0)
    assert cues.of(at)[:, 0, 1] == pytest.approx([4.0, 5.0, 4.0])
    assert cues.of(at[:1], np.array([1]))[0, 0, 1] == pytest.approx(5.0)
    drawn, _ = cues.added(lambda rng, index: (np.zeros((len(index), 15, 12)), at[index]))(None, np.array([2, 1]))
    assert drawn.shape == (2, 15, 16)
    assert drawn[:, 0, 13] == pytest.approx([4.0, 5.0])


def test_laughter_is_steady_but_for_models_that_learned_from_it_second_by_second() -> None:
    heard = np.full((90, 4), 0.01, np.float32)
    heard[30] = 0.6
    known, at = VideoCues(TIMES, {"laughter": heard}), np.array([[10.0]])
    assert cue_columns(known, ("laughter",), at)[0, 0].tolist() == pytest.approx(
        [*steady(heard[:, 0], TIMES)[30:31], 0.6, 0.6, 0.6]
    )
    for card, said in (({}, 0.6), ({"steady_laughter": True}, steady(heard[:, 0], TIMES)[30])):
        library = SimpleNamespace(cues=lambda _id: known)
        asked = with_cues(None, {"cues": ["laughter"], **card}, library, "a")  # type: ignore[arg-type]
        assert asked.columns(at)[0, 0, 0] == pytest.approx(said)


def test_a_laugh_is_a_smile_with_laughter_else_with_bursts_of_loud_sound():
    loud, laughter = FEATURES.index("loudness"), len(FEATURES)
    smile = FEATURES.index("happiness"), 1.0, False
    assert together_of(FEATURES) == (smile, (loud, 10.0, False), (loud, 10.0, True))
    assert together_of((*FEATURES, *column_names(("laughter",)))) == (smile, (laughter, 1.0, False))
