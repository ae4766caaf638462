"""The way over a GPU, with a stand-in: a device that is not called ``cpu``, though it computes there."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from core import video_feature_extractor
from core.faces.emotion import recogniser
from core.faces.search import BLOCK
from core.multimodal_processor import extract
from core.video.frames import Picture
from core.video_feature_extractor import ExtractionSettings, Seen, VideoFeatureExtractor, load_models
from tests.portraits import COLLINS, HOPPER, make_video

STAND_IN = "cpu:0"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(video_feature_extractor, "GPU", STAND_IN)


def test_a_minute_that_is_under_way_holds_no_pictures() -> None:
    images = (np.zeros((64, 64, 3), np.uint8) for _ in range(180))
    shown: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def on_seen(seen: Seen) -> None:
        shown.append(weakref.ref(seen.image))
        alive.append(sum(image() is not None for image in shown))

    pictures = (Picture(k / 3, image, image) for k, image in enumerate(images))
    list(VideoFeatureExtractor(load_models(device="cpu")).minutes(pictures, sample_rate=3.0, on_seen=on_seen))
    assert len(shown) == 180
    assert max(alive) <= 2 * BLOCK


class Convolutions(TorchFunctionMode):
    """The precisions in which convolutions are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[torch.dtype] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if "conv" in str(function):
            self.seen.add(result.dtype)
        return result


@pytest.mark.parametrize(("device", "precision"), [("cpu", torch.float32), (STAND_IN, torch.float16)])
def test_networks_compute_in_half_precision_on_a_gpu_alone(device: str, precision: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    network = recogniser(device=device)
    with Convolutions() as convolutions:
        emotion = network.recognise(rng.integers(0, 255, (1, 48, 48, 3), np.uint8))
    assert convolutions.seen <= {precision, torch.float32}
    assert precision in convolutions.seen
    assert emotion[0, :8].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_a_video_read_by_a_gpu_is_as_by_processors(gpu: None, tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", [(3.0, [COLLINS]), (2.0, [HOPPER, COLLINS])])
    by_processor, by_gpu = (
        extract(video, tmp_path / f"{device}.h5", settings=ExtractionSettings(device=device)).faces
        for device in ("cpu", "cuda")
    )
    np.testing.assert_array_equal(by_processor.frame, by_gpu.frame)
    np.testing.assert_allclose(by_gpu.box_xyxy, by_processor.box_xyxy, atol=1.0)
    np.testing.assert_allclose(by_gpu.emotion, by_processor.emotion, atol=0.02)
    alike = (by_gpu.embedding * by_processor.embedding).sum(1)
    alike /= np.linalg.norm(by_gpu.embedding, axis=1) * np.linalg.norm(by_processor.embedding, axis=1)
    assert alike.min() > 0.995
