"""Moments of one video or many as files: clips and reels in the background, lists and timelines at once."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.actions.background import begin_export, export_subject
from core.actions.moments import export
from core.detection.moments import Moment
from core.errors import PunchlineError, Sentence
from core.export.formats import FORMATS, ExportOptions
from core.people.person import Person
from core.playback.download import download_address, zipped
from core.segment import clock
from core.storage.folders import fresh_folder, open_folder, opens_folders
from core.storage.names import safe_name
from core.workspace.jobs import Job, Jobs
from core.workspace.registry import Video
from core.workspace.settings import read_settings
from core.workspace.workspace import Workspace
from pages.components.detect.moments import MomentRow
from pages.components.shared.job_panel import progress_text
from pages.components.shared.shell import WRITTEN, _, as_markdown, finished_text, fragment, show_error

SLOW = ("clips", "reel")  # these take time, so they are made in the background
HEIGHTS = (720, 1080, 1440, 2160)
MOST_PATHS = 8
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
    """The whole section, in a bar that stays in sight."""
    with st.container(key="export-bar"):
        format_, which, place, more, button = st.columns([2.35, 2.45, 1.4, 1.1, 2.3], vertical_alignment="center")
        format = str(
            format_.selectbox(
                _("Format"),
                list(FORMATS),
                format_func=lambda name: finished_text(FORMATS[name].description),
                key="export-format",
                label_visibility="collapsed",
            )
        )
        with which:
            kind = _which()
            batches = [_chosen(batch, kind) for batch in batches]
        usual = str(_usual_folder(space, batches))
        folder = place.text_input(
            _("Folder"),
            value=usual,
            placeholder=usual,
            key=f"export-folder-{batches[0].video.id if len(batches) == 1 else 'all'}",
            max_chars=4096,
            label_visibility="collapsed",
        )
        with more, st.popover(_("Options"), width="stretch"):
            options = _options(format)
        wanted = _Export(space, person, format, batches, Path(folder.strip() or usual).expanduser(), options)
        with button:
            _button(wanted)
        _results(wanted)


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

    def target(self, video: Video, folder: Path) -> Path:
        suffix = FORMATS[self.format].suffix
        return folder / f"{stem_of(video)} moments{suffix}" if suffix else folder


def _usual_folder(space: Workspace, batches: Sequence[Batch]) -> Path:
    name = stem_of(batches[0].video) if len(batches) == 1 else _("{n} videos", n=len(batches))
    chosen = read_settings(space).exports
    return (Path(chosen) if chosen else space.exports_folder) / safe_name(name, otherwise="moments")


def _which() -> str:
    which = {"kept": _("Not rejected"), "accepted": _("Accepted"), "all": _("All")}
    return str(
        st.segmented_control(
            _("Which moments"),
            list(which),
            format_func=which.__getitem__,
            default="kept",
            required=True,
            key="export-which",
            label_visibility="collapsed",
        )
    )


def _chosen(batch: Batch, which: str) -> Batch:
    pairs = [
        (moment, row)
        for moment, row in zip(batch.moments, batch.rows, strict=True)
        if which == "all" or row.verdict == 1 or (which != "accepted" and row.verdict is None)
    ]
    return replace(batch, moments=[moment for moment, _row in pairs], rows=[row for _moment, row in pairs])


def _names(rows: Sequence[MomentRow]) -> list[str] | None:
    """The names that an editor gave, numbers for the others; None where no moment has one."""
    if not any(row.name for row in rows):
        return None
    return [row.name or _("Moment {k}", k=k) for k, row in enumerate(rows, 1)]


def _options(format: str) -> ExportOptions:
    before = after = fade = 0.0
    captions, height = False, 1080
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
    """The latest export of each video."""
    jobs = Jobs(wanted.space)
    subjects = [export_subject(batch.video, wanted.person, wanted.format) for batch in wanted.batches]
    return [job for job in (jobs.latest("export", subject) for subject in subjects) if job is not None]


def _button(wanted: _Export) -> None:
    moments = [moment for batch in wanted.batches for moment in batch.moments]
    words = _("Export {n} moments", n=len(moments))
    if moments:
        words += f" ({clock(sum(moment.duration for moment in moments))})"
    busy = wanted.format in SLOW and any(job.live for job in _jobs(wanted))
    if not st.button(
        words,
        type="primary",
        disabled=not moments or busy,
        key="export",
        icon=":material/download:",
        width="stretch",
        help=None if moments else _("No moments selected."),
    ):
        return
    # Kept: any other change draws the page anew.
    st.session_state["export-fault"] = (wanted.key, _fault(wanted))
    st.rerun(scope="fragment")


def _fault(wanted: _Export) -> str:
    """Write, or begin to; gives what went wrong, if anything."""
    st.session_state.pop("exported", None)
    if not wanted.folder.is_absolute():
        return _("{folder} is no full path; begin it at the root of the disk.", folder=str(wanted.folder))
    apart = wanted.format == "clips" or len(wanted.batches) > 1  # many files: never among those of another export
    try:
        folder = fresh_folder(wanted.folder) if apart else wanted.folder
        written = [result for batch in wanted.batches if batch.moments for result in _write(wanted, batch, folder)]
    except PunchlineError as error:
        return Sentence.of(error)
    if wanted.format not in SLOW:
        paths = [path for paths, _warnings in written for path in paths]
        warnings = [warning for _paths, more in written for warning in more]
        st.session_state["exported"] = (wanted.key, paths, warnings)
    return ""


def _write(wanted: _Export, batch: Batch, folder: Path) -> Iterable[tuple[list[str], list[str]]]:
    """Write one video's moments, (paths, warnings), or begin it in the background. Raises PunchlineError."""
    target = wanted.target(batch.video, folder)
    options = replace(wanted.options, names=_names(batch.rows))
    if wanted.format in SLOW:
        job = begin_export(
            wanted.space, batch.video, wanted.person, batch.moments, target, format=wanted.format, options=options
        )
        st.session_state.setdefault("export-jobs", set()).add(job.id)
        return []
    written = export(batch.video, batch.moments, target, format=wanted.format, options=options)
    return [([str(path) for path in written.paths], list(written.warnings))]


def _results(wanted: _Export) -> None:
    of, fault = st.session_state.get("export-fault", ("", ""))
    if of == wanted.key and fault:
        show_error(fault)
    elif wanted.format in SLOW:
        mine = st.session_state.setdefault("export-jobs", set())  # those of earlier sessions are no news
        _told(wanted.space, [job for job in _jobs(wanted) if job.live or job.id in mine])
    else:
        of, paths, warnings = st.session_state.get("exported", ("", [], []))
        if of == wanted.key:
            _written(paths, warnings, "")


def _told(space: Workspace, jobs: Sequence[Job]) -> None:
    """How far the exports are, or what they wrote."""
    for job in jobs:
        if job.live:
            st.session_state["export-jobs"].add(job.id)
            fragment(_progress, run_every=1.0)(space, job.id)
        elif job.status == "cancelled":
            st.caption(_("Cancelled. Finished work is kept."))
        elif job.status == "died":
            st.warning(_("The export was stopped from outside. Start it again."), icon=":material/heart_broken:")
        elif job.status != "done":
            show_error(job.message)
    done = [job for job in jobs if job.status == "done"]
    paths = [path for job in done for path in job.result.get("files", [])]
    if paths:
        warnings = [warning for job in done for warning in job.result.get("warnings", [])]
        _written(paths, warnings, download_address([job.id for job in done]))


def _progress(space: Workspace, id: str) -> None:
    try:
        job = Jobs(space).find(id)
    except PunchlineError:
        st.rerun()
    if not job.live:
        st.rerun()
    st.progress(job.share, text=_("Exporting: {how}", how=progress_text(job)))


def _written(paths: Sequence[str], warnings: Sequence[str], address: str) -> None:
    """What was written, and the way to it: a download, and the folder where the browser is on this machine."""
    n, folder = len(paths), Path(paths[0]).parent
    st.session_state[WRITTEN] = n
    with st.container(horizontal=True, vertical_alignment="center", key="export-done"):
        said = _("Written: {path}", path=paths[0]) if n == 1 else ""
        more = [_("and {n} more", n=n - MOST_PATHS)] if n > MOST_PATHS else []
        names = "  \n".join([*(f"`{Path(path).name}`" for path in paths[:MOST_PATHS]), *more])
        st.success(said or _("{n} files written to {folder}", n=n, folder=str(folder)), icon=":material/check_circle:")
        if n > 1:
            st.popover(_("Files"), type="tertiary").markdown(names)
        if address:
            label = _("Download") if n == 1 else _("Download (ZIP)")
            st.link_button(label, address, icon=":material/save:")
        elif all(Path(path).is_file() for path in paths):
            data = Path(paths[0]).read_bytes() if n == 1 else _zip(paths)
            name = Path(paths[0]).name if n == 1 else f"{folder.name}.zip"
            st.download_button(_("Download"), data=data, file_name=name, key="export-download", icon=":material/save:")
        if st.context.ip_address in HERE and opens_folders():
            st.button(_("Open the folder"), on_click=open_folder, args=(folder,), icon=":material/folder_open:")
    for warning in warnings:
        st.warning(as_markdown(warning), icon=":material/warning:")


def _zip(paths: Sequence[str]) -> bytes:
    """Lists are small: they are held in memory."""
    out = io.BytesIO()
    for part in zipped([Path(path) for path in paths]):
        out.write(part)
    return out.getvalue()
