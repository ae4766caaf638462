"""What a clip is: how long, how many rows, and how many of them may lack a face."""

from __future__ import annotations

from core.errors import Sentence

N_ROWS, MIN_ROWS = 15, 9  # of a clip: as it is unless another number is asked for, and at least
MIN_DURATION, MAX_DURATION = 5.0, 7.0  # seconds of a clip
TOLERANCE = 0.005  # seconds: times are rounded to milliseconds on their way
OUTSIDE = 0.5  # seconds that a clip may reach beyond the video, whose length players tell differently
MAX_FAILED_RATIO = 0.30


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
