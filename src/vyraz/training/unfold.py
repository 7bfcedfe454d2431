"""Weights of an .onnx put back into the network that it was exported from, or of several side by side in a wider one.

An .onnx holds each batch normalisation folded into its convolution. It is put back so that the network gives the same
scores, and so that the normalisation does what it did in training: scale and offset are what the channels had.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers

from vyraz.classify import Classifier
from vyraz.runtime import open_session
from vyraz.types import Float

__all__ = ["unfold"]

#: Largest difference of a score between the network and the files that is let through.
_TOLERANCE = 1e-3
#: Root mean square of kernels before a normalisation, which makes up for any scale. It tells how far a step turns
#: them; at this one Muon's steps and the recipes' decay of weights are about in balance.
_SPREAD = 0.15


def unfold(network: keras.Model, sources: Sequence[str], faces: Float) -> list[Float] | None:
    """Give a network the weights of an .onnx, or of several.

    Several of one shape are put side by side: channels of one see nothing of another's, and the scores are the softmax
    of the mean of their logits. The network has as many times their channels.

    Args:
        network: to be changed.
        sources: names of shipped models, or paths.
        faces: float32 (n, 48, 48, 1) in [0, 1], by which channels are measured, and the network is compared with the
            files.

    Returns:
        What was taken, kernels and biases in the order of the files; None where they do not fit the network.

    Raises:
        UsageError: no such model.
        ModelError: a file is damaged.
    """
    # Read by what predicts first, so that a damaged file is told as it is there.
    graphs = [onnx.load_from_string(Classifier(source).file.read_bytes()) for source in sources]
    found = [list(_weights(graph.graph)) for graph in graphs]
    if not _fill(network, _joined(found)) or not _is_alike(network, graphs, faces):
        return None
    _normalise(network, faces)
    return [values for each in found for pair in each for values in pair]


def _joined(found: Sequence[Sequence[tuple[Float, Float]]]) -> list[tuple[Float, Float]]:
    """Kernels and biases of networks side by side; none where they have not the same layers."""
    if len(found) == 1:
        return list(found[0])
    shapes = [[kernel.shape for kernel, _ in each] for each in found]
    if any(each != shapes[0] for each in shapes):
        return []
    first, *between, last = zip(*found, strict=True)
    mean = sum(bias for _, bias in last) / len(last)
    return [
        (np.concatenate([kernel for kernel, _ in first], axis=-1), _biases(first)),
        *((_diagonal([kernel for kernel, _ in each]), _biases(each)) for each in between),
        (np.concatenate([kernel for kernel, _ in last], axis=-2) / len(last), mean),
    ]


def _biases(pairs: Sequence[tuple[Float, Float]]) -> Float:
    return np.concatenate([bias for _, bias in pairs])


def _diagonal(kernels: Sequence[Float]) -> Float:
    """Kernels (..., in, out) in the blocks of the diagonal of one, which is 0 elsewhere."""
    *size, ins, outs = kernels[0].shape
    whole = np.zeros((*size, len(kernels) * ins, len(kernels) * outs), np.float32)
    for index, kernel in enumerate(kernels):
        whole[..., index * ins : (index + 1) * ins, index * outs : (index + 1) * outs] = kernel
    return whole


def _fill(network: keras.Model, found: list[tuple[Float, Float]]) -> bool:
    """Set each layer by the first kernel of its shape that is left; False where there is none."""
    for layer in _weighted(network):
        index = next((i for i, (kernel, _) in enumerate(found) if kernel.shape == layer.kernel.shape), None)
        if index is None:
            return False
        _set(layer, *found.pop(index))
    return True


def _is_alike(network: keras.Model, graphs: Sequence[Any], faces: Float) -> bool:
    """Whether it scores as the files do."""
    scores = np.asarray(network.predict(faces, batch_size=256, verbose=0))
    given = [open_session(graph.SerializeToString()).run(None, {"faces": faces})[0] for graph in graphs]
    if given[0].shape != scores.shape:
        return False
    expected = np.exp(np.mean(np.log(np.maximum(given, 1e-30)), axis=0))
    expected /= expected.sum(axis=1, keepdims=True)
    return bool(np.abs(expected - scores).max() <= _TOLERANCE)


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
