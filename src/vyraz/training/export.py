"""A trained network -> ONNX: batch norm folded, any batch size, scores equal to Keras's."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx

from vyraz import metrics
from vyraz.classify import METADATA_KEY, Classifier
from vyraz.crop import SIDE, to_input
from vyraz.errors import RunError, UsageError
from vyraz.labelled import LabelledFaces
from vyraz.runtime import open_session

# Keras loads only layers that it knows.
from vyraz.training import networks  # noqa: F401
from vyraz.training.calibrate import scale_logits, temperature_and_smoothing
from vyraz.training.cost import cost_of
from vyraz.training.quantize import quantized
from vyraz.training.run import Run
from vyraz.training.targets import names_of, validation_faces
from vyraz.training.whole import whole
from vyraz.types import Float

__all__ = ["export", "load_network", "recalibrate"]

#: Largest difference of a score between Keras and ONNX Runtime that is let through.
_TOLERANCE = 1e-5
_OPSET = 17
_UNCALIBRATED = {"smoothing": 0.0, "temperature": 1.0, "uncertain_below": 0.0}


def export(run: Run, path: Path, faces: LabelledFaces | None = None, *, int8: bool = False) -> None:
    """Write a run's network as an .onnx that `Classifier` takes.

    Args:
        run: a complete run.
        path: the file.
        faces: a set on whose PublicTest split the scores are calibrated (vector scaling, folded into the last
            layer, unless it costs accuracy on held-out faces; then how much label smoothing is undone, and a
            temperature) and the threshold of `uncertain` is fitted; without it scores stay as the network gives them.
        int8: a quarter of the size, and faster; faces of the set's Training split tell the ranges.

    Raises:
        RunError: the run is not complete, ONNX and Keras disagree, or the file cannot be written.
        UsageError: int8 without a set, or the file is to be no .onnx in a folder that is there.
        DataError: a split is missing.
    """
    # Said before minutes of calibration: by its suffix a file is told from a shipped name.
    if path.suffix != ".onnx" or not path.parent.is_dir():
        raise UsageError(f"{path}: a network is exported as an .onnx in a folder that is there")
    if int8 and faces is None:
        raise UsageError("int8 needs faces to learn its ranges from: give the labelled set with --calibrate")
    faces = faces.with_splits() if faces is not None else None
    model, settings = load_network(run), run.read()["settings"]
    labels = settings.get("labels", "fer")
    known = validation_faces(faces.split("PublicTest"), labels) if faces is not None else None
    if known is not None:
        scale_logits(model, known)
    graph = _convert(model)
    _compare(model, graph)
    if int8 and faces is not None:
        graph = quantized(graph, faces.split("Training"))
    card = {"network": settings["network"], "labels": list(names_of(labels)), **cost_of(model), **_UNCALIBRATED}
    _write(graph, card if known is None else card | _calibrate(graph, card, known), path)


def recalibrate(path: Path, faces: LabelledFaces) -> None:
    """Fit smoothing, temperature and the threshold of `uncertain` of an .onnx by `export` anew; its weights stay.

    Args:
        path: the file, which is replaced.
        faces: held out from training, with the model's labels.

    Raises:
        RunError: it cannot be written.
    """
    graph = onnx.load(path)
    (text,) = (entry.value for entry in graph.metadata_props if entry.key == METADATA_KEY)
    card = json.loads(text) | _UNCALIBRATED
    _write(graph, card | _calibrate(graph, card, faces), path)


def load_network(run: Run) -> keras.Model:
    """The trained network of a complete run.

    Raises:
        RunError: it is not complete, or damaged.
    """
    run.read()
    if not run.model.exists():
        raise RunError(f"{run.folder}: is not complete yet; finish it with vyraz train ... --resume")
    try:
        model = keras.saving.load_model(run.model, compile=False)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RunError(f"{run.model}: cannot be loaded ({str(error).partition(chr(10))[0]})") from error
    # XLA compiles anew for every size of batch, and is slower for networks this small.
    model.jit_compile = False
    return model


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
    """Plain names throughout: the converter's depend on what was converted before, ours on the graph alone."""
    names = {"": "", graph.graph.input[0].name: "faces", graph.graph.output[0].name: "scores"}
    for index, node in enumerate(graph.graph.node):
        node.input[:] = [names.setdefault(name, f"constant_{len(names)}") for name in node.input]
        node.output[:] = [names.setdefault(name, f"value_{len(names)}") for name in node.output]
        node.name = f"{node.op_type}_{index}"
    graph.graph.output[0].name = "scores"
    for constant in graph.graph.initializer:
        constant.name = names[constant.name]
    constants = sorted(graph.graph.initializer, key=lambda constant: constant.name)
    del graph.graph.initializer[:], graph.graph.value_info[:]
    graph.graph.initializer.extend(constants)
    for value in (graph.graph.input[0], graph.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    graph.graph.name, graph.graph.doc_string = "vyraz", ""
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _compare(model: keras.Model, graph: onnx.ModelProto) -> None:
    faces: Float = np.random.default_rng(0).random((32, SIDE, SIDE, 1), dtype=np.float32)
    session = open_session(graph.SerializeToString())
    worst = float(np.abs(session.run(None, {"faces": faces})[0] - np.asarray(model(faces, training=False))).max())
    if not worst <= _TOLERANCE:
        raise RunError(f"ONNX and Keras differ by {worst:.2g} in a score; at most {_TOLERANCE:g} is let through")


def _write(graph: onnx.ModelProto, card: dict[str, Any], path: Path) -> None:
    onnx.helper.set_model_props(graph, {METADATA_KEY: json.dumps(card)})
    with whole(path) as scratch:
        scratch.write_bytes(graph.SerializeToString())


def _calibrate(graph: onnx.ModelProto, card: dict[str, Any], faces: LabelledFaces) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        _write(graph, card, path)
        scores = Classifier(path)(to_input(faces.images))
    temperature, smoothing = temperature_and_smoothing(scores, faces.labels)
    threshold = metrics.trust_threshold(metrics.calibrated(scores, temperature, smoothing), faces.labels)
    return {"smoothing": smoothing, "temperature": round(temperature, 4), "uncertain_below": round(threshold, 4)}
