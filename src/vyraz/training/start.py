"""Weights to start a training from: those of a run, or of an .onnx, such as a shipped one.

An .onnx holds each batch normalisation folded into its convolution. It is put back so that the network gives the same
scores, and so that the normalisation does what it did in training: scale and offset are what the channels had.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers

from vyraz import models
from vyraz.classify import Classifier
from vyraz.crop import to_input
from vyraz.errors import UsageError
from vyraz.labelled import LabelledFaces
from vyraz.runtime import open_session
from vyraz.training.build import build
from vyraz.training.export import load_network
from vyraz.training.run import Run, Settings, digest_of
from vyraz.training.targets import LABELS, names_of
from vyraz.types import Float

__all__ = ["Weights", "started"]

#: As `keras.Model.get_weights` gives them.
Weights = list[Float]

#: Faces by which the channels are measured, and the network is compared with the file.
_FACES = 2048
_TOLERANCE = 1e-3
#: Root mean square of kernels before a normalisation, which makes up for any scale. It tells how far a step turns
#: them; at this one Muon's steps and the recipes' decay of weights are about in balance.
_SPREAD = 0.15


def started(settings: Settings, source: str | None, training: LabelledFaces) -> tuple[Settings, Weights | None]:
    """Settings that tell from where they start, and the weights; none for no source.

    Options of the network that are not given are those of what it begins with. Where that has other labels, those that
    both have keep their scores; one that it has not starts at a logit of 0.

    Args:
        settings: of the training.
        source: folder of a complete run, name of a shipped model, or path of an .onnx by `vyraz export`.
        training: the Training split.

    Raises:
        UsageError: no such model, or it is of another network, or quantized.
        RunError: the run is not complete.
        ModelError: the file is damaged.
    """
    if source is None:
        return settings, None
    keras.config.set_dtype_policy("float32")
    # A shipped name comes first, as everywhere: a folder of that name is ./NAME.
    is_run = source not in models.names() and Path(source).is_dir()
    settings = replace(settings, options=_options(settings.network, source, is_run) | settings.options)
    labels, faces = _labels(source, is_run), to_input(training.images[:_FACES])
    network = build(replace(settings, labels=labels))
    taken = _copy(network, source) if is_run else _unfold(network, source, faces)
    weights = _relabelled(network.get_weights(), names_of(labels), names_of(settings.labels))
    # Of what the source holds: what is measured of the channels may differ in the last digit between machines.
    return replace(settings, start=digest_of(*taken)[:16]), weights


def _options(network: str, source: str, is_run: bool) -> dict[str, Any]:
    """Those that the source was built with, where they are known and it is of this network."""
    if is_run:
        known = Run(Path(source)).read()["settings"]
    else:
        known = models.facts(source)["training"] if source in models.names() else {}
    return known["options"] if known.get("network") == network else {}


def _labels(source: str, is_run: bool) -> str:
    if is_run:
        return Run(Path(source)).settings().labels
    known = Classifier(source).card.labels
    return next((labels for labels, names in LABELS.items() if names == known), "fer")


def _relabelled(weights: Weights, had: tuple[str, ...], wanted: tuple[str, ...]) -> Weights:
    """The weights with a last layer for other labels: kernel (in, labels) and bias, the last two."""
    *rest, kernel, bias = weights
    places = [had.index(name) if name in had else len(had) for name in wanted]
    return [*rest, *(np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, 1)])[..., places] for values in (kernel, bias))]


def _copy(network: keras.Model, source: str) -> Weights:
    weights: Weights = load_network(Run(Path(source))).get_weights()
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise _other(source, network) from error
    return weights


def _unfold(network: keras.Model, source: str, faces: Float) -> Weights:
    # Read by what predicts first, so that a damaged file is told as it is there.
    graph = onnx.load_from_string(Classifier(source).file.read_bytes())
    found = list(_weights(graph.graph))
    taken = [values for pair in found for values in pair]
    for layer in _weighted(network):
        index = next((i for i, (kernel, _) in enumerate(found) if kernel.shape == layer.kernel.shape), None)
        if index is None:
            raise _other(source, network)
        _set(layer, *found.pop(index))
    scores = np.asarray(network.predict(faces, batch_size=256, verbose=0))
    (expected,) = open_session(graph.SerializeToString()).run(None, {"faces": faces})
    if expected.shape != scores.shape or not np.abs(expected - scores).max() <= _TOLERANCE:
        raise _other(source, network)
    _normalise(network, faces)
    return taken


def _other(source: str, network: keras.Model) -> UsageError:
    shipped = [name for name in models.names() if _is_whole(models.facts(name), network)]
    hint = f"; shipped ones of it: {', '.join(shipped)}" if shipped else ""
    return UsageError(f"{source}: its weights do not fit {network.name} with these options{hint}")


def _is_whole(facts: dict[str, Any], network: keras.Model) -> bool:
    return bool(facts["network"] == network.name and facts["precision"] == "float32")


def _weights(graph: Any) -> Iterator[tuple[Float, Float]]:
    """Kernel, as Keras has it, and bias of each convolution and dense layer, in the order of the graph."""
    values = {constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer}
    added = {name: other for node in graph.node if node.op_type == "Add" for name, other in _both_ways(node.input)}
    for node in graph.node:
        if node.op_type not in ("Conv", "MatMul") or node.input[1] not in values:
            continue
        kernel = values[node.input[1]]
        kernel = kernel.transpose(2, 3, 1, 0) if node.op_type == "Conv" else kernel
        # A bias of nothing but zeros is left out by the converter.
        bias = node.input[2] if len(node.input) > 2 else added.get(node.output[0], "")
        yield kernel, values.get(bias, np.zeros(kernel.shape[-1], np.float32))


def _both_ways(pair: Any) -> Iterator[tuple[str, str]]:
    yield pair[0], pair[1]
    yield pair[1], pair[0]


def _weighted(network: keras.Model) -> list[Any]:
    return [layer for layer in network.layers if isinstance(layer, layers.Conv2D | layers.Dense)]


def _set(layer: Any, kernel: Float, bias: Float) -> None:
    """Kernel and bias; where a normalisation has the bias, it also has what the kernel is scaled by."""
    if layer.use_bias:
        layer.set_weights([kernel, bias])
        return
    scale = np.sqrt(np.square(kernel).mean()) / _SPREAD
    layer.set_weights([kernel / scale])
    norm, one = _norm_after(layer), np.ones_like(bias)
    norm.set_weights([scale * np.sqrt(one + norm.epsilon), bias, 0 * one, one])


def _norm_after(layer: Any) -> Any:
    return layer._outbound_nodes[0].operation


def _normalise(network: keras.Model, faces: Float) -> None:
    """Give each normalisation its channels' means and variances, and undo them by its scale and offset."""
    bare = [layer for layer in _weighted(network) if not layer.use_bias]
    if not bare:
        return
    watched = keras.Model(network.input, [layer.output for layer in bare])
    sums, squares, count = [0.0] * len(bare), [0.0] * len(bare), 0
    for start in range(0, len(faces), 256):
        for index, values in enumerate(watched.predict_on_batch(faces[start : start + 256])):
            sums[index] += values.mean(axis=(1, 2), dtype=np.float64).sum(axis=0)
            squares[index] += np.square(values, dtype=np.float64).mean(axis=(1, 2)).sum(axis=0)
        count += len(faces[start : start + 256])
    for layer, total, square in zip(bare, sums, squares, strict=True):
        norm, mean = _norm_after(layer), total / count
        variance = square / count - mean**2
        gamma, beta, *_ = norm.get_weights()
        scale = gamma / np.sqrt(1 + norm.epsilon)
        norm.set_weights([scale * np.sqrt(variance + norm.epsilon), beta + scale * mean, mean, variance])
