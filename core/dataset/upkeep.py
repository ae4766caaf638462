"""Keeping dataset.h5 in step with the labels and the series: refresh it, and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.clip_dataset_builder import OVERRULED, ClipDataset, OthersOf, SeriesOf, build_clips
from core.cues.cue import CUES, column_names
from core.dataset.dataset_file import CuesOfClips, Names, read_dataset, read_info, read_state, write_dataset
from core.errors import Sentence, StorageFault
from core.faces.feature_file import read_features_info
from core.labels.contradictions import overruled
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.rules import ClipOptions
from core.people.series_file import series_digest
from core.storage.files import program_version, set_aside
from core.storage.hdf5 import AnotherFormat
from core.workspace.library import Library, VideoCues
from core.workspace.paths import state_of
from core.workspace.workspace import Workspace

CuesOf = Callable[[str], VideoCues]
WAIT = 60.0  # seconds for another process that builds the dataset


@dataclass(frozen=True, eq=False)
class Refreshed:
    """A dataset file after `refresh`; `damaged` says why the old one could not be used, and where it is kept."""

    clips: ClipDataset
    damaged: str | None = None

    @property
    def n_kept(self) -> int:
        """Arrays that were taken over."""
        return int(self.clips.kept.sum())

    @property
    def n_computed(self) -> int:
        """Arrays that were made."""
        return len(self.clips) - self.n_kept


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a dataset file.

    `kind` is ``damaged``, ``stale`` (an array that is not of the present label or series), ``missing`` (a label without
    an array), ``contradicting`` (a label that does not count, since a later one contradicts it) or ``orphaned`` (an
    array without a label, a label of an unknown video or person). Times are seconds; `clip_id` is empty where the whole
    file is meant.
    """

    kind: str
    reason: str
    clip_id: str = ""
    video_id: str = ""
    person_id: str = ""
    start: float = 0.0
    end: float = 0.0


def names_of(workspace: Workspace) -> Names:
    """What the videos and people of a workspace are called; fps is NaN where a video is not analysed."""
    videos = {}
    for video in workspace.videos():
        path, fps = workspace.features_path(video.id), float("nan")
        if path.exists():
            with suppress(StorageFault):
                fps = read_features_info(path).fps
        videos[video.id] = (video.name, fps)
    return Names(videos, {person.id: person.name for person in workspace.people()})


def up_to_date(library: Library, *, options: ClipOptions | None = None, rebuild: bool = False) -> Refreshed:
    """The dataset of a workspace, brought up to the labels and series of now.

    Parameters
    ----------
    options, rebuild
        As `refresh`.

    Raises
    ------
    Busy
        If another process still does the same after a minute.
    StorageFault
        As `refresh`.
    """
    workspace = library.workspace
    with workspace.lock("dataset", timeout=WAIT):
        return refresh(
            workspace.dataset_path,
            library.ledger,
            library.series,
            others_of=library.others_of,
            cues_of=library.cues,
            names=names_of(workspace),
            options=options,
            rebuild=rebuild,
            sources=sources_of(workspace),
        )


def sources_of(workspace: Workspace) -> str:
    """Names the state of the files that series and names come from: while it is the same, so are they."""
    folders = (workspace.features_folder, workspace.people_folder)
    paths = [workspace.videos_path, *(path for folder in folders for path in folder.glob("[!.]*"))]
    states = [[str(path.relative_to(workspace.root)), *state_of(path)] for path in sorted(paths)]
    return series_digest({"files": states, "program": program_version()})


def refresh(
    path: Path,
    ledger: Ledger,
    series_of: SeriesOf,
    *,
    others_of: OthersOf | None = None,
    cues_of: CuesOf = lambda video_id: VideoCues(),
    names: Names = Names(),
    options: ClipOptions | None = None,
    rebuild: bool = False,
    sources: str = "",
) -> Refreshed:
    """Bring a dataset file up to the labels and series of now, in one step; hold a lock around it.

    Parameters
    ----------
    series_of, others_of
        As `core.clip_dataset_builder.build_clips`.
    cues_of
        Gives the cues of a video, which lie beside the clips.
    options
        How rows are taken from here on; None leaves them as they are in the file.
    rebuild
        Make every array anew whose series is there; else only those whose digest differs.
    sources
        Names the state of series and names. A file made of the same and of the same labels is only read.

    Raises
    ------
    StorageFault
        If it cannot be written, the file there is of another version, or holds clips whose series are gone and that
        therefore cannot have another number of rows; it is left as it was. A damaged one is renamed and made anew.
    """
    ledger_seq = ledger.last_seq()  # before the labels: one that comes between is then not counted as known
    cached, damaged = _cached(path)
    if cached is not None and (built_of := read_info(path).ledger_seq) > ledger_seq:
        raise StorageFault(
            "{path}: it was made when the label ledger had {built_of} events, now it has {n}; get them back by "
            "`punchline labels restore`. If less is meant, move this file away",
            path=path,
            built_of=built_of,
            n=ledger_seq,
        )
    as_asked = cached is not None and not rebuild and options in (None, cached.options)
    if cached is not None and as_asked and sources and read_state(path) == (ledger_seq, sources):
        return Refreshed(cached)
    options = options or (ClipOptions() if cached is None else cached.options)
    if cached is not None and rebuild:
        cached = replace(cached, digests=[""] * len(cached))
    as_many_rows = cached if cached is not None and cached.options.n_rows == options.n_rows else None
    labels = ledger.labels()
    out = overruled(ledger, labels)
    clips = build_clips(
        labels, series_of, others_of=others_of, options=options, cached=as_many_rows, overruled=out.keys()
    )
    if cached is not None and as_many_rows is None:
        _check_none_lost(path, cached, clips)
    if damaged is not None:
        damaged = Sentence("{fault}; kept as {name}", fault=damaged, name=set_aside(path).name)
    cues = cues_of_clips(clips, cues_of)
    write_dataset(path, clips, names=names, cues=cues, ledger_seq=ledger_seq, sources=sources)
    return Refreshed(clips, damaged)


def cues_of_clips(clips: ClipDataset, cues_of: CuesOf) -> CuesOfClips | None:
    """The cues of every clip at the times of its rows, NaN where its video lacks one; None where no video has any."""
    known = {}
    for video_id in dict.fromkeys(event.video_id for event in clips.events):
        with suppress(StorageFault):  # said where the features themselves are needed
            known[video_id] = cues_of(video_id)
    names = tuple(name for name in CUES if any(name in video.cues for video in known.values()))
    if not names:
        return None
    columns = column_names(names)
    values = np.full((*clips.timestamps.shape, len(columns)), np.nan, np.float32)
    for k, event in enumerate(clips.events):
        video = known.get(event.video_id, VideoCues())
        for name in names:
            if name in video.cues:
                own = [columns.index(column) for column in column_names((name,))]
                values[k][:, own] = video.cues[name][video.nearest(clips.timestamps[k])]
    return CuesOfClips(columns, values)


def _check_none_lost(path: Path, cached: ClipDataset, clips: ClipDataset) -> None:
    """That no array of other rows is given up that cannot be made anew. Raises StorageFault."""
    gone = {event.clip_id for event, reason in clips.left_out if reason != OVERRULED}
    lost = gone & {event.clip_id for event in cached.events}
    if lost:
        raise StorageFault(
            "{path}: {n} clips of {rows} rows cannot be made anew, since their series are gone; extract their videos "
            "again, or keep --rows {rows}",
            path=path,
            n=len(lost),
            rows=cached.options.n_rows,
        )


def _cached(path: Path) -> tuple[ClipDataset | None, str | None]:
    """The dataset that is there, or why it cannot be read. Raises AnotherFormat."""
    if not path.exists():
        return None, None
    try:
        return read_dataset(path), None
    except AnotherFormat:
        raise
    except StorageFault as error:
        return None, Sentence.of(error)


def behind(path: Path, ledger: Ledger) -> int:
    """How many events of the ledger a dataset file does not know yet; all where it cannot be read."""
    try:
        return ledger.last_seq() - read_info(path).ledger_seq
    except StorageFault:
        return ledger.last_seq()


def verify(
    path: Path, ledger: Ledger, series_of: SeriesOf, *, others_of: OthersOf | None = None, names: Names = Names()
) -> list[Finding]:
    """Everything wrong with a dataset file, and the contradictions among the labels; nothing is changed.

    Raises
    ------
    AnotherFormat
        If the file is of another kind or version.
    """
    cached, damaged = _cached(path)
    labels = ledger.labels()
    out = overruled(ledger, labels)
    contradicting = list(_contradicting(labels, out))
    if damaged is not None:
        return [Finding("damaged", f"{damaged}; `punchline dataset build` does"), *contradicting]
    if cached is None:
        found = [Finding("missing", f"{path}: no such file; run `punchline dataset build`")] if labels else []
        return [*found, *contradicting]
    present = build_clips(
        labels, series_of, others_of=others_of, options=cached.options, cached=cached, overruled=out.keys()
    )
    return [
        *_stale(cached, present),
        *_missing(cached, present),
        *contradicting,
        *_orphaned(cached, labels, names),
    ]


def _finding(kind: str, event: LabelEvent, reason: str) -> Finding:
    return Finding(kind, reason, event.clip_id, event.video_id, event.person_id, event.start, event.end)


def _stale(cached: ClipDataset, present: ClipDataset) -> Iterator[Finding]:
    new = {event.clip_id: (now, event) for now, event in enumerate(present.events)}
    for k, old in enumerate(cached.events):
        if old.clip_id not in new:
            continue
        now, event = new[old.clip_id]
        if present.stale[now]:
            yield _finding("stale", event, "its series is not there; extract the video and add the person's references")
        elif (old.start, old.end) != (event.start, event.end):
            yield _finding("stale", event, f"it was moved from {old.start:.2f}-{old.end:.2f} s; run `dataset build`")
        elif not present.kept[now] or cached.stale[k]:
            yield _finding("stale", event, "its series was made anew with other settings; run `dataset build`")
        elif old.label != event.label:
            yield _finding("stale", event, f"its label was changed to {event.label}; run `dataset build`")
        elif not np.array_equal(cached.baseline[k], present.baseline[now], equal_nan=True):
            yield _finding("stale", event, "what is usual for the person has changed; run `dataset build`")


def _missing(cached: ClipDataset, present: ClipDataset) -> Iterator[Finding]:
    known = {event.clip_id for event in cached.events}
    for event in present.events:
        if event.clip_id not in known:
            yield _finding("missing", event, "it was labelled since; run `dataset build`")
    for event, reason in present.left_out:
        if reason != OVERRULED:
            yield _finding("missing", event, reason)


def _contradicting(labels: Sequence[LabelEvent], out: Mapping[str, str]) -> Iterator[Finding]:
    held = {event.clip_id: event for event in labels}
    for clip_id, by in out.items():
        event, later = held[clip_id], held[by]
        yield _finding(
            "contradicting",
            event,
            f"labelled {event.label}, but the later clip {by} at {later.start:.2f}-{later.end:.2f} s is labelled "
            f"{later.label}, so this one does not count; change or remove one of them",
        )


def _orphaned(cached: ClipDataset, labels: Iterable[LabelEvent], names: Names) -> Iterator[Finding]:
    held = {event.clip_id: event for event in labels}
    for event in cached.events:
        if event.clip_id not in held:
            yield _finding("orphaned", event, "its label was removed; run `dataset build`")
    for event in held.values():
        if event.video_id not in names.videos:
            yield _finding("orphaned", event, f"its video {event.video_id} is not known to this workspace")
        elif event.person_id not in names.people:
            yield _finding("orphaned", event, f"its person {event.person_id} was removed")
