"""Where a GPU decodes."""

from pathlib import Path

import numpy as np

from core.video.hardware import may_use_gpu, nvdec
from tests import media


def test_a_processor_is_no_gpu() -> None:
    assert not may_use_gpu("cpu")
    assert may_use_gpu("cuda")


def test_a_gpu_decodes_what_need_not_be_turned(tmp_path: Path) -> None:
    upright = media.write(tmp_path / "upright.mp4", np.arange(10) / 10)
    turned = media.write(tmp_path / "turned.mp4", np.arange(10) / 10, rotation=90)
    hardware = nvdec(upright)
    assert hardware is not None
    assert hardware.allow_software_fallback
    assert nvdec(turned) is None
