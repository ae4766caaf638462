"""Moments as files for other programs: clips, a reel, lists and timelines."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from core.errors import PunchlineError, StorageFault
from core.export import edl, final_cut, lists, timeline
from core.export.clips import Clip, write_clip
from core.export.reel import ReelOptions, write_reel
from core.export.series_table import BOM
from core.export.timecode import Media, Piece, pieces, read_media
from core.segment import Detection
from core.storage.files import write_bytes
from core.storage.names import safe_name
from core.video.streams import AUTOMATIC, Tracks
from core.video.transcode import OnProgress


@dataclass(frozen=True)
class Format:
    """A kind of export: its suffix (none for a folder of clips), and what it is for, in words for the user.

    `joins` says that the moments follow one another in it, so that no part of the video may come twice. `note` is what
    the user must know to open it.
    """

    suffix: str
    description: str
    joins: bool = False
    note: str = ""


FORMATS: Mapping[str, Format] = {
    "clips": Format("", "A clip for each moment (MP4)"),
    "reel": Format(".mp4", "Highlight reel: all in one (MP4)", joins=True),
    "csv": Format(".csv", "Table for spreadsheets (CSV)"),
    "json": Format(".json", "Everything, for programs (JSON)"),
    "edl": Format(".edl", "Any editing program (CMX 3600 EDL)", joins=True),
    "otio": Format(".otio", "OpenTimelineIO timeline", joins=True),
    "fcp7xml": Format(".xml", "Premiere Pro, Final Cut 7 (XML)", joins=True),
    "fcpxml": Format(".fcpxml", "Final Cut, Resolve (FCPXML)", joins=True),
    "markers": Format(
        ".markers.edl",
        "DaVinci Resolve: markers (EDL)",
        note="The markers fit a timeline of the whole video that begins at 01:00:00:00.",
    ),
    "losslesscut": Format(".llc", "LosslessCut project (LLC)", note="Put the file beside the video."),
    "srt": Format(".srt", "Subtitles at the moments (SRT)"),
    "chapters": Format(".chapters.txt", "YouTube chapters (text)", note="Paste them into the video's description."),
    "labelstudio": Format(".labelstudio.json", "Label Studio predictions (JSON)"),
}


_SUFFIXES = {Path(f"x{entry.suffix}").suffix for entry in FORMATS.values() if entry.suffix}


@dataclass(frozen=True)
class ExportOptions(ReelOptions):
    """How moments are exported; what does not concern a format is not looked at.

    `before` and `after` are margins in seconds, for clips, the reel, timelines and where chapters begin. `names` are
    one for each moment. `title` names timelines, the video's name by default. `audio_track` holds for clips too. `bom`
    begins a CSV with a byte order mark. `opening` is the first chapter's name, `label` that of the Label Studio
    predictions.
    """

    before: float = 0.0
    after: float = 0.0
    names: Sequence[str] | None = None
    title: str = ""
    bom: bool = False
    opening: str = "Start"
    label: str = "funny"


@dataclass(frozen=True)
class ExportResult:
    """The written files, and sentences for the user. `starts` are the clips' first seconds in the video's time."""

    paths: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    starts: tuple[float, ...] = ()


def export(
    moments: Sequence[Detection],
    video_path: Path,
    target: Path,
    *,
    format: str,
    options: ExportOptions = ExportOptions(),
    tracks: Tracks = AUTOMATIC,
    on_progress: OnProgress = lambda completed, total: None,
) -> ExportResult:
    """Write moments of a video in one of `FORMATS`; each file is whole or not there.

    Parameters
    ----------
    moments
        In seconds from the video's start, in any order.
    target
        The folder of the clips, made if missing; else the file, or a folder for a file named after the video.
    on_progress
        Called with seconds of video done and in all; what it raises stops the work. Finished clips stay.

    Raises
    ------
    PunchlineError
        If the format is unknown, no moment lies in the video, or an option makes no sense.
    VideoUnreadable
        If the video is gone or unreadable.
    StorageFault
        If the folder cannot be written or the disk is full.
    """
    if format not in FORMATS:
        raise PunchlineError(
            "unknown export format {format!r}; expected one of {formats}", format=format, formats=", ".join(FORMATS)
        )
    if not (isfinite(options.cross_fade) and options.cross_fade >= 0 and options.height >= 2):
        raise PunchlineError(
            "got a cross-fade of {cross_fade} s and a height of {height}; expected 0 s or more, and 2 pixels or more",
            cross_fade=options.cross_fade,
            height=options.height,
        )
    media = read_media(Path(video_path), tracks=tracks)
    cuts, warnings = pieces(
        moments,
        duration=media.info.duration,
        before=options.before,
        after=options.after,
        names=options.names,
        apart=FORMATS[format].joins,
    )
    target = _target(Path(target), media, format)
    try:
        if format == "clips":
            clips = list(_clips(cuts, media, target, options.audio_track, on_progress))
            paths, starts = tuple(clip.path for clip in clips), tuple(clip.start for clip in clips)
            return ExportResult(paths, (*media.warnings, *warnings), starts)
        if format == "reel":
            warnings += write_reel(target, cuts, media, options, on_progress=on_progress)
        else:
            text, more = _TEXTS[format](cuts, media, options)
            warnings += more
            write_bytes(target, (BOM if format == "csv" and options.bom else b"") + text.encode(errors="replace"))
    except StorageFault as error:
        raise _told(error, target) from error
    return ExportResult((target,), (*media.warnings, *warnings))


def _title(media: Media, options: ExportOptions) -> str:
    return options.title or media.info.path.stem


_Text = Callable[[Sequence[Piece], Media, ExportOptions], tuple[str, list[str]]]
_TEXTS: Mapping[str, _Text] = {
    "csv": lambda p, m, o: (lists.csv_text(p, m), []),
    "json": lambda p, m, o: (lists.json_text(p, m), []),
    "srt": lambda p, m, o: (lists.srt_text(p, m), []),
    "chapters": lambda p, m, o: lists.chapters_text(p, m, opening=o.opening),
    "labelstudio": lambda p, m, o: (lists.labelstudio_text(p, m, label=o.label), []),
    "losslesscut": lambda p, m, o: (lists.losslesscut_text(p, m), []),
    "markers": lambda p, m, o: (edl.markers_text(p, m, _title(m, o)), []),
    "edl": lambda p, m, o: edl.edl_text(p, m, _title(m, o)),
    "otio": lambda p, m, o: (timeline.otio_text(p, m, _title(m, o)), []),
    "fcp7xml": lambda p, m, o: (final_cut.fcp7_text(p, m, _title(m, o)), []),
    "fcpxml": lambda p, m, o: (final_cut.fcpxml_text(p, m, _title(m, o)), []),
}


def _target(target: Path, media: Media, format: str) -> Path:
    """Where it goes: never onto the video itself, under the format's own suffix, into a folder that can be made."""
    suffix = FORMATS[format].suffix
    if suffix and target.is_dir():
        target = target / f"{safe_name(media.info.path.stem, otherwise='video')} moments{suffix}"
    own = Path(f"x{suffix}").suffix
    if target.suffix.lower() in _SUFFIXES - {own} and not target.is_dir():
        if not own:
            raise PunchlineError("{target}: clips go into a folder; got the name of a file", target=target)
        raise PunchlineError(
            "{target}: got the suffix {suffix} for the format {format}; expected {own}. Choose another name, or the "
            "format that the suffix stands for",
            target=target,
            suffix=target.suffix,
            format=format,
            own=own,
        )
    if own and target.suffix.lower() != own:
        target = target.with_name(target.name + suffix)
    if target.exists() and target.samefile(media.info.path):
        raise PunchlineError("{target} is the video itself; choose another file for the export", target=target)
    folder = target.parent if suffix else target
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFault(
            "{folder}: this folder cannot be made ({cause}); choose another one for the export",
            folder=folder,
            cause=error.strerror,
        ) from error
    return target


def _told(error: StorageFault, target: Path) -> StorageFault:
    """The same fault in words for an export, which lies outside the workspace."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StorageFault(
            "{target}: cannot be written ({cause}); choose another folder for the export, or change its permissions",
            target=target,
            cause=cause.strerror,
        )
    return error


def _clips(
    cuts: Sequence[Piece], media: Media, folder: Path, audio_track: int | None, on_progress: OnProgress
) -> Iterator[Clip]:
    total = sum(piece.cut.duration for piece in cuts)
    done = 0.0
    for number, piece in enumerate(cuts, 1):

        def tell(completed: float, _: float, done: float = done, most: float = piece.cut.duration) -> None:
            on_progress(min(done + min(completed, most), total), total)

        path = folder / _clip_name(number, piece, media)
        yield write_clip(path, piece, media, audio_track=audio_track, on_progress=tell)
        done += piece.cut.duration
        on_progress(min(done, total), total)


def _clip_name(number: int, piece: Piece, media: Media) -> str:
    """Number, time and name of the moment, and the video's name; the number keeps two of them apart."""
    seconds = int(piece.moment.start)
    time = f"{seconds // 3600}h{seconds // 60 % 60:02d}m{seconds % 60:02d}s"
    return safe_name(f"{number:03d} {time} {piece.name[:50]} - {media.info.path.stem}") + ".mp4"
