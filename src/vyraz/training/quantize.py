"""int8 weights and activations: a quarter of the size, and faster."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import numpy as np
import onnx

import vyraz.runtime  # noqa: F401  before anything of ONNX Runtime
from vyraz.crop import to_input
from vyraz.dataset import LabelledFaces
from vyraz.types import Float

# isort: split
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

__all__ = ["quantized"]

#: Faces whose activations are looked at.
_FACES = 512
_BATCH = 64
_OPERATORS = ["Conv", "MatMul", "Gemm", "MaxPool"]


def quantized(graph: onnx.ModelProto, training: LabelledFaces) -> onnx.ModelProto:
    """The graph with int8 weights (one scale a channel) and uint8 activations.

    Args:
        graph: float32.
        training: faces that the network was trained on; a sample of them tells how large activations get.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(graph, before)
        quantize_static(
            before,
            after,
            _Sample(training),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATORS,
            per_channel=True,
            # Weights of 7 bits: on processors without VNNI 8 bits overflow, and scores would differ there.
            reduce_range=True,
            # ONNX Runtime has fast kernels on every processor for unsigned activations only.
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # A few outliers would else stretch the scale for all.
            calibrate_method=CalibrationMethod.Percentile,
        )
        return onnx.load(after)


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
