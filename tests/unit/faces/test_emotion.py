"""The emotion network folds, and both recognisers give the ten columns they promise."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

from core.errors import PunchlineError, WeightsUnavailable
from core.faces.circumplex import CIRCUMPLEX
from core.faces.emotion import (
    BATCH,
    EMOTIONS,
    BuiltInRecogniser,
    EmotionNet,
    HSEmotionRecogniser,
    recogniser,
)
from core.storage.weights import ASSETS, Weights

torch.set_num_threads(1)


def cached(folder: Path, monkeypatch: pytest.MonkeyPatch, file: Path) -> Weights:
    """A description of the file as a finished download, by git's digest."""
    monkeypatch.setenv("PUNCHLINE_CACHE", str(folder))
    content = file.read_bytes()
    digest = f"git-blob:{hashlib.sha1(b'blob %d' % len(content) + bytes(1) + content).hexdigest()}"
    return Weights("test", file.name, digest, len(content), "CC0-1.0", url="https://example.invalid/x")


@pytest.fixture
def net() -> EmotionNet:
    torch.manual_seed(0)
    return EmotionNet().eval()


@pytest.fixture
def builtin(net: EmotionNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuiltInRecogniser:
    save_file({name: value.half() for name, value in net.state_dict().items()}, tmp_path / "random.safetensors")
    return BuiltInRecogniser(cached(tmp_path, monkeypatch, tmp_path / "random.safetensors"))


def write_onnx(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A network of HSEmotion's shape: the mean of each channel, then ten outputs. Returns its matrix and bias."""
    rng = np.random.default_rng(0)
    matrix, bias = rng.normal(0, 2, (3, 10)).astype(np.float32), rng.normal(0, 2, 10).astype(np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix", "bias"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "hsemotion",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(matrix, "matrix"), numpy_helper.from_array(bias, "bias")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return matrix, bias


@pytest.mark.parametrize(("widths", "depths"), [((8, 16, 32), (1, 2, 2)), ((8, 8), (2, 1))])
def test_folding_changes_nothing(widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    net = EmotionNet(widths, depths, norm=nn.BatchNorm2d)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    images = torch.rand(3, 1, 48, 48) * 255
    with torch.inference_mode():
        torch.testing.assert_close(net.fold()(images), net.eval()(images), atol=1e-4, rtol=1e-4)
    assert not any("norm" in name or ".n1." in name for name in net.fold().state_dict())


@pytest.mark.parametrize("n", [0, 1, BATCH + 1])
def test_built_in_gives_probabilities_and_their_projection(builtin: BuiltInRecogniser, n: int) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (n, 48, 48, 3), dtype=np.uint8)
    emotions = builtin.recognise(chips)
    assert emotions.shape == (n, 10)
    assert emotions.dtype == np.float32
    np.testing.assert_allclose(emotions[:, :8].sum(axis=1), np.ones(n), atol=1e-6)
    np.testing.assert_allclose(emotions[:, 8:], emotions[:, :8] @ CIRCUMPLEX, atol=1e-6)
    assert (np.abs(emotions[:, 8:]) <= 1).all()


def test_built_in_sees_the_luma(builtin: BuiltInRecogniser, net: EmotionNet) -> None:
    chips = np.random.default_rng(1).integers(0, 256, (2, 48, 48, 3), dtype=np.uint8)
    grey = chips[..., 0] * 0.299 + chips[..., 1] * 0.587 + chips[..., 2] * 0.114
    halved = EmotionNet().eval()
    halved.load_state_dict({name: value.half().float() for name, value in net.state_dict().items()})
    with torch.inference_mode():
        expected = halved(torch.from_numpy(grey).float()[:, None]).softmax(1)
    np.testing.assert_allclose(builtin.recognise(chips)[:, :8], expected, atol=1e-5)


def test_circumplex_is_in_the_order_of_the_emotions() -> None:
    of = dict(zip(EMOTIONS, CIRCUMPLEX.tolist(), strict=True))
    assert of["happiness"] == pytest.approx([0.81, 0.51])
    assert of["surprise"] == pytest.approx([0.40, 0.67])
    assert of["neutral"] == [0, 0]
    assert of["sadness"] == pytest.approx([-0.63, -0.27])
    assert [name for name, (valence, _) in of.items() if valence > 0] == ["happiness", "surprise"]


@pytest.mark.parametrize("n", [0, 1, BATCH + 1])
def test_hsemotion_standardises_and_reads_ten_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    matrix, bias = write_onnx(tmp_path / "small.onnx")
    hsemotion = HSEmotionRecogniser(cached(tmp_path, monkeypatch, tmp_path / "small.onnx"))
    colours = np.random.default_rng(2).integers(0, 256, (n, 1, 1, 3), dtype=np.uint8)
    emotions = hsemotion.recognise(np.broadcast_to(colours, (n, 224, 224, 3)))
    pixels = (colours[:, 0, 0] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    outputs = pixels @ matrix + bias
    expected = np.exp(outputs[:, :8]) / np.exp(outputs[:, :8]).sum(axis=1, keepdims=True)
    assert emotions.shape == (n, 10)
    assert emotions.dtype == np.float32
    # The pooling adds up 50,176 single-precision values one by one.
    np.testing.assert_allclose(emotions[:, :8], expected, atol=3e-3)
    np.testing.assert_allclose(emotions[:, 8:], outputs[:, 8:].clip(-1, 1), atol=3e-3)


def test_hsemotion_refuses_another_digest_and_what_is_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_onnx(tmp_path / "small.onnx")
    weights = cached(tmp_path, monkeypatch, tmp_path / "small.onnx")
    with (tmp_path / "small.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(WeightsUnavailable, match="has digest git-blob:"):
        HSEmotionRecogniser(weights)
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsUnavailable, match="no ONNX network"):
        HSEmotionRecogniser(cached(tmp_path, monkeypatch, tmp_path / "text.onnx"))


def test_other_chips_are_refused(builtin: BuiltInRecogniser) -> None:
    with pytest.raises(ValueError, match=r"\(1, 48, 48\), expected uint8 \(n, 48, 48, 3\)"):
        builtin.recognise(np.zeros((1, 48, 48), np.uint8))


def test_recognisers_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_CACHE", str(tmp_path))
    with pytest.raises(WeightsUnavailable, match="download of 16 MB"):
        recogniser("hsemotion")
    with pytest.raises(PunchlineError, match="'deepface'"):
        recogniser("deepface")


@pytest.mark.skipif(not (ASSETS / "emotion_ferplus.safetensors").exists(), reason="the trained weights are not there")
def test_the_bundled_weights_load() -> None:
    assert recogniser().recognise(np.zeros((1, 48, 48, 3), np.uint8)).shape == (1, 10)
