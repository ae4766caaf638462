"""The converter beside the shipped weights: a TFLite file that holds them gives them back, byte for byte."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tflite
from safetensors.numpy import load_file

from tests.tools.tflite_file import TfliteFile

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "assets" / "yamnet_int8.safetensors"
RELU6 = np.float32(6 / 255)  # scale of what most layers read
CODES = tflite.BuiltinOperator


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import convert_yamnet

    return convert_yamnet


def layer(state, name):
    """Code, weight and bias of a layer as Google's file has them."""
    weight, scale, bias = (state[f"{name}.{part}"] for part in ("weight", "scale", "bias"))
    whole = np.round(bias / (scale * RELU6)).astype(np.int32)
    stored = (whole, scale * RELU6) if (whole * (scale * RELU6) == bias).all() else (bias, None)
    if weight.ndim == 2:
        assert (scale == scale[0]).all()
        return CODES.FULLY_CONNECTED, [(weight, scale[:1]), stored]
    depthwise = weight.shape[1] == 1 and name != "layers.0"
    code, order = (CODES.DEPTHWISE_CONV_2D, (1, 2, 3, 0)) if depthwise else (CODES.CONV_2D, (0, 2, 3, 1))
    return code, [(weight.transpose(order), scale), stored]


def googles_file(state, *, n_layers=27):
    mel = CODES.FULLY_CONNECTED, [(state["mel.weight"], None), (state["mel.offset"], None)]
    return TfliteFile([mel, *(layer(state, f"layers.{k}") for k in range(n_layers)), layer(state, "head")]).content()


def test_the_shipped_file_comes_back_to_the_byte(tool, tmp_path, monkeypatch, capsys):
    source, out = tmp_path / "yamnet.tflite", tmp_path / "yamnet.safetensors"
    source.write_bytes(googles_file(load_file(SHIPPED)))
    monkeypatch.setattr(sys, "argv", ["convert_yamnet.py", "--tflite", str(source), "--out", str(out)])
    tool.main()
    assert out.read_bytes() == SHIPPED.read_bytes()
    assert "the same as is shipped" in capsys.readouterr().out


def test_another_network_is_refused(tool):
    with pytest.raises(SystemExit, match="got 26 convolutions"):
        tool.convert(googles_file(load_file(SHIPPED), n_layers=26))
