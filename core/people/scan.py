"""A few pictures from all over a video, so that people can be picked before a full extraction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import Sentence, VideoUnreadable
from core.faces.feature_file import Features, FeaturesInfo
from core.faces.table import FaceTable, concatenate
from core.series import AUDIO_FEATURES
from core.video.ahead import threads_for_stages
from core.video.frames import Frame, key_frame_at, sampled_frames
from core.video.picture import Image
from core.video.probe import VideoInfo, fingerprint, probe
from core.video.streams import AUTOMATIC, Tracks

if TYPE_CHECKING:  # torch is loaded by a scan, not by a reader of its results
    from core.video_feature_extractor import Models

SHORTEST_STEP = 1.0  # seconds between two pictures at least
LONGEST_READ = 2.0  # seconds between two pictures up to which the video is read through instead of entered at each
READING_RATE = 2.0  # pictures a second that are looked at where the video is read on
BATCH = 4  # pictures searched together

OnProgress = Callable[[float, float], None]


def _no_progress(completed: float, total: float) -> None:
    pass


def scan(
    path: Path,
    models: Models,
    *,
    n_frames: int = 60,
    min_step: float = SHORTEST_STEP,
    tracks: Tracks = AUTOMATIC,
    on_progress: OnProgress = _no_progress,
) -> Features:
    """Search a few pictures of a video for faces: enough to pick people, not to judge moments.

    The pictures are spread over the whole video. In each part of it the last key frame before the middle is taken,
    which needs no other picture to be decoded, or the picture in the middle where the part has no earlier one.
    A part that cannot be read is passed over.

    Parameters
    ----------
    n_frames
        Pictures at most; at least 1.
    min_step
        Seconds between two of them at least, so a short video gives fewer.
    on_progress
        Called with (completed, total) pictures after every few and at the end; what it raises stops the scan.

    Returns
    -------
    Features
        Never complete, with ``scan`` among its parameters, so it is never taken for an extraction. Its sample rate is
        that of the pictures, so that counts of frames still give seconds of video; the sound is NaN.

    Raises
    ------
    ValueError
        If `n_frames` or `min_step` is not positive.
    VideoUnreadable
        If the video cannot be opened, or not one picture can be read.
    """
    from core.faces.tracks import with_tracks
    from core.video_feature_extractor import VideoFeatureExtractor

    if n_frames < 1 or not min_step > 0:
        raise ValueError(f"n_frames {n_frames} and min_step {min_step} must be positive")
    video = probe(path, tracks=tracks)
    step, total = _spread(video.duration, n_frames, min_step)
    extractor = VideoFeatureExtractor(models)
    frames = _frames(video, step, total)
    thumbnail: Image | None = None
    tables: list[FaceTable] = []
    with threads_for_stages():
        while batch := list(islice(frames, BATCH)):
            table, thumbnail = extractor.read(batch, thumbnail)
            tables.append(table)
            on_progress(sum(done.n_frames for done in tables), total)
    if not tables:
        raise VideoUnreadable(
            "{path}: not one picture could be read; the file is damaged, copy or convert it again", path=path
        )
    faces = with_tracks(concatenate(tables), models.embedder.name)
    info = replace(
        _described(video, models),
        sample_rate=1 / step,
        parameters={"scan": {"n_frames": n_frames, "min_step": min_step}, "video_track": video.video_track},
        warnings=tuple(_warnings(faces, total)),
    )
    on_progress(total, total)
    return Features(info, faces, np.full((faces.n_frames, len(AUDIO_FEATURES)), np.nan, np.float32))


def _described(video: VideoInfo, models: Models) -> FeaturesInfo:
    return FeaturesInfo(
        video_name=video.path.name,
        fingerprint=fingerprint(video.path),
        duration=video.duration,
        width=video.width,
        height=video.height,
        fps=video.fps,
        sample_rate=video.fps,
        models=models.names(),
        parameters={},
        complete=False,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _spread(duration: float | None, n_frames: int, min_step: float) -> tuple[float, int]:
    """Seconds between two pictures, and their number."""
    if duration is None:
        return min(min_step, LONGEST_READ), n_frames
    step = max(min_step, duration / n_frames)
    return step, min(n_frames, max(1, round(duration / step)))


def _warnings(faces: FaceTable, total: int) -> Iterator[str]:
    n = faces.n_frames
    if n < total:
        yield Sentence("{n_unread} of {n_pictures} pictures could not be read", n_unread=total - n, n_pictures=total)
    if len(faces) == 0:
        yield Sentence("no face was found in {n_frames} pictures; the full extraction looks at many more", n_frames=n)


def _frames(video: VideoInfo, step: float, n: int) -> Iterator[Frame]:
    """About `n` pictures, `step` seconds apart; where the duration is unknown, those at the start."""
    path, tracks = video.path, Tracks(video.video_track)
    if step <= LONGEST_READ or video.duration is None:
        yield from islice(sampled_frames(path, max(1 / step, 1 / LONGEST_READ), tracks=tracks), n)
        return
    last, reading = -np.inf, _Reading(path, tracks)
    for k in range(n):
        begin, middle = k * video.duration / n, (k + 0.5) * video.duration / n
        try:
            frame: Frame | None = key_frame_at(path, middle, tracks=tracks)
            if frame is not None and not begin <= frame.timestamp <= middle:
                frame = reading.on(frame.timestamp, middle)
        except VideoUnreadable:
            continue
        if frame is not None and frame.timestamp > last:  # a still that is shown for longer than a part
            last = frame.timestamp
            yield frame


class _Reading:
    """Goes on through a video where keyframes are so rare that each picture would be reached from the same one."""

    def __init__(self, path: Path, tracks: Tracks) -> None:
        self._path, self._tracks, self._place = path, tracks, -np.inf
        self._frames: Iterator[Frame] = iter(())

    def on(self, keyframe: float, time: float) -> Frame | None:
        """A picture near `time`, from the last keyframe before it on; None where there is none any more."""
        if keyframe > self._place:
            self._frames = sampled_frames(
                self._path, READING_RATE, first_timestamp=keyframe, after=keyframe, tracks=self._tracks
            )
        near = (frame for frame in self._frames if frame.timestamp >= time - 0.5 / READING_RATE)
        frame = next(near, None)
        self._place = np.inf if frame is None else frame.timestamp
        return frame
