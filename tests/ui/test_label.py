"""Page Label: what came of an imported file, the counters beside it, and the ready labels of the sample."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.actions.sample import SAMPLE
from core.faces.feature_file import write_features
from core.labels.event import LabelEvent
from core.labels.goal import goal_of
from core.labels.ledger import Ledger
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.job_panel import kind_name
from tests.tables import random_features
from tests.ui.test_pages import fill, opened, space
from tests.unit.workspace.test_workspace import reference

__all__ = ["space"]

LINES = "video,start,end,label\n" + "".join(f"other.mp4,{k},{k + 6},{k % 2}\n" for k in range(0, 20))


def test_a_file_about_an_unknown_video_is_said_in_a_line_and_asks_which_it_is(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path)
    (tmp_path / "long.mp4").write_bytes((Path("assets") / "sample.mp4").read_bytes())
    long = space.register(tmp_path / "long.mp4")
    app = opened("label")
    app.file_uploader(key="label-csv").upload("labels.csv", LINES.encode()).run()
    app.button(key="import-labels").click().run()
    told = [str(part.value) for part in app.warning if "left out" in str(part.value)]
    assert [text.count("no such video here") for text in told] == [1]
    app.selectbox(key="meant-other.mp4").set_value(long.id).run()
    app.button(key="use-other.mp4").click().run()
    assert len(Ledger(space.labels_path).labels()) == 20
    captions = " ".join(str(part.value) for part in app.caption)
    assert "20 labels, 10 of them funny" in captions
    assert "No labels yet" not in captions


def offer(app: AppTest) -> list[Button]:
    return [button for button in app.button if button.key == "sample-labels"]


def test_ready_labels_stay_on_offer_beside_a_few_of_ones_own(space: Workspace) -> None:
    video = space.register(SAMPLE)
    person = space.add_references("Grace", (reference(),))
    Ledger(space.labels_path).record([LabelEvent(video.id, person.id, 0.0, 6.0, 0, "marked")])
    app = opened("label")
    assert any("In the sample, funny means laughing aloud." in str(part.value) for part in app.caption)
    offer(app)[0].click().run()
    assert goal_of(Ledger(space.labels_path).counts(), person.id).reached
    assert any("labels taken" in str(toast.value) for toast in app.toast)
    assert not offer(app)


def test_moving_a_clip_is_spoken_of_while_there_is_one(space: Workspace) -> None:
    video = space.register(SAMPLE)
    person = space.add_references("Grace", (reference(),))
    assert any("Move the clip by" in str(part.value) for part in opened("label").caption)
    labels = [LabelEvent(video.id, person.id, 6.0 * k, 6.0 * k + 6, k % 2, "marked") for k in range(32)]
    Ledger(space.labels_path).record(labels)
    assert not any("Move the clip by" in str(part.value) for part in opened("label").caption)


def test_ready_labels_are_not_offered_for_somebody_else(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path)
    video = space.register(SAMPLE)
    features = random_features(0, fingerprint=video.id, n_faces=0, duration=192.0, warnings=())
    write_features(space.features_path(video.id), features)
    app = opened("label")
    app.selectbox(key="label-video").set_value(video.id).run()
    assert not app.exception
    assert not offer(app)


def contradicting(space: Workspace) -> list[str]:
    """Two labels of one place, the later not funny; gives the ids of their events."""
    video = space.register(SAMPLE)
    person = space.add_references("Grace", (reference(),))
    bounds = ((30.0, 1, "2024-05-01T12:00:00+00:00"), (31.0, 0, "2024-05-01T12:00:05+00:00"))
    labels = [LabelEvent(video.id, person.id, start, start + 6, label, "marked", at=at) for start, label, at in bounds]
    return Ledger(space.labels_path).record(labels)


def test_a_label_that_contradicts_an_earlier_one_is_said_when_it_is_given(space: Workspace) -> None:
    _earlier, later = contradicting(space)
    app = opened("label")
    assert not any("the opposite way" in str(part.value) for part in app.info)
    app.session_state["judged-label"] = {later}
    app.run()
    assert [str(part.value) for part in app.info if "opposite" in str(part.value)] == [
        "Labelled the opposite way before, at 0:30: only the new label counts."
    ]
    assert any("0 funny, 1 not funny in this video" in str(part.value) for part in app.caption)
    Ledger(space.labels_path).undo(later)
    app.run()
    assert not any("opposite" in str(part.value) for part in (*app.info, *app.warning))


def test_the_table_marks_a_label_that_does_not_count(space: Workspace) -> None:
    contradicting(space)
    app = opened("label")
    assert any("Not counted: 1, such as the one at 0:30" in str(part.value) for part in app.warning)
    (table,) = [frame.value for frame in app.dataframe if "origin" in frame.value]
    assert dict(zip(table["start"], table["counts"], strict=True)) == {"0:31.0": "yes", "0:30.0": "no"}


def test_a_video_heard_in_another_way_is_heard_again_in_the_background(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    id = fill(space, tmp_path)
    opened("label")
    assert Jobs(space).latest("hear", id) is None
    with h5py.File(space.features_path(id), "a") as file:
        file["cues/laughter"].attrs["digest"] = "older"
    opened("label").run()
    assert [job.subject for job in Jobs(space).all() if job.kind == "hear"] == [id]
    assert kind_name("hear") == "Hearing laughter again"


def test_the_table_is_filtered_by_what_origins_are_called(space: Workspace) -> None:
    video = space.register(SAMPLE)
    person = space.add_references("Grace", (reference(),))
    origins = ("peaks", "calm", "random")
    labels = [LabelEvent(video.id, person.id, 9.0 * k, 9.0 * k + 6, 0, origin) for k, origin in enumerate(origins)]
    Ledger(space.labels_path).record(labels)
    app = opened("label")
    box = app.selectbox(key="table-origin")
    assert box.options == ["any", "picked for you", "random"]
    box.select("picked for you").run()
    (table,) = [frame.value for frame in app.dataframe if "origin" in frame.value]
    assert list(table["start"]) == ["0:09.0", "0:00.0"]


def test_accepted_moments_are_told_apart_among_the_funny_labels(space: Workspace) -> None:
    video = space.register(SAMPLE)
    person = space.add_references("Grace", (reference(),))
    kinds = (("peaks", 1), ("calm", 0))
    labels = [LabelEvent(video.id, person.id, 9.0 * k, 9.0 * k + 6, label, o) for k, (o, label) in enumerate(kinds)]
    Ledger(space.labels_path).record(labels)
    assert any("1 funny, 1 not funny in this video" in str(part.value) for part in opened("label").caption)
    Ledger(space.labels_path).record([LabelEvent(video.id, person.id, 1.0, 6.5, 1, "accepted")])
    said = "2 funny (1 from Detect), 1 not funny in this video"
    assert any(said in str(part.value) for part in opened("label").caption)


def said_below(*, is_sample: bool) -> None:
    from pages.components.label.labeller import _said_below

    _said_below([], 12.0, "Grace", moves=True, is_sample=is_sample)


def test_what_counts_as_funny_is_said_for_the_sample_alone() -> None:
    captions = [
        str(AppTest.from_function(said_below, kwargs={"is_sample": sample}).run().caption[0].value)
        for sample in (True, False)
    ]
    assert captions[0].startswith("**Is Grace funny here?** In the sample, funny means laughing aloud. · 0 funny")
    assert captions[1].startswith("**Is Grace funny here?** · 0 funny")
