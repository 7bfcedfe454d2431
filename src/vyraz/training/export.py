"""A trained network -> ONNX: batch norm folded, any batch size, scores equal to Keras's."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime as ort

from vyraz import metrics
from vyraz.classify import METADATA_KEY, Classifier
from vyraz.crop import SIDE, to_input
from vyraz.dataset import LabelledFaces
from vyraz.errors import RunError
from vyraz.training.run import Run
from vyraz.types import EMOTIONS, Float

__all__ = ["count_macs", "export"]

#: Largest difference of a score between Keras and ONNX Runtime that is let through.
_TOLERANCE = 1e-5
_OPSET = 17


def export(run: Run, path: Path, calibration: LabelledFaces | None = None) -> None:
    """Write a run's network as an .onnx that `Classifier` takes.

    Args:
        run: a complete run.
        path: the file.
        calibration: held-out faces on which the temperature and the threshold of `uncertain` are
            fitted; without them scores stay as the network gives them.

    Raises:
        RunError: the run is not complete, ONNX and Keras disagree, or the file cannot be written.
    """
    model = _load(run)
    graph = _convert(model)
    _compare(model, graph)
    card = {
        "network": run.read()["settings"]["network"],
        "labels": list(EMOTIONS),
        "parameters": model.count_params(),
        "macs": count_macs(model.layers),
        "temperature": 1.0,
        "uncertain_below": 0.0,
    }
    _write(graph, card, path)
    if calibration is not None:
        _write(graph, card | _calibrate(path, calibration), path)


def count_macs(layers: Iterable[keras.Layer]) -> int:
    """Multiply-adds of one face through convolutions and dense layers; the rest is not counted."""
    total = 0
    for layer in layers:
        if isinstance(layer, keras.Model):
            total += count_macs(layer.layers)
        elif isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D | keras.layers.Dense):
            across = layer.output.shape[1:-1] if layer.kernel.ndim == 4 else ()
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(across, dtype=np.int64))
    return total


def _load(run: Run) -> keras.Model:
    run.read()
    if not run.model.exists():
        raise RunError(f"{run.folder}: is not complete yet; finish it with vyraz train ... --resume")
    try:
        return keras.saving.load_model(run.model, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{run.model}: cannot be loaded ({str(error).splitlines()[0]})") from error


def _convert(model: keras.Model) -> onnx.ModelProto:
    if keras.backend.backend() != "tensorflow":
        raise RunError("exporting needs the TensorFlow backend: set KERAS_BACKEND=tensorflow")
    import tensorflow as tf
    import tf2onnx

    signature = [tf.TensorSpec((None, SIDE, SIDE, 1), tf.float32, name="faces")]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def scores(faces: Any) -> Any:
        return tf.identity(model(faces, training=False), name="scores")

    graph, _ = tf2onnx.convert.from_function(scores, input_signature=signature, opset=_OPSET)
    return _tidy(graph)


def _tidy(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Plain names for input, output and the free dimension."""
    renamed = graph.graph.output[0].name
    for node in graph.graph.node:
        node.input[:] = ["scores" if name == renamed else name for name in node.input]
        node.output[:] = ["scores" if name == renamed else name for name in node.output]
    graph.graph.output[0].name = "scores"
    for value in (graph.graph.input[0], graph.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    graph.graph.name = "vyraz"
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _compare(model: keras.Model, graph: onnx.ModelProto) -> None:
    faces: Float = np.random.default_rng(0).random((32, SIDE, SIDE, 1), dtype=np.float32)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    worst = float(np.abs(session.run(None, {"faces": faces})[0] - np.asarray(model(faces, training=False))).max())
    if not worst <= _TOLERANCE:
        raise RunError(f"ONNX and Keras differ by {worst:.2g} in a score; at most {_TOLERANCE:g} is let through")


def _write(graph: onnx.ModelProto, card: dict[str, Any], path: Path) -> None:
    onnx.helper.set_model_props(graph, {METADATA_KEY: json.dumps(card)})
    scratch = path.with_name(f"scratch-{path.name}")
    try:
        scratch.write_bytes(graph.SerializeToString())
        scratch.replace(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})") from error


def _calibrate(path: Path, faces: LabelledFaces) -> dict[str, float]:
    scores = Classifier(path)(to_input(faces.images))
    temperature = metrics.fit_temperature(scores, faces.labels)
    threshold = metrics.trust_threshold(metrics.calibrated(scores, temperature), faces.labels)
    return {"temperature": round(temperature, 4), "uncertain_below": round(threshold, 4)}
