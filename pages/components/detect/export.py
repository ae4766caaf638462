"""Moments as files: clips and the reel in the background, lists and timelines at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.actions.background import begin_export, export_subject
from core.actions.moments import export
from core.detection.moments import Moment
from core.errors import PunchlineError, Sentence
from core.export.formats import FORMATS, ExportOptions
from core.segment import clock
from core.storage.names import safe_name
from core.workspace.jobs import Job, Jobs
from core.workspace.settings import read_settings
from pages.components.detect.data import Subject
from pages.components.detect.moments import MomentRow
from pages.components.shared.job_panel import progress_text
from pages.components.shared.shell import _, as_markdown, finished_text, fragment, show_error

SLOW = ("clips", "reel")  # these take time, so they are made in the background
HEIGHTS = (720, 1080, 1440, 2160)
MOST_PATHS = 8


def stem_of(subject: Subject) -> str:
    """The video's name as a name for files."""
    return safe_name(Path(subject.video.name).stem, otherwise="video")


def default_folder(subject: Subject) -> Path:
    """Where exports go unless another folder is chosen."""
    chosen = read_settings(subject.space).exports
    return (Path(chosen) if chosen else subject.space.exports_folder) / stem_of(subject)


def export_panel(subject: Subject, moments: Sequence[Moment], rows: Sequence[MomentRow]) -> None:
    """The whole section."""
    st.markdown(f"**{_('Export')}**")
    left, right = st.columns([1, 1], gap="large")
    with left:
        format = st.selectbox(
            _("Format"),
            list(FORMATS),
            format_func=lambda name: finished_text(FORMATS[name].description),
            key="export-format",
        )
        which = {
            "kept": _("All except rejected"),
            "accepted": _("Accepted only"),
            "all": _("All"),
        }
        kind = st.segmented_control(
            _("Which moments"),
            list(which),
            format_func=which.__getitem__,
            default="kept",
            required=True,
            key="export-which",
        )
    verdicts = [row.verdict for row in rows]
    wanted = [
        moment
        for moment, verdict in zip(moments, verdicts, strict=True)
        if kind == "all" or verdict == 1 or (kind != "accepted" and verdict is None)
    ]
    names = _names(wanted, moments, rows)
    with right:
        options = replace(_options(str(format)), names=names)
    usual = str(default_folder(subject))
    folder = st.text_input(
        _("Folder"), value=usual, placeholder=usual, key=f"export-folder-{subject.video.id}", max_chars=4096
    )
    _button(subject, str(format), wanted, _target(subject, str(format), folder), options)
    _results(subject, str(format))


def _names(wanted: Sequence[Moment], moments: Sequence[Moment], rows: Sequence[MomentRow]) -> list[str] | None:
    """The names that an editor gave, numbers for the others; None where no moment has one."""
    given = {id(moment): row.name for moment, row in zip(moments, rows, strict=True)}
    if not any(given[id(moment)] for moment in wanted):
        return None
    return [given[id(moment)] or _("Moment {k}", k=k) for k, moment in enumerate(wanted, 1)]


def _options(format: str) -> ExportOptions:
    before = after = fade = 0.0
    captions, height = False, 1080
    if format in ("clips", "reel", "chapters") or FORMATS[format].joins:
        first, second = st.columns(2)
        before = first.number_input(_("Seconds before"), 0.0, 30.0, 1.0, step=0.5, format="%g", key="export-before")
        after = second.number_input(_("Seconds after"), 0.0, 30.0, 1.0, step=0.5, format="%g", key="export-after")
    else:
        st.caption(_("Times are those of the moments, without margins."))
    if format == "reel":
        first, second = st.columns(2)
        fade = first.number_input(_("Cross-fade, in seconds"), 0.0, 3.0, 0.0, step=0.1, format="%g", key="export-fade")
        height = second.selectbox(_("Height at most"), HEIGHTS, index=1, key="export-height")
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


def _target(subject: Subject, format: str, folder: str) -> Path:
    place = Path(folder.strip() or str(default_folder(subject))).expanduser()
    suffix = FORMATS[format].suffix
    return place / f"{stem_of(subject)} moments{suffix}" if suffix else place


def _subject_of(subject: Subject, format: str) -> str:
    return export_subject(subject.video, subject.person, format)


def _button(subject: Subject, format: str, wanted: list[Moment], target: Path, options: ExportOptions) -> None:
    job = Jobs(subject.space).latest("export", _subject_of(subject, format))
    busy = job is not None and job.live
    words = _("Export {n} moments", n=len(wanted))
    if wanted:
        words += f" ({clock(sum(moment.duration for moment in wanted))})"
    if not st.button(words, type="primary", disabled=not wanted or busy, key="export", icon=":material/download:"):
        if not wanted:
            st.caption(_("No moments selected."))
        return
    if not target.is_absolute():
        said = _("{folder} is no full path; begin it at the root of the disk.", folder=str(target.parent))
    elif format in SLOW:
        said = _begin(subject, format, wanted, target, options)
    else:
        said = _write(subject, format, wanted, target, options)
    # Kept: any other change draws the page anew.
    st.session_state["export-fault"] = (_subject_of(subject, format), said)
    st.rerun(scope="fragment")


def _write(subject: Subject, format: str, wanted: list[Moment], target: Path, options: ExportOptions) -> str:
    """Write a small file at once; gives what went wrong, if anything."""
    st.session_state.pop("exported", None)
    if subject.video.path is None:
        return _("The file is missing. Add it again from its new location on Home.")
    try:
        written = export(subject.video, wanted, target, format=format, options=options)
    except PunchlineError as error:
        return Sentence.of(error)
    st.session_state["exported"] = (
        _subject_of(subject, format),
        [str(p) for p in written.paths],
        list(written.warnings),
    )
    return ""


def _begin(subject: Subject, format: str, wanted: list[Moment], target: Path, options: ExportOptions) -> str:
    """Write in the background; gives what went wrong, if anything."""
    space, video, person = subject.space, subject.video, subject.person
    try:
        job = begin_export(space, video, person, wanted, target, format=format, options=options)
    except PunchlineError as error:
        return Sentence.of(error)
    st.session_state.setdefault("export-jobs", set()).add(job.id)
    return ""


def _results(subject: Subject, format: str) -> None:
    of, fault = st.session_state.get("export-fault", ("", ""))
    if of == _subject_of(subject, format) and fault:
        show_error(fault)
        return
    if format in SLOW:
        job = Jobs(subject.space).latest("export", _subject_of(subject, format))
        if job is not None:
            _job(subject, job)
        return
    name, paths, warnings = st.session_state.get("exported", ("", [], []))
    if name != _subject_of(subject, format):
        return
    _written(paths, warnings)
    for path in map(Path, paths):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        st.download_button(
            _("Download"), data=content, file_name=path.name, key="export-download", icon=":material/save:"
        )


def _job(subject: Subject, job: Job) -> None:
    mine = st.session_state.setdefault("export-jobs", set())  # those of earlier sessions are no news
    if job.live:
        mine.add(job.id)
        fragment(_progress, run_every=1.0)(subject, job.id)
    elif job.id not in mine:
        return
    elif job.status == "done":
        _written(list(job.result.get("files", [])), list(job.result.get("warnings", [])))
    elif job.status == "cancelled":
        st.caption(_("Cancelled. Finished work is kept."))
    elif job.status == "died":
        st.warning(_("The export was stopped from outside. Start it again."), icon=":material/heart_broken:")
    else:
        show_error(job.message)


def _progress(subject: Subject, id: str) -> None:
    try:
        job = Jobs(subject.space).find(id)
    except PunchlineError:
        st.rerun()
    if not job.live:
        st.rerun()
    st.progress(job.share, text=_("Exporting: {how}", how=progress_text(job)))


def _written(paths: list[str], warnings: list[str]) -> None:
    n = len(paths)
    said = _("{n} files written to {folder}", n=n, folder=str(Path(paths[0]).parent)) if n > 1 else ""
    if n == 1:
        said = _("Written: {path}", path=paths[0])
    if said:
        st.success(said, icon=":material/check_circle:")
    if n > 1:
        more = [_("and {n} more", n=n - MOST_PATHS)] if n > MOST_PATHS else []
        st.caption("  \n".join([*(f"`{Path(path).name}`" for path in paths[:MOST_PATHS]), *more]))
    for warning in warnings:
        st.warning(as_markdown(warning), icon=":material/warning:")
