"""The dataset file in step with labels and series: what is computed, kept, stale, and what is found wrong."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.clip_dataset_builder import OVERRULED
from core.dataset.dataset_file import Names, read_clip_cues, read_dataset, read_info
from core.dataset.upkeep import behind, refresh, verify
from core.errors import StorageFault
from core.labels.ledger import Ledger
from core.labels.rules import ClipOptions
from core.workspace.library import VideoCues
from tests.labelled import label, of, steady
from tests.processes import ROOT, left_over, run

NAMES = Names({"a": ("방송.mp4", 30.0), "b": ("b.mp4", 25.0)}, {"p": "지은"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dataset.h5"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Three labels: two in video a, one in b."""
    ledger = Ledger(tmp_path / "labels.sqlite")
    ledger.record([label("a", 3.0), label("a", 20.0, label=0), label("b", 3.0)])
    return ledger


BOTH = of(a=steady(1.0, strict=0.5), b=steady(2.0, strict=0.5))


def kinds(path: Path, ledger: Ledger, series_of=BOTH, **options) -> list[tuple[str, float]]:
    return [(f.kind, f.start) for f in verify(path, ledger, series_of, **{"names": NAMES, **options})]


# Build and rebuild


def test_the_first_build_computes_all_and_the_second_nothing(path, ledger):
    first = refresh(path, ledger, BOTH, names=NAMES)
    assert (first.n_computed, first.n_kept, int(first.clips.stale.sum()), first.damaged) == (3, 0, 0, None)
    second = refresh(path, ledger, BOTH, names=NAMES)
    assert (second.n_computed, second.n_kept) == (0, 3)
    assert read_dataset(path).features.tobytes() == first.clips.features.tobytes()
    with h5py.File(path) as file:
        assert file["clip_info"]["video_name"][0].decode() == "방송.mp4"


def test_cues_lie_beside_the_clips_by_name(path, ledger):
    refresh(path, ledger, BOTH)
    assert read_clip_cues(path) is None
    times = np.arange(0, 60, 0.5)
    heard = np.stack([times, times + 1, times + 2, times + 3], axis=1).astype(np.float32)
    cues = {"a": VideoCues(times, {"laughter": heard}), "b": VideoCues(times, {})}
    clips = refresh(path, ledger, BOTH, cues_of=cues.__getitem__).clips
    found = read_clip_cues(path)
    assert found.names == ("laughter_laughter", "laughter_speech", "laughter_music", "laughter_crowd")
    in_a = np.array([event.video_id == "a" for event in clips.events])
    assert np.abs(found.values[in_a, :, 0] - clips.timestamps[in_a]).max() <= 0.25
    assert np.isnan(found.values[~in_a]).all()
    with h5py.File(path) as file:
        assert file["clip_cues"][:1].shape == (1, 15, 4)


def test_only_what_has_another_digest_is_computed(path, ledger):
    refresh(path, ledger, BOTH)
    ledger.record([label("b", 30.0)])
    ledger.edit(label("a", 3.0).clip_id, start=4.0, end=10.0)
    made = refresh(path, ledger, of(a=steady(1.0, strict=0.5), b=steady(9.0, strict=0.5)))
    assert (made.n_computed, made.n_kept) == (2, 2)
    by_start = dict(zip([(e.video_id, e.start) for e in made.clips.events], made.clips.features[:, 0, 0]))
    assert by_start == {("a", 4.0): 1.0, ("a", 20.0): 1.0, ("b", 3.0): 2.0, ("b", 30.0): 9.0}
    made = refresh(path, ledger, of(a=steady(1.0, strict=0.5), b=steady(9.0, strict=0.6)))
    assert (made.n_computed, made.n_kept) == (2, 2)


def test_a_ledger_that_lost_labels_does_not_replace_what_was_built_of_more(path, ledger, tmp_path):
    refresh(path, ledger, BOTH)
    before = path.read_bytes()
    fewer = Ledger(tmp_path / "emptied.sqlite")
    with pytest.raises(StorageFault, match="had 3 events, now it has 0; get them back by `punchline labels restore`"):
        refresh(path, fewer, BOTH)
    assert path.read_bytes() == before
    path.unlink()
    assert len(refresh(path, fewer, BOTH).clips) == 0


def test_rebuild_computes_all(path, ledger):
    refresh(path, ledger, BOTH)
    made = refresh(path, ledger, of(a=steady(5.0, strict=0.5), b=steady(6.0, strict=0.5)), rebuild=True)
    assert (made.n_computed, made.n_kept) == (3, 0)
    assert sorted(made.clips.features[:, 0, 0].tolist()) == [5.0, 5.0, 6.0]


@pytest.mark.parametrize("rebuild", [False, True])
def test_without_a_series_the_array_is_kept_stale(path, ledger, rebuild):
    refresh(path, ledger, BOTH)
    only_a = of(a=steady(1.0, strict=0.5))
    for _ in range(2):
        made = refresh(path, ledger, only_a, rebuild=rebuild)
        assert made.clips.stale.sum() == 1
        found = read_dataset(path)
        assert found.stale.tolist() == [False, False, True]
        assert found.usable.tolist() == [True, True, False]
        assert (found.features[2] == 2.0).all()
    assert read_info(path).n_stale == 1
    again = refresh(path, ledger, BOTH)
    assert again.clips.stale.sum() == 0
    assert again.clips.usable.all()


def test_a_removed_label_takes_its_array_along_and_an_undo_brings_it_back(path, ledger):
    refresh(path, ledger, BOTH)
    one = label("a", 3.0, label=None, kind="remove")
    ledger.record([one])
    assert len(refresh(path, ledger, BOTH).clips) == 2
    ledger.undo(one.id)
    made = refresh(path, ledger, BOTH)
    assert (len(made.clips), made.n_computed) == (3, 1)


def test_a_file_knows_how_far_it_is_behind_the_labels(path, ledger):
    assert behind(path, ledger) == 3
    refresh(path, ledger, BOTH)
    assert behind(path, ledger) == 0
    ledger.record([label("a", 40.0), label("a", 3.0, label=0)])
    assert behind(path, ledger) == 2


def test_an_empty_ledger_gives_an_empty_dataset(path, tmp_path):
    ledger = Ledger(tmp_path / "empty.sqlite")
    assert verify(path, ledger, BOTH) == []
    assert len(refresh(path, ledger, BOTH).clips) == 0
    assert read_info(path).n_clips == 0
    assert verify(path, ledger, BOTH) == []


# Damage


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "flipped":
        with h5py.File(path) as file:
            offset = file["clip_features"].id.get_chunk_info(0).byte_offset
        path.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :])
    else:
        path.write_bytes({"truncated": content[:-1000], "empty": b"", "text": b"not HDF5 at all"}[how])


@pytest.mark.parametrize("how", ["truncated", "empty", "text", "flipped"])
def test_a_damaged_file_is_kept_aside_and_made_anew(path, ledger, how):
    whole = refresh(path, ledger, BOTH).clips
    damage(path, how)
    damaged = path.read_bytes()
    assert [f.kind for f in verify(path, ledger, BOTH)] == ["damaged"]
    assert behind(path, ledger) == 3 or how == "flipped"
    made = refresh(path, ledger, BOTH)
    assert made.n_computed == 3
    assert "kept as dataset.h5.damaged-" in (made.damaged or "")
    assert next(path.parent.glob("dataset.h5.damaged-*")).read_bytes() == damaged
    assert read_dataset(path).features.tobytes() == whole.features.tobytes()
    assert verify(path, ledger, BOTH, names=NAMES) == []


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_newer_file_is_refused_and_left_alone(path, ledger, rebuild):
    refresh(path, ledger, BOTH)
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2
    before = path.read_bytes()
    for use in (lambda: refresh(path, ledger, BOTH, rebuild=rebuild), lambda: verify(path, ledger, BOTH)):
        with pytest.raises(StorageFault, match="punchline-dataset version 2, this program reads version 1"):
            use()
    assert path.read_bytes() == before


BUILDER = """
import sys
from pathlib import Path
from core.dataset.upkeep import refresh
from core.labels.ledger import Ledger
from tests.labelled import of, steady
path = Path(sys.argv[1])
ledger = Ledger(path.parent / "labels.sqlite")
k = 0
while True:
    k += 1
    refresh(path, ledger, of(a=steady(float(k), seconds=4000, k=k)))
    print(k, flush=True)
"""


@pytest.mark.parametrize("n_trials", [2, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_a_build_that_is_killed_leaves_the_old_file_or_the_new_one(path, n_trials):
    ledger = Ledger(path.parent / "labels.sqlite")
    ledger.record([label("a", 12.0 * k) for k in range(300)])
    rng = random.Random(0)
    for _ in range(n_trials):
        process = subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
        rest, _ = process.communicate(timeout=60)
        finished = max([1, *map(int, rest.split("\n")[:-1])])
        found = read_dataset(path)
        assert len(found) == 300
        (level,) = np.unique(found.features)
        assert level in (finished, finished + 1)


def test_a_full_disk_leaves_the_old_file(path, ledger):
    ledger.record([label("a", 12.0 * k) for k in range(3, 300)])
    refresh(path, ledger, of(a=steady(1.0, seconds=4000)))
    before = path.read_bytes()
    done = run(f"""
        import resource
        from pathlib import Path
        from core.dataset.upkeep import refresh
        from core.errors import StorageFault
        from core.labels.ledger import Ledger
        from tests.labelled import of, steady
        path = Path({str(path)!r})
        ledger = Ledger(path.parent / "labels.sqlite")
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        try:
            refresh(path, ledger, of(a=steady(7.0)))
        except StorageFault as error:
            print(error)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the disk is full or the file may not grow" in done.stdout
    assert path.read_bytes() == before
    assert left_over(path.parent) == []


# Verify


def test_a_fresh_file_has_nothing_wrong(path, ledger):
    refresh(path, ledger, BOTH, names=NAMES)
    assert verify(path, ledger, BOTH, names=NAMES) == []


def test_a_file_that_is_not_there_is_missing(path, ledger):
    (finding,) = verify(path, ledger, BOTH, names=NAMES)
    assert finding.kind == "missing"
    assert "run `punchline dataset build`" in finding.reason


def test_what_is_stale_is_named_with_its_reason(path, ledger):
    refresh(path, ledger, BOTH)
    ledger.edit(label("a", 3.0).clip_id, label=0)
    ledger.edit(label("a", 20.0).clip_id, start=21.0, end=27.0)
    found = {f.start: (f.kind, f.reason) for f in verify(path, ledger, of(a=steady(1.0, strict=0.5)), names=NAMES)}
    assert found[3.0][1] in (
        "its label was changed to 0; run `dataset build`",
        "its series is not there; extract the video and add the person's references",
    )
    assert found[21.0] == ("stale", "it was moved from 20.00-26.00 s; run `dataset build`")
    reasons = [f.reason for f in verify(path, ledger, of(a=steady(1.0, strict=0.5)), names=NAMES) if f.video_id == "b"]
    assert reasons == ["its series is not there; extract the video and add the person's references"]
    refresh(path, ledger, BOTH)
    other = of(a=steady(1.0, strict=0.9), b=steady(2.0, strict=0.5))
    assert {f.reason for f in verify(path, ledger, other, names=NAMES)} == {
        "its series was made anew with other settings; run `dataset build`"
    }
    others = verify(path, ledger, BOTH, others_of=lambda v, p: [steady(50.0, seconds=900).series], names=NAMES)
    assert {f.reason for f in others} == {"what is usual for the person has changed; run `dataset build`"}


def test_a_label_without_an_array_is_missing(path, ledger):
    refresh(path, ledger, BOTH, names=NAMES)
    ledger.record([label("a", 40.0), label("b", 57.0)])
    found = verify(path, ledger, BOTH, names=NAMES)
    assert [(f.kind, f.start) for f in found] == [("missing", 40.0), ("missing", 57.0)]
    assert "labelled since" in found[0].reason
    assert "the series covers" in found[1].reason
    refresh(path, ledger, BOTH, names=NAMES)
    assert kinds(path, ledger) == [("missing", 57.0)]


def test_contradictions_are_named_with_both_clips(path, ledger):
    ledger.record([label("a", 4.0, label=0)])
    refresh(path, ledger, BOTH, names=NAMES)
    (finding,) = verify(path, ledger, BOTH, names=NAMES)
    assert finding.kind == "contradicting"
    assert (finding.start, label("a", 4.0).clip_id in finding.reason) == (3.0, True)
    assert "labelled 1, but the later clip" in finding.reason


def test_a_contradicted_label_is_left_out_until_the_later_one_is_undone(path, ledger):
    n = len(refresh(path, ledger, BOTH, names=NAMES).clips)
    (later,) = ledger.record([label("a", 4.0, label=0)])
    clips = refresh(path, ledger, BOTH, names=NAMES).clips
    assert len(clips) == n
    assert [(event.start, str(reason)) for event, reason in clips.left_out] == [(3.0, OVERRULED)]
    assert (3.0, 1) not in [(event.start, event.label) for event in clips.events if event.video_id == "a"]
    ledger.undo(later)
    clips = refresh(path, ledger, BOTH, names=NAMES).clips
    assert len(clips) == n
    assert (clips.left_out, kinds(path, ledger)) == ([], [])


def test_a_contradicted_label_keeps_an_array_that_cannot_be_made_again(path, ledger):
    refresh(path, ledger, BOTH, names=NAMES)
    (later,) = ledger.record([label("a", 4.0, label=0)])
    gone = of()
    clips = refresh(path, ledger, gone, names=NAMES).clips
    assert 3.0 in [event.start for event in clips.events]
    assert not clips.usable.any()
    ledger.undo(later)
    assert 3.0 in [event.start for event in refresh(path, ledger, BOTH, names=NAMES).clips.events]


def test_another_number_of_rows_is_no_hindrance_for_contradicted_labels(path, ledger):
    refresh(path, ledger, BOTH, names=NAMES)
    ledger.record([label("a", 4.0, label=0)])
    clips = refresh(path, ledger, BOTH, names=NAMES, options=ClipOptions(20)).clips
    assert [event.start for event, _ in clips.left_out] == [3.0]


def test_arrays_and_labels_without_their_other_half_are_orphaned(path, ledger):
    refresh(path, ledger, BOTH, names=NAMES)
    ledger.record([label("a", 3.0, label=None, kind="remove")])
    assert kinds(path, ledger) == [("orphaned", 3.0)]
    refresh(path, ledger, BOTH, names=NAMES)
    assert kinds(path, ledger, names=replace(NAMES, videos={"a": NAMES.videos["a"]})) == [("orphaned", 3.0)]
    assert [k for k, _ in kinds(path, ledger, names=replace(NAMES, people={}))] == ["orphaned"] * 2


def test_verify_changes_nothing(path, ledger):
    refresh(path, ledger, BOTH)
    ledger.record([label("a", 40.0)])
    before, n = path.read_bytes(), ledger.last_seq()
    verify(path, ledger, of(), names=NAMES)
    assert (path.read_bytes(), ledger.last_seq()) == (before, n)
    shutil.rmtree(path.parent)


# Options and sources


def test_options_are_remembered_and_another_number_of_rows_makes_all_anew(path, ledger):
    refresh(path, ledger, BOTH)
    changed = refresh(path, ledger, BOTH, options=ClipOptions(20, "linear"))
    assert (changed.n_computed, changed.clips.features.shape) == (3, (3, 20, 12))
    again = refresh(path, ledger, BOTH)
    assert (again.n_computed, again.n_kept, again.clips.options) == (0, 3, ClipOptions(20, "linear"))
    assert set(again.clips.sampling) == {"linear"}
    back = refresh(path, ledger, BOTH, options=ClipOptions())
    assert (back.n_computed, read_info(path).options) == (3, ClipOptions())


def test_arrays_that_cannot_be_made_anew_keep_their_rows(path, ledger):
    refresh(path, ledger, BOTH)
    before = path.read_bytes()
    with pytest.raises(StorageFault, match=r"1 clips of 15 rows cannot be made anew.*keep --rows 15"):
        refresh(path, ledger, of(a=steady(1.0, strict=0.5)), options=ClipOptions(20))
    assert path.read_bytes() == before


def test_a_dataset_of_the_same_labels_and_sources_is_only_read(path, ledger):
    first = refresh(path, ledger, BOTH, sources="one")
    before = path.stat().st_mtime_ns, path.read_bytes()

    def never(video_id, person_id):
        raise AssertionError("read")

    again = refresh(path, ledger, never, sources="one")
    assert again.clips.features.tobytes() == first.clips.features.tobytes()
    assert again.n_computed == 0
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert refresh(path, ledger, BOTH, sources="one", options=ClipOptions(20)).n_computed == 3
    assert refresh(path, ledger, of(a=steady(1.0, strict=0.5)), sources="another").clips.options.n_rows == 20
    ledger.record([label("a", 30.0)])
    assert refresh(path, ledger, BOTH, sources="another").n_computed == 1
