"""int8 weights and activations: a quarter of the size, and faster; very large dense layers in 4 bits."""

import logging
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import numpy as np
import onnx

import vyraz.runtime  # noqa: F401  before anything of ONNX Runtime
from vyraz.crop import to_input
from vyraz.labelled import LabelledFaces
from vyraz.types import Float

# isort: split
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

__all__ = ["quantized"]

#: Faces whose activations are looked at.
_FACES = 2048
_BATCH = 64
#: Of the activations that keep their size. Of 99.9 to 99.999 it cost the least on PublicTest over a, c, p and small.
_PERCENTILE = 99.99
_OPERATORS = ["Conv", "MatMul", "Gemm", "MaxPool"]
#: Dense layers of more weights are most of a file: they are kept in 4 bits, so many of which share a scale.
_MOST_WEIGHTS, _BITS, _BLOCK = 3_000_000, 4, 64
#: Such weights are multiplied as int8, not first made float32.
_INT8 = 4


def quantized(graph: onnx.ModelProto, training: LabelledFaces) -> onnx.ModelProto:
    """The graph with int8 weights (one scale a channel) and uint8 activations, large dense layers in 4 bits.

    Args:
        graph: float32.
        training: faces that the network was trained on; a sample of them tells how large activations get.
    """
    large = _large(graph)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(graph, before)
        quantize_static(
            before,
            after,
            _Sample(training),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATORS,
            nodes_to_exclude=large,
            per_channel=True,
            # Weights of 7 bits: on processors without VNNI 8 bits overflow, and scores would differ there.
            reduce_range=True,
            # ONNX Runtime has fast kernels on every processor for unsigned activations only.
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # A few outliers would else stretch the scale for all.
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": _PERCENTILE},
        )
        return _in_few_bits(onnx.load(after)) if large else onnx.load(after)


def _large(graph: onnx.ModelProto) -> list[str]:
    """Names of the large dense layers."""
    weights = {constant.name: math.prod(constant.dims) for constant in graph.graph.initializer}
    dense = (node for node in graph.graph.node if node.op_type == "MatMul")
    return [node.name for node in dense if weights.get(node.input[1], 0) > _MOST_WEIGHTS]


def _in_few_bits(graph: onnx.ModelProto) -> onnx.ModelProto:
    """What of the dense layers is still float32 in 4 bits."""
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(graph, bits=_BITS, block_size=_BLOCK, is_symmetric=True, accuracy_level=_INT8)
    quantizer.process()
    model: onnx.ModelProto = quantizer.model.model
    return model


class _Sample(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, training: LabelledFaces) -> None:
        # The calibrator wants batches of one size.
        size = min(_BATCH, len(training))
        count = min(_FACES, len(training)) // size * size
        rows = np.random.default_rng(0).choice(len(training), count, replace=False)
        inputs = to_input(training.images[rows])
        self._batches: Iterator[Float] = iter(np.split(inputs, count // size))

    def get_next(self) -> dict[str, Float] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"faces": batch}


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser logs advice that does not fit networks this small, and prints what it does."""
    logging.disable(logging.WARNING)
    try:
        with open(os.devnull, "w", encoding="utf-8") as nothing, redirect_stdout(nothing):
            yield
    finally:
        logging.disable(logging.NOTSET)
