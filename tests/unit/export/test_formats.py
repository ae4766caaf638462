"""One entry for every export: formats, names, warnings, faults."""

import csv
import io
import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from core.errors import PunchlineError, StorageFault, VideoUnreadable
from core.export.formats import FORMATS, ExportOptions, export
from core.segment import Detection
from tests import media
from tests.unit.export.test_editors import read_edl
from tests.unit.export.test_lists import read_chapters, read_srt
from tests.unit.video.test_transcode import pictures_of

NTSC = Fraction(30000, 1001)
MOMENTS = [Detection(22.2, 24.0, 0.8), Detection(1.3, 3.2, 0.9), Detection(12.0, 14.1, 0.5)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    times = np.arange(1050) * 1001 / 30000
    sound = media.Sound(media.tone(440, 35.0), codec="aac")
    return media.write(tmp_path_factory.mktemp("영상") / "한국 방송 (1부).mp4", times, sound)


@pytest.fixture(scope="module")
def variable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.08, 600))
    return media.write(tmp_path_factory.mktemp("v") / "v.mkv", times)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_written_into_a_folder_under_the_videos_name(video: Path, tmp_path: Path, format: str) -> None:
    told: list[tuple[float, float]] = []
    result = export(MOMENTS, video, tmp_path, format=format, on_progress=lambda *now: told.append(now))
    assert result.warnings == ()
    assert sorted(tmp_path.iterdir()) == sorted(result.paths)
    assert len(result.paths) == (3 if format == "clips" else 1)
    assert all("한국 방송 (1부)" in path.name and path.stat().st_size > 20 for path in result.paths)
    assert all(path.name.endswith(FORMATS[format].suffix) for path in result.paths)
    assert told == sorted(told)
    assert all(0 <= done <= total for done, total in told)


def test_moments_come_in_order_of_time_with_their_margins(video: Path, tmp_path: Path) -> None:
    options = ExportOptions(before=0.5, after=1.0, names=["셋", "하나", "둘"])
    (path,) = export(MOMENTS, video, tmp_path / "list", format="edl", options=options).paths
    assert path.name == "list.edl"
    _, spans, _ = read_edl(path.read_text(encoding="utf-8"), NTSC)
    for (start, end), moment in zip(spans, sorted(MOMENTS)):
        assert start == pytest.approx(moment.start - 0.5, abs=1 / 29)
        assert end == pytest.approx(moment.end + 1.0, abs=1 / 29)
    (path,) = export(MOMENTS, video, tmp_path, format="srt", options=options).paths
    assert [words for *_, words in read_srt(path.read_text(encoding="utf-8"))] == ["하나 (90%)", "둘 (50%)", "셋 (80%)"]
    (path,) = export(MOMENTS, video, tmp_path, format="chapters", options=options).paths
    assert [t for t, _ in read_chapters(path.read_text(encoding="utf-8"), 35)] == [0, 11, 21]
    (path,) = export(MOMENTS, video, tmp_path, format="otio", options=ExportOptions(title="제목")).paths
    assert otio.adapters.read_from_file(str(path)).name == "제목"


def test_clips_have_safe_names_and_tell_where_they_begin(video: Path, tmp_path: Path) -> None:
    options = ExportOptions(names=["NUL", "a/b:c?", "끝" * 200], before=0.2)
    result = export(MOMENTS, video, tmp_path / "new" / "clips", format="clips", options=options)
    names = [path.name for path in result.paths]
    assert names[0] == "001 0h00m01s a_b_c_ - 한국 방송 (1부).mp4"
    assert all(len(name.encode()) <= 255 for name in names)
    for path, start, moment in zip(result.paths, result.starts, sorted(MOMENTS)):
        numbers = [number for _, number in pictures_of(path)]
        wanted = [k for k in range(1050) if moment.start <= k * 1001 / 30000 < moment.end]
        assert set(wanted) <= set(numbers)
        assert numbers[0] * 1001 / 30000 == pytest.approx(start, abs=1 / 29)


@pytest.mark.parametrize("format", ["edl", "otio", "fcp7xml", "fcpxml", "csv", "clips", "labelstudio"])
def test_a_variable_rate_is_said(variable: Path, tmp_path: Path, format: str) -> None:
    result = export([Detection(2, 4, 0.5)], variable, tmp_path, format=format)
    assert any("variable frame rate" in warning for warning in result.warnings)


def test_overlapping_moments_are_joined_in_a_timeline_and_kept_in_a_list(video: Path, tmp_path: Path) -> None:
    moments = [Detection(1, 4, 0.5), Detection(3, 6, 0.9), Detection(90, 95, 0.4)]
    timeline = export(moments, video, tmp_path, format="edl")
    assert len(read_edl(timeline.paths[0].read_text(encoding="utf-8"), NTSC)[1]) == 1
    assert len(timeline.warnings) == 2
    table = export(moments, video, tmp_path, format="csv")
    assert len(table.paths[0].read_text(encoding="utf-8").splitlines()) == 3
    assert "1 moments lie after the video's end" in table.warnings[0]


def test_a_table_has_a_byte_order_mark_only_if_asked(video: Path, tmp_path: Path) -> None:
    (path,) = export(MOMENTS, video, tmp_path, format="csv").paths
    plain = path.read_bytes()
    assert plain.startswith(b"video,")
    (path,) = export(MOMENTS, video, tmp_path, format="csv", options=ExportOptions(bom=True)).paths
    assert path.read_bytes() == b"\xef\xbb\xbf" + plain
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows[0]["video"] == "한국 방송 (1부).mp4"


def test_a_file_name_that_is_no_text_can_be_exported(video: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path / "bad") + b"\xff.mp4"))
    path.write_bytes(video.read_bytes())
    (tmp_path / "out").mkdir()
    for format in FORMATS:
        if format not in ("reel", "clips"):
            assert export(MOMENTS, path, tmp_path / "out", format=format).paths[0].stat().st_size


@pytest.mark.parametrize(
    ("name", "format"), [("x.mp4", "csv"), ("x.json", "csv"), ("x.csv", "reel"), ("x.MP4", "clips"), ("x.llc", "edl")]
)
def test_a_suffix_of_another_format_is_refused(video: Path, tmp_path: Path, name: str, format: str) -> None:
    with pytest.raises(PunchlineError, match=r"got the suffix|clips go into a folder"):
        export(MOMENTS, video, tmp_path / name, format=format)
    assert not any(tmp_path.iterdir())


def test_a_point_in_a_name_is_no_suffix(video: Path, tmp_path: Path) -> None:
    for name, format, written in (
        ("2026.11.26 list", "csv", "2026.11.26 list.csv"),
        ("a.txt", "chapters", "a.txt"),
        ("a.CSV", "csv", "a.CSV"),
        ("a.edl", "markers", "a.edl"),
    ):
        assert export(MOMENTS, video, tmp_path / name, format=format).paths[0].name == written


def test_faults_say_what_to_do(video: Path, tmp_path: Path) -> None:
    with pytest.raises(PunchlineError, match="unknown export format 'avi'; expected one of clips, reel"):
        export(MOMENTS, video, tmp_path, format="avi")
    with pytest.raises(PunchlineError, match="got 0 moments"):
        export([], video, tmp_path, format="csv")
    with pytest.raises(VideoUnreadable, match="no such file"):
        export(MOMENTS, tmp_path / "gone.mp4", tmp_path, format="csv")
    with pytest.raises(PunchlineError, match="cross-fade"):
        export(MOMENTS, video, tmp_path, format="reel", options=ExportOptions(cross_fade=-1.0))
    with pytest.raises(PunchlineError, match="the video itself"):
        export(MOMENTS, video, video, format="reel")
    (tmp_path / "file").touch()
    for format in ("clips", "csv"):
        with pytest.raises(StorageFault, match=r"cannot be made .*; choose another one for the export"):
            export(MOMENTS, video, tmp_path / "file" / "below" / "x", format=format)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_written_is_told_in_words_for_an_export(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)
    for format in FORMATS:
        with pytest.raises(StorageFault, match="choose another folder for the export"):
            export(MOMENTS, video, tmp_path, format=format)
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_export_keeps_only_whole_clips(video: Path, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(completed: float, total: float) -> None:
        if completed > 3.0:
            raise Stop

    with pytest.raises(Stop):
        export(MOMENTS, video, tmp_path, format="clips", on_progress=stop)
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("001 ")
    assert len(pictures_of(kept)) >= 57


def test_every_format_has_words_for_the_user() -> None:
    assert list(FORMATS) == [
        "clips",
        "reel",
        "csv",
        "json",
        "edl",
        "otio",
        "fcp7xml",
        "fcpxml",
        "markers",
        "losslesscut",
        "srt",
        "chapters",
        "labelstudio",
    ]
    assert len({entry.description for entry in FORMATS.values()}) == len(FORMATS)


def test_json_is_utf8_without_escapes(video: Path, tmp_path: Path) -> None:
    (path,) = export(MOMENTS, video, tmp_path, format="json").paths
    text = path.read_text(encoding="utf-8")
    assert "한국 방송" in text
    assert len(json.loads(text)["moments"]) == 3
