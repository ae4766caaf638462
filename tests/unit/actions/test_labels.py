"""Labels as files: nothing is lost on the way, and a bad line is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.actions.adoption import adopt, offers
from core.actions.labels import attach_labels, export_labels, import_labels
from core.detection.results import moments_in, read_detections
from core.errors import PunchlineError
from core.faces.feature_file import write_features
from core.labels.event import LabelEvent, clip_id_of
from core.labels.ledger import Ledger
from core.labels.trims import Trim, record_trims, trims_of, undo_trim
from core.people.person import Reference
from core.storage.files import write_json
from core.video.streams import Tracks
from core.workspace.settings import change_settings
from core.workspace.workspace import Workspace
from tests.media import Sound, tone, with_tracks, write
from tests.tables import random_features

FACE = Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg", {})


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """Ann and Ben, and a video of twenty seconds."""
    space = Workspace(tmp_path / "space")
    for name in ("Ann", "Ben"):
        space.add_references(name, (FACE,))
    space.register(write(tmp_path / "a.mp4", np.arange(100) / 5))
    return space


def test_one_persons_labels_come_back_as_they_were(space: Workspace) -> None:
    video, ann, ben = space.videos()[0].id, space.find_person("Ann"), space.find_person("Ben")
    mine = LabelEvent(video, ann.id, 1.0, 7.0, 1, "peaks", labeller="Mina", note='하하; "x"', clip_id="moved")
    Ledger(space.labels_path).record([mine, LabelEvent(video, ben.id, 2.0, 8.0, 0, "random")])
    exported = export_labels(space, person=ann)
    assert exported.n == 1
    assert exported.content.startswith(b"\xef\xbb\xbf"), "spreadsheets know UTF-8 by the mark"
    assert export_labels(space).n == 2
    shutil.rmtree(space.labels_path.with_name("labels-backups"))
    space.labels_path.unlink()
    assert len(import_labels(space, exported.content).events) == 1
    assert [replace(event, id="") for event in Ledger(space.labels_path).labels()] == [replace(mine, id="")]


def test_bad_lines_are_told_and_with_strict_refuse_the_file(space: Workspace) -> None:
    ann = space.find_person("Ann")
    content = b"video,start,end,label\na.mp4,1,7,1\nb.mp4,1,7,1\na.mp4,1,30,0\na.mp4,90,96,0\n"
    refused = import_labels(space, content, person=ann, strict=True)
    assert refused.events == ()
    assert Ledger(space.labels_path).labels() == []
    taken = import_labels(space, content, person=ann)
    assert [event.start for event in taken.events] == [1.0]
    assert [fault.line for fault in taken.faults] == [3, 4, 5] == [fault.line for fault in refused.faults]
    assert [fault.line for fault in import_labels(space, content).faults] == [2, 3, 4, 5], "whose they are is not said"


def test_labels_of_a_lost_person_go_to_the_one_who_is_made_anew(space: Workspace) -> None:
    video, ann, ben = space.videos()[0].id, space.find_person("Ann"), space.find_person("Ben")
    ledger = Ledger(space.labels_path)
    mine = [LabelEvent(video, ann.id, 7.0 * k, 7.0 * k + 6, k % 2, "marked", note=str(k)) for k in range(4)]
    ledger.record([*mine, LabelEvent(video, ben.id, 2.0, 8.0, 0, "random")])
    space.person_path(ann.id).write_bytes(b"damaged")
    assert [person.name for person in space.people()] == ["Ben"]
    assert str(space.person_path(ann.id)) in str(space.unreadable_people()[0])
    again = space.add_references("Ann", (FACE,))
    assert again.id != ann.id
    assert attach_labels(space, ann.id, again) == 4
    assert ledger.labels(person_id=ann.id) == []
    held = [(e.start, e.label, e.note) for e in ledger.labels(person_id=again.id)]
    assert held == [(e.start, e.label, e.note) for e in mine]
    assert len(ledger.labels(person_id=ben.id)) == 1
    with pytest.raises(PunchlineError, match="no label hangs on this id"):
        attach_labels(space, "nobody", again)


def test_a_name_is_looked_up_once(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = Workspace.find_video
    monkeypatch.setattr(Workspace, "find_video", lambda self, text: asked.append(text) or find(self, text))
    lines = [f"{name},{k},{k + 6},1" for k in range(5) for name in ("a.mp4", "gone.mp4")]
    content = "\n".join(["video,start,end,label", *lines]).encode()
    imported = import_labels(space, content, person=space.find_person("Ben"))
    assert (len(imported.events), imported.unknown) == (5, ("gone.mp4",))
    (fault,) = imported.faults
    assert "gone.mp4: no such video here (5 lines)" in fault.reason
    assert sorted(asked) == ["a.mp4", "gone.mp4"]


# From another machine


@pytest.mark.parametrize(
    "line",
    [
        "C:\\\\Videos\\\\a.mp4,1,7,1,,",
        "/home/somebody/streams/a.mp4,1,7,1,,",
        "renamed.mp4,1,7,1,{id},",
        ",1,7,1.0,{id},",
        "renamed.mp4,1,7,1,0123456789abcdef,a.mp4",
    ],
)
def test_a_video_is_matched_by_id_name_or_path(space: Workspace, line: str) -> None:
    video = space.videos()[0].id
    content = "video,start,end,label,video_id,video_name\n" + line.format(id=video)
    imported = import_labels(space, content.encode(), person=space.find_person("Ben"))
    assert [event.video_id for event in imported.events] == [video], imported.faults


def test_two_videos_of_one_name_are_told_apart_by_their_folder(space: Workspace, tmp_path: Path) -> None:
    for k, folder in enumerate(("one", "two")):
        (tmp_path / folder).mkdir()
        space.register(write(tmp_path / folder / "s.mp4", np.arange(100 + k) / 5))
    wanted = space.find_video(str(tmp_path / "two" / "s.mp4")).id
    content = b"video,start,end,label\ntwo/s.mp4,1,7,1\ns.mp4,1,7,1\n"
    imported = import_labels(space, content, person=space.find_person("Ben"))
    assert [event.video_id for event in imported.events] == [wanted]
    assert "2 videos have this name" in imported.faults[0].reason


def test_what_is_exported_is_taken_where_the_file_lies_elsewhere(space: Workspace, tmp_path: Path) -> None:
    video, ann = space.videos()[0], space.find_person("Ann")
    Ledger(space.labels_path).record([LabelEvent(video.id, ann.id, 1.0, 7.0, 1, "peaks")])
    change_settings(space, folders=(str(tmp_path),))
    content = export_labels(space).content
    assert content.decode("utf-8-sig").splitlines()[1].startswith("a.mp4,1.000,7.000,1,Ann")
    assert f"{video.id},a.mp4" in content.decode()
    other = Workspace(tmp_path / "other")
    other.add_references("Ann", (FACE,))
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(tmp_path / "a.mp4", tmp_path / "elsewhere" / "new name.mp4")
    other.register(tmp_path / "elsewhere" / "new name.mp4")
    assert len(import_labels(other, content).events) == 1


def test_which_video_is_meant_can_be_said(space: Workspace) -> None:
    video, ben = space.videos()[0], space.find_person("Ben")
    content = b"video,start,end,label\nx.mp4,1,7,1\ny.mp4,8,14,0\n"
    assert import_labels(space, content, person=ben, videos={"x.mp4": video}).unknown == ("y.mp4",)
    assert len(import_labels(space, content, person=ben, videos={"": video}).events) == 2


def test_a_clip_that_is_both_is_named(space: Workspace) -> None:
    content = b"video,start,end,label\na.mp4,1,7,1\na.mp4,1,7,0\na.mp4,8,14,0\n"
    imported = import_labels(space, content, person=space.find_person("Ben"))
    assert imported.warnings == ("the clip 1.000-7.000 s is labelled both 1 and 0; the last line holds",)


# Of videos that changed


def test_a_recording_that_grows_stays_itself_and_takes_its_labels_along(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(tmp_path / "whole.mkv", np.arange(300) / 10, codec="libx264").read_bytes()
    path = tmp_path / "live.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    video, ann = space.register(path), space.find_person("Ann")
    assert video.growing
    Ledger(space.labels_path).record([LabelEvent(video.id, ann.id, 1.0, 7.0, 1, "marked", note="웃음")])
    path.write_bytes(b"\x1a" + whole[1 : len(whole) * 3 // 4])  # recorders mend the beginning
    assert space.register(path).id == video.id, "somebody still writes"
    path.write_bytes(whole)
    monkeypatch.setattr("core.workspace.growth.STILL", 0.0)
    assert space.changed_files() == [path]
    finished = space.register(path)
    assert finished.id != video.id
    assert [(e.video_id, e.note) for e in Ledger(space.labels_path).labels()] == [(finished.id, "웃음")]
    assert video.id not in [known.id for known in space.videos()]


def test_a_kill_between_labels_and_list_loses_no_label_of_a_grown_recording(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(tmp_path / "whole.mkv", np.arange(300) / 10, codec="libx264").read_bytes()
    path = tmp_path / "live.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    video, ann = space.register(path), space.find_person("Ann")
    Ledger(space.labels_path).record([LabelEvent(video.id, ann.id, 1.0, 7.0, 1, "marked")])
    path.write_bytes(whole)
    monkeypatch.setattr("core.workspace.growth.STILL", 0.0)
    for place in ("core.workspace.handover.hand_over", "core.workspace.workspace.storage.write_json"):
        with monkeypatch.context() as killed:
            killed.setattr(place, lambda *given, **more: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                space.register(path)
    assert [e.video_id for e in Ledger(space.labels_path).labels()] == [space.register(path).id]


def test_another_recording_in_its_place_is_another_video(space: Workspace, tmp_path: Path) -> None:
    path = write(tmp_path / "live.mkv", np.arange(60) / 10)
    video, ann = space.register(path), space.find_person("Ann")
    Ledger(space.labels_path).record([LabelEvent(video.id, ann.id, 1.0, 6.0, 1, "marked")])
    write(path, np.arange(400) / 10 + 1, codec="libx264", width=320)
    assert space.register(path).id != video.id
    assert Ledger(space.labels_path).labels()[0].video_id == video.id


def test_labels_behind_an_end_that_was_learnt_by_reading_are_refused(space: Workspace, tmp_path: Path) -> None:
    video = space.register(write(tmp_path / "live.mkv", np.arange(20) / 10, flags={"live": "1"}))
    features = random_features(0)
    write_features(space.features_path(video.id), replace(features, info=replace(features.info, duration=12.0)))
    imported = import_labels(
        space, b"video,start,end,label\nlive.mkv,5,11,1\nlive.mkv,13,19,1\n", person=space.find_person("Ann")
    )
    assert [event.start for event in imported.events] == [5.0]
    assert "12" in imported.faults[0].reason


def test_a_remux_is_offered_and_adopted(space: Workspace, tmp_path: Path) -> None:
    sound = Sound(tone(440, 20.0) * np.repeat([0.1, 0.9, 0.3, 0.6], 5 * 48_000)[: len(tone(440, 20.0))], codec="aac")
    path = write(tmp_path / "s.mkv", np.arange(200) / 10, sound)
    other = write(tmp_path / "other.mkv", np.arange(200) / 10 + 3, Sound(tone(300, 20.0), codec="aac"))
    video, ann = space.register(path), space.find_person("Ann")
    import_labels(space, b"video,start,end,label\ns.mkv,1,7,1\ns.mkv,8,14,0\n", person=ann)
    remuxed = with_tracks(path, tmp_path / "s.mp4")
    path.unlink()
    new = space.register(remuxed)
    space.register(other)
    assert [(o.old.id, o.n_labels, o.video.id) for o in offers(space)] == [(video.id, 2, new.id)]
    assert adopt(space, video.id, new) == 2
    assert {event.video_id for event in Ledger(space.labels_path).labels()} == {new.id}
    assert offers(space) == []
    with pytest.raises(PunchlineError, match="no label hangs on this video"):
        adopt(space, video.id, new)


def found(space: Workspace, video_id: str, person_id: str, *places: float) -> list[str]:
    """Moments that were found, written as detection does; gives their ids."""
    moments = [
        {"start": p, "end": p + 5, "score": 0.9, "probability": 0.5, "best_start": p, "best_end": p + 5} for p in places
    ]
    about = {"video_id": video_id, "person_id": person_id, "person": "Ann", "model": "m", "moments": moments}
    content = {"format": "punchline-detections", "format_version": 1, **about, "earlier": {}}
    write_json(space.detections_path(video_id, person_id), content)
    return [clip_id_of(video_id, person_id, place, place + 5) for place in places]


@pytest.mark.parametrize("way", ["adopted", "attached", "grown"])
def test_judgements_trims_and_moments_follow_the_labels(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    path = write(tmp_path / "s.mkv", np.arange(200) / 10)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    video, ann = space.register(path), space.find_person("Ann")
    video = space.choose_tracks(video, Tracks(1))
    judged, trimmed, _untouched = found(space, video.id, ann.id, 1.0, 8.0, 14.0)
    ledger, who = Ledger(space.labels_path), {"video_id": video.id, "person_id": ann.id}
    ledger.record([LabelEvent(**who, start=1.0, end=6.0, label=1, origin="accepted", clip_id=judged)])
    ledger.edit(judged, start=1.5)
    ledger.record([LabelEvent(**who, start=14.0, end=19.0, label=None, kind="skip", origin="likely")])
    record_trims(ledger, [Trim(trimmed, **who, start=8.5, end=12.0, name="Best", note="cut")])
    if way == "attached":
        who["person_id"] = space.add_references("Ann again", (FACE,)).id
        attach_labels(space, ann.id, space.person(who["person_id"]))
    elif way == "adopted":
        path.unlink()
        new = space.register(write(tmp_path / "s.mp4", np.arange(200) / 10))
        adopt(space, video.id, new)
        who["video_id"] = new.id
    else:
        path.write_bytes(whole)
        monkeypatch.setattr("core.workspace.growth.STILL", 0.0)
        new = space.register(path)
        assert new.tracks == Tracks(1)
        who["video_id"] = new.id
    ids = [clip_id_of(**who, start=place, end=place + 5) for place in (1.0, 8.0, 14.0)]
    assert [(e.clip_id, e.start, e.origin) for e in ledger.labels(**who)] == [(ids[0], 1.5, "accepted")]
    assert [e.start for e in ledger.skipped(**who)] == [14.0]
    trims = trims_of(ledger, **who)
    assert {id: (t.start, t.end, t.name) for id, t in trims.items()} == {ids[1]: (8.5, 12.0, "Best")}
    undo_trim(ledger, trims[ids[1]].id)
    assert trims_of(ledger, **who) == {}, "as it was found"
    (result,) = read_detections(space, **who).values()
    assert [moment.start for moment in moments_in(result)] == [1.0, 8.0, 14.0]
    assert read_detections(space, video.id, ann.id) == {}
    assert trims_of(ledger, video_id=video.id, person_id=ann.id) == {}
