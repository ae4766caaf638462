"""Errors keep their template and values wherever they go."""

import json
import pickle
from pathlib import Path

import numpy as np

from core.errors import PunchlineError, Sentence, StorageFault, with_templates


def test_an_error_reads_as_its_template_with_its_values() -> None:
    error = StorageFault("{path}: {n:.1f} of {kind!r}", path=Path("a {b}.h5"), n=np.float32(2), kind="x")
    assert str(error) == "a {b}.h5: 2.0 of 'x'"
    assert error.sentence.values == {"path": "a {b}.h5", "n": 2.0, "kind": "x"}


def test_braces_in_a_plain_message_are_no_places() -> None:
    assert str(PunchlineError("a {b}")) == "a {b}"


def test_an_error_survives_pickling_with_its_values() -> None:
    error = StorageFault("{path}: {cause}", path="a", cause=PunchlineError("{n} left", n=3))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is StorageFault
    assert str(again) == "a: 3 left"
    assert again.sentence.template == "{path}: {cause}"
    assert again.sentence.values == error.sentence.values
    cause = again.sentence.values["cause"]
    assert isinstance(cause, Sentence)
    assert cause.values == {"n": 3}


def test_a_sentence_survives_json_in_whatever_holds_it() -> None:
    said = Sentence("{path}: {cause}", path="a", cause=Sentence("{n} left", n=3))
    stored = json.loads(json.dumps(with_templates({"warnings": (said, "plain"), "n": 1})))
    again = [Sentence.of(one) for one in stored["warnings"]]
    assert again == ["a: 3 left", "plain"]
    assert stored["n"] == 1
    assert again[0].values == said.values
    assert again[0].template == said.template


def test_what_an_exception_says_is_its_sentence() -> None:
    said = Sentence("{n} left", n=3)
    assert Sentence.of(ValueError(said)) is said
    assert Sentence.of(PunchlineError(said)).values == {"n": 3}
    assert Sentence.of(ValueError("a", "b")) == "('a', 'b')"
    several = Sentence.several([said, "other"])
    assert several == "3 left; other"
    assert several.values["part0"] == said


def test_a_job_keeps_templates(tmp_path: Path) -> None:
    from dataclasses import replace

    from core.workspace.jobs import Job, Jobs
    from core.workspace.workspace import Workspace

    jobs = Jobs(Workspace(tmp_path))
    said = Sentence("sound: {text}", text=Sentence("{bad_packets} damaged packets were skipped", bad_packets=3))
    job = replace(Job("1", "extract", "v", "v"), status="failed", message=said, result={"warnings": [said]})
    jobs.save(job)
    kept = jobs.find("1")
    assert isinstance(kept.message, Sentence)
    assert kept.message.values == said.values
    assert Sentence.of(kept.result["warnings"][0]).values == said.values
