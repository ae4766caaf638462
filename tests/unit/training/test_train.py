"""From labels to a saved model: the card, what is refused, stopping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cues.cue import column_names
from core.dataset.upkeep import up_to_date
from core.errors import ModelFault
from core.funny_moment_classifier import FunnyMomentClassifier
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.rules import ClipOptions
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.series import FEATURES, N_FACE, Source, TimeSeries, baseline
from core.training.cue_columns import with_cues
from core.training.train import TrainingSettings, train
from core.workspace.library import VideoCues
from core.workspace.workspace import Workspace

PERSON = Person("p1", "지은", ())
LIGHT = TrainingSettings(model="logistic", n_folds=3)


def stream(video: str, *, seconds: float = 1200.0) -> tuple[PersonSeries, list[LabelEvent]]:
    """Every 20 s something happens for 6 s: by turns a laugh with sound, a smile alone, a noise alone."""
    rng = np.random.default_rng(len(video))
    t = np.arange(0, seconds, 1 / 3)
    values = rng.normal(0, 0.1, (len(t), len(FEATURES)))
    source = np.zeros(len(t), np.uint8)
    events = []
    for k, start in enumerate(np.arange(5.0, seconds - 10, 20.0)):
        here = (t >= start) & (t < start + 6)
        values[here, FEATURES.index("happiness")] += k % 3 != 2
        values[here, FEATURES.index("loudness")] += 20 * (k % 3 != 1)
        if k % 20 == 19:
            values[here, :N_FACE], source[here] = np.nan, Source.MISSING
        events.append(LabelEvent(video, "p1", start, start + 6, int(k % 3 == 0), "random" if k % 2 else "peaks"))
    series = TimeSeries(values, t, source, 3.0)
    parameters = {"models": {"recogniser": "abc"}, "sample_rate": 3.0}
    return PersonSeries(series, np.ones(len(t), np.float32), baseline(series), parameters), events


class FakeLibrary:
    """What training asks of a library."""

    def __init__(self, root: Path, videos: tuple[str, ...] = ("a", "bb", "ccc"), *, n: int = 10_000) -> None:
        self.workspace = Workspace(root)
        self.made = {video: stream(video) for video in videos}
        self.ledger = Ledger(self.workspace.labels_path)
        events = [event for _, labelled in self.made.values() for event in labelled][:n]
        self.ledger.record([*events, LabelEvent("gone", "p1", 0, 6, 1, "imported")])

    def series(self, video_id: str, person_id: str) -> PersonSeries | None:
        return self.made[video_id][0] if video_id in self.made else None

    def cues(self, video_id: str) -> VideoCues:
        return VideoCues()

    def others_of(self, video_id: str, person_id: str) -> Iterator[TimeSeries]:
        yield from (one.series for other, (one, _) in self.made.items() if other != video_id)


def trained(library: FakeLibrary, settings: TrainingSettings = LIGHT, **more: Any) -> tuple[Path, dict[str, Any]]:
    return train(library, PERSON, settings, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], list[tuple[float, float]]]:
    steps: list[tuple[float, float]] = []
    library = FakeLibrary(tmp_path_factory.mktemp("library"))
    folder, card = trained(library, name="first", on_progress=lambda completed, total: steps.append((completed, total)))
    return folder, card, steps


def test_the_card_says_what_it_was_made_from(done):
    folder, card, _ = done
    assert folder.name == "first"
    assert (card["person_id"], card["person"], card["model"]) == ("p1", "지은", "logistic")
    assert (card["n_clips"], card["n_funny"]) == (171, 57)
    assert set(card["series"]) == {"a", "bb", "ccc"}
    assert card["models"] == {"recogniser": "abc"}
    assert card["series_parameters"][0]["models"] == {"recogniser": "abc"}
    assert card["features"] == list(FEATURES)
    assert card["n_rows"] == 15
    assert card["labelled_share"] == pytest.approx(card["class_prior"][1])
    assert card["origins"].keys() == {"random", "peaks"}


def test_every_label_left_out_has_its_place_and_reason(done):
    _, card, _ = done
    assert len(card["excluded"]) == card["n_left_out"] == 10
    reasons = {row["reason"] for row in card["excluded"]}
    assert any("not analysed" in reason for reason in reasons)
    assert any("the face is not seen in 30% of the clip or more" in reason for reason in reasons)
    assert all({"clip_id", "video_id", "start", "end", "label"} <= set(row) for row in card["excluded"])


def test_the_card_holds_the_judgement(done):
    _, card, _ = done
    judgement = card["judgement"]
    assert judgement["nested"] is False
    assert judgement["metrics"]["f1"]["value"] > 0.95
    assert judgement["baselines"]["loudness"]["difference"]["f1"]["low"] > 0
    assert judgement["random"]["n"] > 0
    assert judgement["calibration_curve"]
    assert card["seconds"]["all"] >= card["seconds"]["fit"] > 0


def test_the_saved_model_works(done):
    folder, _, _ = done
    fitted, card = FunnyMomentClassifier.load(folder)
    dataset = up_to_date(FakeLibrary(folder, ("dddd",))).clips
    usable = dataset.usable
    p = fitted.predict_proba(dataset.inputs[usable], dataset.timestamps[usable])[:, 1]
    assert ((p >= card["threshold"]) == (dataset.labels[usable] == 1)).mean() > 0.95


def test_progress_goes_forward_to_the_end(done):
    _, _, steps = done
    assert [completed for completed, _ in steps] == sorted(completed for completed, _ in steps)
    assert steps[-1][0] == steps[-1][1]
    assert len({total for _, total in steps}) == 1


def test_a_full_judgement_is_nested_and_has_a_learning_curve(tmp_path):
    steps: list[tuple[float, float]] = []
    settings = TrainingSettings(model="logistic", judge=True, n_folds=3, n_repeats=1)
    _, card = trained(
        FakeLibrary(tmp_path, ("a",)), settings, on_progress=lambda completed, total: steps.append((completed, total))
    )
    assert card["judgement"]["nested"] is True
    assert card["judgement"]["learning_curve"]["gain"]["low"] >= 0
    assert steps[-1][0] == steps[-1][1]
    assert all(m.keys() >= {"clip_id", "start", "probability"} for m in card["judgement"]["mistakes"])


def test_a_network_leaves_its_loss_curves(tmp_path):
    told = []
    settings = TrainingSettings(model="conv1d", n_folds=2, n_seeds=1, n_epochs=2, device="cpu")
    _, card = trained(FakeLibrary(tmp_path, ("a",)), settings, on_curve=lambda *row: told.append(row))
    assert len(card["curves"][0]) == 2
    assert [row[:2] for row in told] == [(0, 0), (0, 1)]
    assert card["curves"][0][0]["loss"] == told[0][2]


def test_a_training_that_is_stopped_writes_nothing(tmp_path):
    class Stopped(Exception):
        pass

    def stop(completed: float, total: float) -> None:
        if completed >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        trained(FakeLibrary(tmp_path), on_progress=stop)
    assert not (tmp_path / "models").exists()


def test_the_same_labels_give_the_same_model(tmp_path):
    for name in ("one", "two"):
        trained(FakeLibrary(tmp_path, ("a",)), name=name)
    one, two = ((tmp_path / "models" / name / "weights.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_too_few_labels_say_what_to_do(tmp_path):
    with pytest.raises(ModelFault, match=r"9 funny and 15 not funny, expected at least 10 of each; label 1 more funny"):
        trained(FakeLibrary(tmp_path, ("a",), n=25))
    with pytest.raises(
        ModelFault, match=r"0 funny and 0 not funny.*1 labels are left out, mostly because the video is not"
    ):
        trained(FakeLibrary(tmp_path / "empty", ()))


def test_an_unknown_model_is_refused(tmp_path):
    with pytest.raises(ModelFault, match="expected one of auto"):
        trained(FakeLibrary(tmp_path, ("a",)), TrainingSettings(model="svm"))


def test_a_training_learns_from_the_dataset_as_it_is_taken(tmp_path):
    library = FakeLibrary(tmp_path, ("a",))
    up_to_date(library, options=ClipOptions(20, "linear"))  # type: ignore[arg-type]
    _, card = trained(library, TrainingSettings(model="logistic", n_folds=3, n_rows=20, sampling="linear"), name="rows")
    assert (card["n_rows"], card["sampling"]) == (20, "linear")
    for asked, words in (({"n_rows": 15}, "15 rows, linear"), ({"sampling": "nearest"}, "20 rows, nearest")):
        with pytest.raises(
            ModelFault, match=f"dataset.h5 have 20 rows, linear, asked for are {words}; run .*build --rows"
        ):
            trained(library, TrainingSettings(model="logistic", **asked), name="other")


def test_a_series_that_goes_while_training_begins_is_told(tmp_path, monkeypatch):
    library = FakeLibrary(tmp_path, ("a",))
    up_to_date(library)  # type: ignore[arg-type]
    monkeypatch.setattr(library, "series", lambda video_id, person_id: None)
    with pytest.raises(ModelFault, match="its series is gone"):
        trained(library)


# Cues


class WithLaughter(FakeLibrary):
    """Laughter is heard in what is funny, and the face says nothing: cues alone tell it."""

    def cues(self, video_id: str) -> VideoCues:
        series, events = self.made[video_id]
        t = series.series.timestamps
        heard = np.random.default_rng(0).uniform(0, 0.2, (len(t), 4)).astype(np.float32)
        for event in events:
            if event.label:
                heard[(t >= event.start) & (t < event.end), 0] = 0.9
        return VideoCues(t, {"laughter": heard})


@pytest.fixture(scope="module")
def cued(tmp_path_factory: pytest.TempPathFactory) -> tuple[WithLaughter, Path, dict[str, Any]]:
    library = WithLaughter(tmp_path_factory.mktemp("cued"))
    return library, *trained(library, replace(LIGHT, cues="auto"), name="cued")


def test_with_cues_the_same_training_without_them_stands_beside(cued):
    _, _, card = cued
    assert card["cues"] == ["laughter"]
    assert card["features"] == [*FEATURES, *column_names(("laughter",))]
    without = card["judgement"]["without_cues"]
    assert {"value", "low", "high"} == set(without["difference"]["f1"])
    assert card["judgement"]["metrics"]["f1"]["value"] >= without["metrics"]["f1"]["value"]
    assert "laughter_laughter" in card["judgement"]["baselines"]


def test_a_model_with_cues_asks_the_video_for_them(cued):
    library, folder, _ = cued
    fitted, card = FunnyMomentClassifier.load(folder)
    whole = with_cues(fitted, card, library, "a")
    clips = up_to_date(library).clips.of("p1")
    here = (clips.groups == "a") & clips.usable
    p = whole.predict_proba(clips.inputs[here], clips.timestamps[here])[:, 1]
    assert ((p > 0.5) == clips.labels[here]).mean() > 0.95
    library.cues = lambda video_id: VideoCues()
    with pytest.raises(ModelFault, match="lacks the cue laughter"):
        with_cues(fitted, card, library, "a")
    del library.cues


def test_named_cues_must_be_there(tmp_path):
    library = WithLaughter(tmp_path, n=120)
    for wanted, said in {"chat": "lacks the cue chat", "smell": "no cue smell"}.items():
        with pytest.raises(ModelFault, match=said):
            trained(library, replace(LIGHT, cues=wanted))
