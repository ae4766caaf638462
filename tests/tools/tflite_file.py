"""Writes TFLite files as far as the converters of weights read them."""

import flatbuffers
import numpy as np
import tflite

TYPES = {"float32": tflite.TensorType.FLOAT32, "int8": tflite.TensorType.INT8, "int32": tflite.TensorType.INT32}


class TfliteFile:
    """A graph whose operators read constants only: (code, [(values, scales), ...]); no scales for floats."""

    def __init__(self, operators: list[tuple[int, list[tuple[np.ndarray, np.ndarray | None]]]]) -> None:
        self._builder = flatbuffers.Builder(1 << 20)
        self._operators = operators

    def content(self) -> bytes:
        constants = [constant for _, inputs in self._operators for constant in inputs]
        codes = sorted({code for code, _ in self._operators})
        buffers = self._offsets(
            [self._table("Buffer", Data=self._array(c.view(np.uint8).ravel())) for c, _ in constants]
        )
        tensors = self._offsets([self._tensor(k, *constant) for k, constant in enumerate(constants)])
        operators, first = [], 0
        for code, inputs in self._operators:
            indices = self._array(np.arange(first, first + len(inputs), dtype=np.int32))
            operators.append(self._table("Operator", OpcodeIndex=codes.index(code), Inputs=indices))
            first += len(inputs)
        graph = self._table("SubGraph", Tensors=tensors, Operators=self._offsets(operators))
        described = self._offsets(
            [self._table("OperatorCode", DeprecatedBuiltinCode=code, BuiltinCode=code) for code in codes]
        )
        graphs = self._offsets([graph])
        model = self._table("Model", Version=3, OperatorCodes=described, Subgraphs=graphs, Buffers=buffers)
        self._builder.Finish(model, b"TFL3")
        return bytes(self._builder.Output())

    def _tensor(self, buffer: int, values: np.ndarray, scales: np.ndarray | None) -> int:
        shape = self._array(np.array(values.shape, np.int32))
        parts = {"Shape": shape, "Type": TYPES[values.dtype.name], "Buffer": buffer}
        if scales is not None:
            parts["Quantization"] = self._table("QuantizationParameters", Scale=self._array(scales))
        return self._table("Tensor", **parts)

    def _array(self, values: np.ndarray) -> int:
        return self._builder.CreateNumpyVector(np.ascontiguousarray(values))

    def _offsets(self, offsets: list[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return self._builder.EndVector()

    def _table(self, kind: str, **fields: int) -> int:
        getattr(tflite, f"{kind}Start")(self._builder)
        for name, value in fields.items():
            getattr(tflite, f"{kind}Add{name}")(self._builder, value)
        return getattr(tflite, f"{kind}End")(self._builder)
