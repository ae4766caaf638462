"""Which features moved a score, and which labelled clips are like a clip."""

from __future__ import annotations

import numpy as np
import pytest

from core.clip_dataset_builder import ClipDataset
from core.cues.cue import CUES
from core.detection.detect import score
from core.detection.explanation import ABOVE, BELOW, GROUPS, clip_summary, explain, explain_segment, nearest_clips
from core.errors import SeriesTooShort
from core.segment import Segment
from core.series import FEATURES, N_FACE
from tests.detections import HAPPINESS, LOUDNESS, PERSON, VIDEO, FakeLibrary, label, stream

PITCH = FEATURES.index("pitch")


def linear(X: np.ndarray) -> np.ndarray:
    """Happiness counts 4, ten dB count 1, disgust -2, a missing value nothing."""
    mean = np.where(np.isnan(X), 0, X).mean(axis=1)
    return -3 + 4 * mean[:, HAPPINESS] + 0.1 * mean[:, LOUDNESS] - 2 * mean[:, FEATURES.index("disgust")]


def clip(**features: float) -> np.ndarray:
    values = np.zeros((15, len(FEATURES)), np.float32)
    for name, value in features.items():
        values[:, FEATURES.index(name)] = value
    return values


def test_every_feature_belongs_to_one_group_with_its_sentences():
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(FEATURES)
    assert set(GROUPS) | set(CUES) == set(ABOVE) == set(BELOW)


def test_changes_are_what_each_group_adds():
    found = explain(clip(happiness=0.5, loudness=12.0, disgust=0.2), linear)
    assert found.log_odds == pytest.approx(-3 + 2 + 1.2 - 0.4)
    assert found.as_usual == pytest.approx(-3)
    changes = {c.group: c.change for c in found.contributions}
    assert [c.group for c in found.contributions][:3] == ["happiness", "loudness", "unpleasant"]
    assert changes["happiness"] == pytest.approx(2)
    assert changes["loudness"] == pytest.approx(1.2)
    assert changes["unpleasant"] == pytest.approx(-0.4)
    assert changes["surprise"] == changes["pitch"] == 0
    assert [c.group for c in found.reasons()] == ["happiness", "loudness"]
    assert [c.group for c in found.reasons(1)] == ["happiness"]


def test_sentences_say_how_it_differs_from_the_usual():
    values = clip(happiness=0.5, neutral=-0.4, loudness=-7.0, arousal=-0.2)
    values[:6, PITCH] = 24.0  # two octaves above 55 Hz
    texts = {c.group: c.text for c in explain(values, linear).contributions}
    assert texts["happiness"] == "happier than usual (+0.50)"
    assert texts["neutral"] == "less neutral than usual (-0.40)"
    assert texts["loudness"] == "7 dB quieter than usual"
    assert texts["arousal"] == "calmer than usual (-0.20)"
    assert texts["pitch"] == "a voice in 40% of the time, at about 220 Hz"
    silent = {c.group: c.text for c in explain(clip(), linear).contributions}
    assert silent["pitch"] == "no voice is heard"


def test_cues_are_explained_beside_the_features():
    cues = np.zeros((15, 6), np.float32)  # laughter, speech, music, crowd; messages, laughing
    cues[:5, 0], cues[:, 4], cues[:, 5] = 0.9, np.log(3), 0.4
    usual = np.concatenate([np.zeros(12), [0.1, 0, 0, 0, 0, 0.2]])

    def by_laughter_and_chat(X: np.ndarray) -> np.ndarray:
        return linear(X[:, :, :12]) + 10 * X[:, :, 12].mean(axis=1) + 5 * X[:, :, 17].mean(axis=1)

    values = np.concatenate([clip(), cues], axis=1)
    found = explain(values, by_laughter_and_chat, cues=("laughter", "chat"), usual=usual)
    changes = {c.group: c.change for c in found.contributions}
    assert changes["laughter"] == pytest.approx(10 * (0.3 - 0.1), abs=1e-5)
    assert changes["chat"] == pytest.approx(5 * (0.4 - 0.2), abs=1e-5)
    assert found.as_usual == pytest.approx(-3 + 1 + 1, abs=1e-5)
    texts = {c.group: c.text for c in found.contributions}
    assert texts["laughter"] == "laughter is heard in 33% of the time"
    assert texts["chat"] == "viewers write 3.0 times as much as usual, 40% of them laugh"


def test_a_quiet_cue_is_said_and_an_absent_one_explains_nothing():
    cues = np.zeros((15, 6), np.float32)
    cues[:, 5] = np.nan  # nobody writes: no share of them laughs
    found = explain(
        np.concatenate([clip(), cues], axis=1),
        lambda X: linear(X[:, :, :12]),
        cues=("laughter", "chat"),
        usual=np.zeros(18),
    )
    texts = {c.group: c.text for c in found.contributions}
    assert (texts["laughter"], texts["chat"]) == ("no laughter is heard", "viewers write nothing")
    absent = explain(
        np.concatenate([clip(), cues * np.nan], axis=1),
        lambda X: linear(X[:, :, :12]),
        cues=("laughter", "chat"),
        usual=np.zeros(18),
    )
    assert not {"laughter", "chat"} & {c.group for c in absent.contributions}


def test_a_sentence_is_a_template_and_its_values():
    (first, *_) = explain(clip(happiness=0.5), linear).contributions
    assert first.template == ABOVE["happiness"]
    assert first.values == {"difference": pytest.approx(0.5)}


def test_what_is_missing_stays_missing_and_explains_nothing():
    values = clip(happiness=0.5, loudness=12.0)
    values[:, :N_FACE] = np.nan
    seen: list[np.ndarray] = []

    def note(X: np.ndarray) -> np.ndarray:
        seen.append(X)
        return linear(X)

    found = explain(values, note)
    assert {c.group for c in found.contributions} == {"loudness", "pitch"}
    assert np.isnan(seen[0][:, :, :N_FACE]).all()
    values = clip(happiness=0.5)
    values[3, :N_FACE] = np.nan
    explain(values, note)
    assert np.isnan(seen[1][:, 3, :N_FACE]).all()
    assert not np.isnan(seen[1][:, 2]).any()


def test_a_place_in_a_video_is_explained_against_the_persons_usual(tmp_path):
    library = FakeLibrary(tmp_path, stream(60.0, Segment(20.0, 26.0)))
    scored = score(library, VIDEO, PERSON, load=library.load)
    found, values = explain_segment(library, VIDEO, PERSON, Segment(20.0, 26.0), scored=scored, load=library.load)
    assert [c.text for c in found.reasons()] == ["happier than usual (+0.70)", "20 dB louder than usual"]
    assert found.log_odds == pytest.approx(8.0)
    np.testing.assert_allclose(values[:, LOUDNESS], 20.0)
    calm, _ = explain_segment(library, VIDEO, PERSON, Segment(40.0, 46.0), scored=scored, load=library.load)
    assert calm.reasons() == []
    assert calm.log_odds == calm.as_usual
    with pytest.raises(SeriesTooShort):
        explain_segment(library, VIDEO, PERSON, Segment(58.0, 64.0), scored=scored, load=library.load)


# Clips like it


def dataset(values: np.ndarray, *, failed: list[int] | None = None) -> ClipDataset:
    n = len(values)
    return ClipDataset(
        features=values.astype(np.float32),
        timestamps=np.zeros((n, 15)),
        source=np.zeros((n, 15), np.uint8),
        baseline=np.zeros((n, len(FEATURES)), np.float32),
        labels=np.zeros(n, np.int8),
        events=[label(k, k % 2) for k in range(n)],
        failed_ratio=np.array([0.9 if k in (failed or []) else 0.0 for k in range(n)]),
        sampling=["nearest"] * n,
        digests=[""] * n,
        frame_count=np.full(n, 15, np.int32),
        stale=np.zeros(n, bool),
        kept=np.zeros(n, bool),
    )


def test_the_nearest_clips_are_those_like_it():
    happy, loud = clip(happiness=0.7), clip(loudness=20.0)
    clips = dataset(np.stack([happy, loud, clip(), clip(happiness=0.6)]))
    found = nearest_clips(clip(happiness=0.69), clips, n=3)
    assert [clips.events.index(x.event) for x in found] == [0, 3, 2]
    assert found[0].distance < found[1].distance < found[2].distance
    own = clips.events[0].clip_id
    assert [clips.events.index(x.event) for x in nearest_clips(happy, clips, n=1, leave_out=[own])] == [3]
    clips = dataset(np.stack([happy, loud, clip(), clip(happiness=0.6)]), failed=[0])
    assert clips.events.index(nearest_clips(happy, clips, n=1)[0].event) == 3


def test_with_one_clip_or_none_there_is_one_or_none():
    assert nearest_clips(clip(), dataset(np.empty((0, 15, 12)))) == []
    (only,) = nearest_clips(clip(happiness=1.0), dataset(clip()[None]))
    assert only.distance == 0.0


def test_two_clips_differ_by_about_one():
    rng = np.random.default_rng(0)
    made = rng.normal(size=(200, 15, 12))
    distances = [x.distance for x in nearest_clips(made[0], dataset(made), n=200)]
    assert distances[0] == pytest.approx(0.0, abs=1e-6)
    assert np.mean(distances[1:]) == pytest.approx(1.0, abs=0.15)


def test_a_summary_passes_over_what_is_missing_and_over_silence():
    values = np.full((1, 15, 12), np.nan)
    values[0, 3:8, 0] = [1, 2, 3, 4, 5]
    values[0, :, PITCH] = [0] * 10 + [12] * 5
    mean, spread, greatest = clip_summary(values).reshape(3, 12)
    assert (mean[0], spread[0], greatest[0]) == (3, pytest.approx(2**0.5), 5)
    assert (mean[1], spread[1], greatest[1]) == (0, 0, 0)
    assert (mean[PITCH], greatest[PITCH]) == (12, 12)
