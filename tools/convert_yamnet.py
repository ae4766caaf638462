# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "safetensors", "tflite==2.18.0"]
# ///
"""Turn the published YAMNet into the weights file that Punchline ships.

    curl -O https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/audio_classification/\\
rpi/lite-model_yamnet_classification_tflite_1.tflite
    uv run --script tools/convert_yamnet.py --tflite lite-model_yamnet_classification_tflite_1.tflite \\
        --out assets/yamnet_int8.safetensors

Google's file (Apache-2.0) computes log-mel spectra in floats and the network in int8. The layers are written in the
order of their computation as ``layers.<k>.weight`` (out, in, h, w) int8, ``.scale`` of each output channel and
``.bias``; then ``head.*`` (classes, channels), and the filter bank as ``mel.weight`` (64, 257) with ``mel.offset``,
what is added before the logarithm. The file's digest stands in assets/weights.json and is compared at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tflite
from convert_mobilefacenet import Graph
from safetensors.numpy import save

N_LAYERS = 27
TYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.INT8: np.int8,
    tflite.TensorType.INT32: np.int32,
}
SOURCE = {"source": "YAMNet, Google, Apache-2.0, int8 weights of the TFLite model as distributed"}
CATALOGUE = Path(__file__).resolve().parent.parent / "assets" / "weights.json"


@dataclass(frozen=True, eq=False)
class Constant:
    """Stored values and, where they are integers, the scale of each output channel."""

    values: np.ndarray
    scale: np.ndarray

    @property
    def real(self) -> np.ndarray:
        """The values in floats; a scale counts for all of its output channel."""
        return self.values.astype(np.float32) * self.scale if len(self.scale) else self.values


class QuantisedGraph(Graph):
    """A TFLite file whose constants are integers with scales, floats among them."""

    def constant(self, index: int) -> Constant | None:
        tensor = self.graph.Tensors(index)
        buffer = self.model.Buffers(tensor.Buffer())
        if buffer.DataLength() == 0 or tensor.Type() not in TYPES:
            return None
        values = buffer.DataAsNumpy().view(TYPES[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
        quantisation = tensor.Quantization()
        stored = quantisation is not None and quantisation.ScaleLength() > 0
        return Constant(values, quantisation.ScaleAsNumpy() if stored else np.empty(0, np.float32))


def convert(content: bytes) -> dict[str, np.ndarray]:
    """The tensors of the network."""
    state: dict[str, np.ndarray] = {}
    layer = 0

    def put(name: str, weight: Constant, bias: Constant, order: tuple[int, ...]) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = weight.values.transpose(order), bias.real
        state[f"{name}.scale"] = np.broadcast_to(weight.scale, bias.values.shape)

    operator = tflite.BuiltinOperator
    for code, constants in QuantisedGraph(content).operators():
        if code in (operator.CONV_2D, operator.DEPTHWISE_CONV_2D) and layer < N_LAYERS:
            put(f"layers.{layer}", *constants, (0, 3, 1, 2) if code == operator.CONV_2D else (3, 0, 1, 2))
            layer += 1
        elif code in (operator.CONV_2D, operator.FULLY_CONNECTED) and constants[0].values.dtype == np.int8:
            weight, bias = constants
            put("head", Constant(weight.values.reshape(len(bias.values), -1), weight.scale), bias, (0, 1))
        elif code == operator.FULLY_CONNECTED:
            state["mel.weight"], state["mel.offset"] = (constant.real for constant in constants)
    if layer != N_LAYERS or not {"head.weight", "mel.weight"} <= state.keys():
        raise SystemExit(
            f"got {layer} convolutions and {sorted(state)[:4]}; expected {N_LAYERS}, a head and mel filters"
        )
    return {name: np.ascontiguousarray(value) for name, value in state.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tflite", type=Path, required=True, help="Google's file")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    content = save(convert(args.tflite.read_bytes()), SOURCE)
    args.out.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    shipped = json.loads(CATALOGUE.read_text(encoding="utf-8"))["yamnet_int8"]["sha256"]
    print(f"{args.out}: {len(content)} bytes, sha256 {digest}")
    print("the same as is shipped" if digest == shipped else f"shipped is {shipped}")


if __name__ == "__main__":
    main()
