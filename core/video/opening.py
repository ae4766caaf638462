"""Opening a file for reading, with the reasons why it cannot be."""

from __future__ import annotations

from pathlib import Path

import av
from av.codec.hwaccel import HWAccel
from av.error import FFmpegError

from core.errors import VideoUnreadable


def opened(path: Path, hardware: HWAccel | None = None) -> av.container.InputContainer:
    """A container of this file; whoever wants packets takes a `core.video.container.Source` instead.

    Raises
    ------
    VideoUnreadable
        If the file is missing, empty or no video.
    """
    if not path.is_file():
        raise VideoUnreadable("{path}: no such file; check the path, or that the drive is connected", path=path)
    if path.stat().st_size == 0:
        raise VideoUnreadable("{path}: the file is empty (0 bytes); copy or download it again", path=path)
    try:  # tags in another charset, such as those of Korean tools, are no reason to refuse a file
        return av.open(str(path), hwaccel=hardware, metadata_errors="ignore")
    except (FFmpegError, OSError, ValueError) as error:
        raise VideoUnreadable(
            "{path}: no readable video ({cause}); expected a video file such as mp4, mkv, mov, webm, ts or flv. An "
            "mp4 that was cut off while being recorded has lost its index: repair it with its recorder, or record to "
            "mkv",
            path=path,
            cause=getattr(error, "strerror", None) or error,
        ) from error
