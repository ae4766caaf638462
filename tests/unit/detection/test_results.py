"""Kept results: what is written is what is read, what no longer holds is not used."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from core.detection.detect import DetectionSettings, decide, score
from core.detection.explanation import explain_segment
from core.detection.moments import Moment
from core.detection.results import (
    SHARES,
    as_json,
    kept_scores,
    moments_as_json,
    moments_in,
    precision_so_far,
    read_detections,
    save_detections,
    what_changed,
)
from core.errors import StorageFault
from core.segment import Segment
from tests.detections import PERSON, VIDEO, FakeLibrary, label, stream

LAUGHS = Segment(20.0, 26.0), Segment(80.0, 86.0)
SETTINGS = DetectionSettings(prior=0.2, max_per_hour=None)


@pytest.fixture
def library(tmp_path) -> FakeLibrary:
    return FakeLibrary(tmp_path, stream(120.0, *LAUGHS, away=Segment(40.0, 60.0), noise=0.05))


def saved(library: FakeLibrary, model: str | None = None):
    scored = score(library, VIDEO, PERSON, model=model, load=library.load)
    found = decide(scored, SETTINGS)
    return scored, found, save_detections(library.workspace, scored, found, SETTINGS)


def test_a_result_is_read_as_it_was_written(library):
    scored, found, result = saved(library)
    kept = read_detections(library.workspace, VIDEO.id, PERSON.id)
    assert kept == {"newest": result}
    assert json.loads(json.dumps(result)) == result
    assert len(found.moments) == 2
    for read, moment in zip(moments_in(kept["newest"]), found.moments, strict=True):
        assert (read.start, read.end, read.best) == (moment.start, moment.end, moment.best)
        assert read.score == pytest.approx(moment.score, abs=1e-4)
    assert result["settings"]["prior"] == result["prior"] == 0.2
    assert (result["not_judged_s"], result["model"]) == (found.not_judged_s, scored.model)
    path = library.workspace.detections_path(VIDEO.id, PERSON.id)
    assert len(json.loads(path.read_text(encoding="utf-8"))["moments"]) == 2  # the latest result lies on top


def test_each_model_keeps_its_last_result(library):
    library.model("first")
    library.model("second")
    saved(library, "first")
    saved(library, "second")
    saved(library, "first")
    assert list(read_detections(library.workspace, VIDEO.id, PERSON.id)) == ["first", "second"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "punchline-detections", "format_version": 99}', "\xff"]
)
def test_a_file_that_cannot_be_read_is_named_and_kept_aside(library, content):
    path = library.workspace.detections_path(VIDEO.id, PERSON.id)
    assert read_detections(library.workspace, VIDEO.id, PERSON.id) == {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(StorageFault, match=r"cannot be read|version 99"):
        read_detections(library.workspace, VIDEO.id, PERSON.id)
    saved(library)
    (result,) = read_detections(library.workspace, VIDEO.id, PERSON.id).values()
    (aside,) = path.parent.glob("*.json.damaged-*")
    assert aside.read_bytes() == content.encode("latin-1")
    assert aside.name in str(result["warnings"])


# Scores


def test_kept_scores_decide_as_new_ones_do(library):
    scored, found, _ = saved(library)
    kept = kept_scores(library, VIDEO, PERSON)
    np.testing.assert_allclose(kept.scores.log_odds, scored.scores.log_odds, rtol=1e-5)
    np.testing.assert_allclose(kept.loudness, scored.loudness, atol=1e-4)
    np.testing.assert_array_equal(kept.scores.windows.start, scored.scores.windows.start)
    again = decide(kept, SETTINGS)
    assert [(m.start, m.end) for m in again.moments] == [(m.start, m.end) for m in found.moments]
    assert again.loud == found.loud
    library.ledger.record([label(k, 0) for k in range(40)])
    assert kept_scores(library, VIDEO, PERSON).n_random == scored.n_random, "moments stay while they are judged"
    assert saved(library)[0].n_random == scored.n_random + 40, "until they are looked for again"


def test_kept_scores_of_an_older_version_count_labels_as_they_are_now(library):
    scored, _, _ = saved(library)
    path = library.workspace.scores_path(VIDEO.id, PERSON.id)
    with np.load(path) as file:
        arrays = dict(file)
    about = json.loads(str(arrays.pop("about")))
    assert [about.pop(name) for name in SHARES] == [scored.random_share, scored.n_random, scored.funny_share]
    np.savez_compressed(path, **arrays, about=json.dumps(about))
    library.ledger.record([label(k, 0) for k in range(40)])
    assert kept_scores(library, VIDEO, PERSON).n_random == scored.n_random + 40


def test_kept_scores_of_something_else_are_not_used(library):
    assert kept_scores(library, VIDEO, PERSON) is None
    saved(library)
    made = library.made
    library.model("another")
    assert kept_scores(library, VIDEO, PERSON, model="another") is None
    library.made = replace(made, parameters={**made.parameters, "fill": "none"})
    assert kept_scores(library, VIDEO, PERSON) is None
    library.made = replace(made, series=stream(121.0))  # an extraction that went on
    assert kept_scores(library, VIDEO, PERSON) is None
    library.made = made
    assert kept_scores(library, VIDEO, PERSON) is not None
    library.card["created"] = "t2"  # a model of the same name
    library.model("newest")
    assert kept_scores(library, VIDEO, PERSON) is None


def test_what_changed_since_moments_were_found_is_told(library):
    def told() -> str:
        return "; ".join(what_changed(library, VIDEO, PERSON, model="newest"))

    saved(library)
    made = library.made
    anew = "the video was extracted anew, or reference faces or thresholds were changed"
    library.made = replace(made, series=stream(121.0))
    assert told() == anew
    library.made = replace(made, parameters={**made.parameters, "fill": "none"})
    library.card["created"] = "t2"
    library.model("newest")
    assert told() == f"the model newest was trained again; {anew}"
    library.model("another")
    saved(library, "another")
    assert told() == "another model, another, looked at this video since"
    assert what_changed(library, VIDEO, PERSON, model="gone") == ["the model gone is not there any more"]
    library.workspace.scores_path(VIDEO.id, PERSON.id).write_bytes(b"")
    assert told() == "its scores cannot be read any more"


def test_scores_stay_though_something_else_is_usual_since_another_video_was_extracted(library, monkeypatch):
    scored, found, _ = saved(library)
    monkeypatch.setattr(library, "usual_for", lambda video, person: scored.usual + np.float32(0.5))
    kept = kept_scores(library, VIDEO, PERSON)
    assert kept is not None
    np.testing.assert_array_equal(kept.usual, scored.usual)
    assert [(m.start, m.end) for m in decide(kept, SETTINGS).moments] == [(m.start, m.end) for m in found.moments]
    explained, _ = explain_segment(library, VIDEO, PERSON, found.moments[0].best, scored=kept, load=library.load)
    best = np.nanmax(scored.scores.log_odds)
    assert explained.log_odds == pytest.approx(best, rel=1e-4)


def test_damaged_scores_are_not_used(library):
    saved(library)
    path = library.workspace.scores_path(VIDEO.id, PERSON.id)
    content = path.read_bytes()
    for damaged in (content[:-200], b"", b"nothing like it"):
        path.write_bytes(damaged)
        assert kept_scores(library, VIDEO, PERSON) is None


# Labels


def test_precision_counts_what_was_accepted_and_rejected():
    nothing = precision_so_far([label(1, 1, "random")])
    assert (nothing.n_accepted, nothing.n_rejected, nothing.share, nothing.low) == (0, 0, None, None)
    events = [label(k, 1, "accepted") for k in range(8)] + [label(k, 0, "rejected") for k in range(8, 10)]
    found = precision_so_far([*events, label(20, 1, "random")])
    assert (found.n_accepted, found.n_rejected, found.share) == (8, 2, 0.8)
    assert (found.low, found.high) == (pytest.approx(0.4902, abs=1e-3), pytest.approx(0.9433, abs=1e-3))  # Wilson's
    assert precision_so_far(events[:3]).high == 1.0


def test_a_result_as_json_holds_plain_numbers(library):
    scored, found, _ = saved(library)
    content = as_json(scored, found)
    assert set(content["moments"][0]) == {"start", "end", "score", "probability", "best_start", "best_end"}
    assert json.loads(json.dumps(content))["moments"] == content["moments"]
    assert content["not_judged"] == [[s.start, s.end] for s in found.not_judged]


def test_a_labelled_clip_that_was_added_is_read_as_one():
    added = Moment(5.0, 11.0, 0.25, Segment(5.0, 11.0), 0.25, labelled=True)
    kept = moments_as_json([added, replace(added, start=3.0, labelled=False)])
    assert [moment.get("labelled") for moment in kept] == [True, None]
    assert [moment.labelled for moment in moments_in({"moments": kept})] == [True, False]
