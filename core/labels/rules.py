"""What a clip is: how long, how many rows, and how many of them may lack a face."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import PunchlineError, Sentence
from core.series import Sampling, TimeSeries

N_ROWS, MIN_ROWS, MAX_ROWS = 15, 9, 100  # of a clip: unless another number is asked for, at least and at most
MIN_SAMPLE_RATE = 3.0  # Hz: from here on a 5 s clip has a sample for each of 15 rows
MIN_DURATION, MAX_DURATION = 5.0, 7.0  # seconds of a clip
TOLERANCE = 0.005  # seconds: times are rounded to milliseconds on their way
OUTSIDE = 0.5  # seconds that a clip may reach beyond the video, whose length players tell differently
MAX_FAILED_RATIO = 0.30


@dataclass(frozen=True)
class ClipOptions:
    """How the rows of clips are taken; options of the dataset, which a model remembers.

    Attributes
    ----------
    n_rows
        Rows of every clip, whatever its duration.
    sampling
        As `core.series.resample`. A series of under 3 Hz is always interpolated: it has fewer samples than a clip rows.

    Raises
    ------
    PunchlineError
        If there are under 9 rows or over 100, or the sampling is unknown.
    """

    n_rows: int = N_ROWS
    sampling: Sampling = "nearest"

    def __post_init__(self) -> None:
        if not MIN_ROWS <= self.n_rows <= MAX_ROWS:
            raise PunchlineError(
                "{n} rows of a clip, expected {least} to {most}", n=self.n_rows, least=MIN_ROWS, most=MAX_ROWS
            )
        if self.sampling not in ("nearest", "linear"):
            raise PunchlineError("sampling {sampling}, expected nearest or linear", sampling=self.sampling)

    def __str__(self) -> str:
        return f"{self.n_rows} rows, {self.sampling}"

    def changed(self, n_rows: int | None = None, sampling: Sampling | None = None) -> ClipOptions:
        """The same but for what is given. Raises PunchlineError."""
        return ClipOptions(self.n_rows if n_rows is None else n_rows, self.sampling if sampling is None else sampling)

    def sampling_of(self, series: TimeSeries) -> Sampling:
        """How clips of this series are sampled."""
        return self.sampling if series.sample_rate >= MIN_SAMPLE_RATE - 1e-9 else "linear"


def check_clip(start: float, end: float, *, video_duration: float | None = None) -> str | None:
    """Why a clip cannot be used, or None. `video_duration` is in seconds, None where unknown."""
    if not MIN_DURATION - TOLERANCE <= end - start <= MAX_DURATION + TOLERANCE:
        return Sentence(
            "the clip is {duration:.2f} s long, expected {shortest:.0f} to {longest:.0f} s",
            duration=end - start,
            shortest=MIN_DURATION,
            longest=MAX_DURATION,
        )
    if start < -OUTSIDE:
        return Sentence("the clip starts at {start:.2f} s, the video at 0", start=start)
    if video_duration is not None and end > video_duration + OUTSIDE:
        return Sentence(
            "the clip ends at {end:.2f} s, the video at {video_duration:.2f} s", end=end, video_duration=video_duration
        )
    return None
