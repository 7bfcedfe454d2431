"""Honest probabilities: vector scaling of a network's logits, folded into its last layer."""

import keras
import numpy as np
from keras import layers
from scipy.optimize import minimize

from vyraz import metrics
from vyraz.crop import to_input
from vyraz.labelled import LabelledFaces
from vyraz.types import Float, Labels

__all__ = ["scale_logits", "scaled", "vector_scaling"]

_BATCH = 512
_SMALLEST = 1e-12


def vector_scaling(scores: Float, labels: Labels) -> tuple[Float, Float]:
    """One slope and one offset for each class, by which held-out labels are likeliest (Guo et al. 2017, section 4.2).

    The logarithms of the slopes, and the offsets, have a standard normal prior: classes that hardly occur stay
    nearly as they are.

    Args:
        scores: uncalibrated, float32 (n, classes).
        labels: int64 (n,).

    Returns:
        slopes, above 0, and offsets: float32 (classes,), for logits that have a mean of 0 in each row.
    """
    classes = scores.shape[1]

    def cost(point: Float) -> float:
        likely = scaled(scores, np.exp(point[:classes]), point[classes:])
        return metrics.nll(likely, labels) + float(point @ point) / (2 * len(labels))

    found = minimize(cost, np.zeros(2 * classes), method="L-BFGS-B").x.astype(np.float32)
    return np.exp(found[:classes]), found[classes:]


def scaled(scores: Float, slopes: Float, offsets: Float) -> Float:
    """Scores, float32 (n, classes), as slopes and offsets of `vector_scaling` change them."""
    logits = np.log(np.maximum(scores, _SMALLEST))
    logits = (logits - logits.mean(axis=1, keepdims=True)) * slopes + offsets
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Float = powers / powers.sum(axis=1, keepdims=True)
    return result


def scale_logits(model: keras.Model, faces: LabelledFaces) -> None:
    """Change the network's last dense layer so that its scores are calibrated on these faces.

    Args:
        model: float32 (n, 48, 48, 1) -> scores, softmax of its last dense layer.
        faces: held out from training, with the model's labels.
    """
    scores = np.asarray(model.predict(to_input(faces.images), batch_size=_BATCH, verbose=0))
    slopes, offsets = vector_scaling(scores, faces.labels)
    last = [layer for layer in model.layers if isinstance(layer, layers.Dense)][-1]
    kernel, bias = last.get_weights()
    # Logits of this layer have any mean; softmax takes no notice of it, slopes do.
    kernel, bias = kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()
    last.set_weights([kernel * slopes, bias * slopes + offsets])
