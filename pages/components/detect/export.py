"""Moments of one video or many as files: clips and reels in the background, lists and timelines at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import streamlit as st

from core.actions.background import begin_export, export_subject
from core.actions.moments import export
from core.detection.moments import Moment
from core.errors import PunchlineError, Sentence
from core.export.formats import FORMATS, ExportOptions
from core.people.person import Person
from core.playback.download import download_address
from core.storage.folders import fresh_folder, open_folder, opens_folders, shortened
from core.storage.names import safe_name
from core.workspace.jobs import Job, Jobs
from core.workspace.registry import Video
from core.workspace.settings import read_settings
from core.workspace.workspace import Workspace
from pages.components.detect.moment_list import LIKELY, MomentRow, percent
from pages.components.shared.job_panel import job_bar
from pages.components.shared.shell import WRITTEN, _, as_markdown, finished_text, fragment, lasting, plain, show_error

SLOW = ("clips", "reel")  # these take time, so they are made in the background
HEIGHTS = (720, 1080, 1440, 2160)
MOST_PATHS = 8
MOST_PATH = 66  # characters of a folder that are shown in the bar
MAY_BREAK = "\u200b"  # where a line may end, so that it does not end within a folder's name
HERE = ("127.0.0.1", "::1", None)  # addresses of a browser on this machine; None is what Streamlit tells of it


@dataclass(frozen=True)
class Batch:
    """What is exported of one video: its moments, as an editor trimmed them, and their rows in the list."""

    video: Video
    moments: Sequence[Moment]
    rows: Sequence[MomentRow]


def stem_of(video: Video) -> str:
    """The video's name as a name for files."""
    return safe_name(Path(video.name).stem, otherwise="video")


def export_bar(space: Workspace, person: Person, batches: Sequence[Batch]) -> None:
    """The whole section, in a bar that stays in sight and keeps its height."""
    with st.container(key="export-bar"):
        format_, which, place, more, button = st.columns([2.7, 2.75, 2.1, 1.1, 2.3], vertical_alignment="center")
        with format_:
            format = _format(space, person, batches)
        with which:
            kind = _which()
            note = left_out([row for batch in batches for row in batch.rows])
            batches = [_chosen(batch, kind) for batch in batches]
        with more, st.popover(_("Options"), width="stretch"), st.container(key="export-options"):
            folder = _folder(space, batches)
            options = _options(format)
        wanted = _Export(space, person, format, batches, folder, options)
        with button:
            _button(wanted, note)
        with place:
            _results(wanted)
        _faults(wanted)


def _format(space: Workspace, person: Person, batches: Sequence[Batch]) -> str:
    """The kind of file; at first the one that was written last of these moments."""
    if "export-format" not in st.session_state:
        ours = tuple(export_subject(batch.video, person, "") for batch in batches)
        jobs = [job for job in Jobs(space).all() if job.kind == "export" and job.subject.startswith(ours)]
        last = jobs[-1].subject.rpartition("/")[2] if jobs else ""
        st.session_state["export-format"] = last if last in FORMATS else next(iter(FORMATS))
    names = {name: finished_text(format.description) for name, format in FORMATS.items()}
    return str(
        st.selectbox(
            _("Format"), list(names), format_func=names.__getitem__, key="export-format", label_visibility="collapsed"
        )
    )


def _folder(space: Workspace, batches: Sequence[Batch]) -> Path:
    usual = str(_usual_folder(space, batches))
    key = f"export-folder-{batches[0].video.id if len(batches) == 1 else 'all'}"
    kept = f"kept-{key}"  # what was typed, also after a look at another page
    st.session_state.setdefault(key, st.session_state.get(kept, usual))
    said = st.text_input(_("Folder"), placeholder=usual, key=key, max_chars=4096).strip() or usual
    if said != usual:
        st.session_state[kept] = said
    else:
        st.session_state.pop(kept, None)
    return Path(said).expanduser()


@dataclass(frozen=True)
class _Export:
    """What is to be written, and where."""

    space: Workspace
    person: Person
    format: str
    batches: Sequence[Batch]
    folder: Path
    options: ExportOptions

    @property
    def key(self) -> str:
        """Names it among exports of other formats, people and videos."""
        return "|".join(export_subject(batch.video, self.person, self.format) for batch in self.batches)

    @property
    def subjects(self) -> list[str]:
        """What it is called among the jobs: in the background each video with something to write is one."""
        if self.format not in SLOW:
            return [self.key]
        return [export_subject(batch.video, self.person, self.format) for batch in self.batches if batch.moments]

    def next_folder(self) -> Path:
        """Where the next export goes: many files never among those of another export."""
        apart = self.format == "clips" or len(self.batches) > 1
        return fresh_folder(self.folder) if apart else self.folder

    def target(self, video: Video, folder: Path) -> Path:
        suffix = FORMATS[self.format].suffix
        return folder / f"{stem_of(video)} moments{suffix}" if suffix else folder


def _usual_folder(space: Workspace, batches: Sequence[Batch]) -> Path:
    name = stem_of(batches[0].video) if len(batches) == 1 else _("{n} videos", n=len(batches))
    chosen = read_settings(space).exports
    return (Path(chosen) if chosen else space.exports_folder) / safe_name(name, otherwise="moments")


def which_moments() -> str:
    """Which moments are exported: kept, accepted or all."""
    return str(st.session_state.get("export-which") or "kept")


def _which() -> str:
    which = {"kept": _("Not rejected"), "accepted": _("Accepted"), "all": _("All")}
    st.session_state.setdefault("export-which", "kept")
    return str(
        st.segmented_control(
            _("Which moments"),
            list(which),
            format_func=which.__getitem__,
            required=True,
            key="export-which",
            label_visibility="collapsed",
        )
    )


def _chosen(batch: Batch, which: str) -> Batch:
    pairs = [(moment, row) for moment, row in zip(batch.moments, batch.rows, strict=True) if _is_taken(row, which)]
    return replace(batch, moments=[moment for moment, _row in pairs], rows=[row for _moment, row in pairs])


def _is_taken(row: MomentRow, which: str) -> bool:
    if row.labelled:
        return row.verdict == 1
    return which == "all" or row.verdict == 1 or (which == "kept" and row.verdict is None and not row.left_out)


def left_out(rows: Sequence[MomentRow]) -> str:
    """What the export takes, where it leaves weak moments out that nobody judged; empty where it does not."""
    which = which_moments()
    if which != "kept" or not any(row.left_out and row.verdict is None for row in rows):
        return ""
    n, total, least = sum(_is_taken(row, which) for row in rows), len(rows), percent(LIKELY)
    if n == 0:
        return _("nothing to export: weak moments, under {least}, count once you accept them", least=least)
    return _(
        "{n} of {total} are exported: accepted, or {least} or more",
        n=n,
        total=total,
        least=least,
    )


def _names(rows: Sequence[MomentRow]) -> list[str] | None:
    """The names that an editor gave, numbers for the others; None where no moment has one."""
    if not any(row.name for row in rows):
        return None
    return [row.name or _("Moment {k}", k=k) for k, row in enumerate(rows, 1)]


def _options(format: str) -> ExportOptions:
    before = after = fade = 0.0
    captions, height = False, 1080
    if FORMATS[format].note:
        st.caption(finished_text(FORMATS[format].note))
    if format in ("clips", "reel", "chapters") or FORMATS[format].joins:
        before = st.number_input(_("Seconds before"), 0.0, 30.0, 0.0, step=0.5, format="%g", key="export-before")
        after = st.number_input(_("Seconds after"), 0.0, 30.0, 0.0, step=0.5, format="%g", key="export-after")
    else:
        st.caption(_("Times are those of the moments, without margins."))
    if format == "reel":
        fade = st.number_input(_("Cross-fade, in seconds"), 0.0, 3.0, 0.0, step=0.1, format="%g", key="export-fade")
        height = st.selectbox(_("Height at most"), HEIGHTS, index=1, key="export-height")
        captions = st.checkbox(_("Show time and score in the video"), key="export-captions")
    return ExportOptions(
        before=before,
        after=after,
        captions=captions,
        cross_fade=fade,
        height=height,
        bom=format == "csv",
        opening=_("Start"),
        label="funny",
    )


def _jobs(wanted: _Export) -> list[Job]:
    """The latest of each subject."""
    latest = {job.subject: job for job in Jobs(wanted.space).all() if job.kind == "export"}
    return [latest[subject] for subject in wanted.subjects if subject in latest]


def _button(wanted: _Export, note: str) -> None:
    moments = [moment for batch in wanted.batches for moment in batch.moments]
    words = _("Export {n} moments", n=len(moments))
    if moments:
        words += f" ({lasting(sum(moment.duration for moment in moments))})"
    busy = any(job.live for job in _jobs(wanted))
    if not st.button(
        words,
        type="primary",
        disabled=not moments or busy,
        key="export",
        icon=":material/download:",
        width="stretch",
        help=note or (None if moments else _("No moments selected.")),
    ):
        return
    # Kept: any other change draws the page anew.
    st.session_state["export-fault"] = (wanted.key, _fault(wanted))
    st.rerun(scope="fragment")


def _fault(wanted: _Export) -> str:
    """Write, or begin to; gives what went wrong, if anything."""
    if not wanted.folder.is_absolute():
        return _("{folder} is no full path; begin it at the root of the disk.", folder=str(wanted.folder))
    try:
        jobs = _write(wanted, wanted.next_folder())
    except PunchlineError as error:
        return Sentence.of(error)
    st.session_state.setdefault("export-jobs", set()).update(job.id for job in jobs)
    return ""


def _write(wanted: _Export, folder: Path) -> list[Job]:
    """Begin it in the background, or write it at once and note that as a job too. Raises PunchlineError."""
    space, person, format = wanted.space, wanted.person, wanted.format
    jobs: list[Job] = []
    files: list[str] = []
    warnings: list[str] = []
    for batch in (batch for batch in wanted.batches if batch.moments):
        video, target = batch.video, wanted.target(batch.video, folder)
        options = replace(wanted.options, names=_names(batch.rows))
        if format in SLOW:
            jobs.append(begin_export(space, video, person, batch.moments, target, format=format, options=options))
        else:
            written = export(video, batch.moments, target, format=format, options=options)
            files += [str(path) for path in written.paths]
            warnings += written.warnings
    if files:
        name = wanted.batches[0].video.name
        jobs.append(Jobs(space).record("export", wanted.key, name, {"files": files, "warnings": warnings}))
    return jobs


def _faults(wanted: _Export) -> None:
    """What went wrong, in this session: what did in earlier ones is no news."""
    of, fault = st.session_state.get("export-fault", ("", ""))
    if of == wanted.key and fault:
        show_error(fault)
        return
    for job in _jobs(wanted):
        if job.live or job.status == "done" or job.id not in st.session_state.get("export-jobs", ()):
            continue
        if job.status == "cancelled":
            st.caption(_("Cancelled. Finished work is kept."))
        elif job.status == "died":
            st.warning(_("The export was stopped from outside. Start it again."), icon=":material/heart_broken:")
        else:
            show_error(job.message)


def _results(wanted: _Export) -> None:
    """How far the exports are, or what the latest wrote, or else the folder that they go to."""
    jobs = _jobs(wanted)
    live = [job for job in jobs if job.live]
    for job in live:
        fragment(_progress, run_every=1.0)(wanted.space, job.id)
    if live:
        return
    done = [job for job in jobs if job.status == "done"]
    paths = [Path(path) for job in done for path in job.result.get("files", [])]
    if paths and len(done) == len(wanted.subjects) and all(_belongs(path, wanted.folder) for path in paths):
        _written(done, paths)
        return
    folder = str(wanted.next_folder())
    short = shortened(folder, MOST_PATH)
    with st.container(key="export-place"):
        shown = plain(short).replace(os.sep, f"{os.sep}{MAY_BREAK}")
        st.caption(_("Into {folder}", folder=shown), help=None if short == folder else plain(folder))


def _belongs(path: Path, folder: Path) -> bool:
    """Whether a file is still where an export into this folder, or into its next number, put it."""
    return path.parent.parent == folder.parent and path.parent.name.startswith(folder.name) and path.is_file()


def _progress(space: Workspace, id: str) -> None:
    try:
        job = Jobs(space).find(id)
    except PunchlineError:
        st.rerun()
    if not job.live:
        st.rerun()
    job_bar(job)


def _written(jobs: Sequence[Job], paths: Sequence[Path]) -> None:
    """What was written, and the way to it: a download, and the folder where the browser is on this machine."""
    n, folder = len(paths), paths[0].parent
    st.session_state[WRITTEN] = n
    warnings = [warning for job in jobs for warning in job.result.get("warnings", [])]
    icon = ":material/warning:" if warnings else ":material/check_circle:"
    with st.popover(_("{n} files written", n=n), icon=icon, width="stretch", key="export-done"):
        at = datetime.fromtimestamp(jobs[-1].ended)
        st.caption(_("Written to {folder}, {at:%b %d, %H:%M}", folder=plain(str(folder)), at=at))
        more = [_("and {n} more", n=n - MOST_PATHS)] if n > MOST_PATHS else []
        st.markdown("  \n".join([*(f"`{path.name}`" for path in paths[:MOST_PATHS]), *more]))
        with st.container(horizontal=True):
            label = _("Download") if n == 1 else _("Download (ZIP)")
            st.link_button(label, download_address([job.id for job in jobs]), icon=":material/save:")
            if st.context.ip_address in HERE and opens_folders():
                st.button(_("Open the folder"), on_click=open_folder, args=(folder,), icon=":material/folder_open:")
        for warning in warnings:
            st.warning(as_markdown(warning), icon=":material/warning:")
