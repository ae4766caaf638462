"""Decoding on an NVIDIA GPU (NVDEC): where there may be one, and for which videos it decodes."""

from __future__ import annotations

import sys
from pathlib import Path

from av.codec.hwaccel import HWAccel

from core.video.probe import probe


def may_use_gpu(device: str) -> bool:
    """Whether an extraction on this device may find an NVIDIA GPU; asked before torch, which knows, is loaded."""
    return device != "cpu" and (device != "auto" or sys.platform != "linux" or Path("/proc/driver/nvidia").exists())


def nvdec(path: Path) -> HWAccel | None:
    """What decodes a video on the GPU where it can, else on processors; None for pictures that have to be turned.

    Raises
    ------
    VideoUnreadable
        As `probe`.
    """
    return None if probe(path).rotation else HWAccel(device_type="cuda", allow_software_fallback=True)
