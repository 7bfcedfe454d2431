"""Honest probabilities: vector scaling of a network's logits, folded into its last layer, and a temperature."""

from collections.abc import Iterator

import keras
import numpy as np
from keras import layers
from scipy.optimize import brentq, minimize

from vyraz import metrics
from vyraz.crop import to_input
from vyraz.labelled import LabelledFaces
from vyraz.types import Float, Labels

__all__ = [
    "consistent_temperature",
    "folds",
    "scale_logits",
    "scaled",
    "scaling_costs",
    "temperature_of",
    "vector_scaling",
]

_BATCH = 512
_SMALLEST = 1e-12
#: Of the logarithm of a temperature.
_FARTHEST = 2.0
#: Faces of which the standard error of accuracy is below 1.6 points.
_ENOUGH = 1000
_FOLDS = 5


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


def folds(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each fifth of so many faces, in random order: which are held out and which are fitted to, bool (count,)."""
    fold_of = np.random.default_rng(0).permutation(count) % _FOLDS
    for fold in range(_FOLDS):
        yield fold_of == fold, fold_of != fold


def scaling_costs(scores: Float, labels: Labels) -> bool:
    """Whether slopes and offsets, fitted to the other faces each time, leave fewer of the five fifths right.

    They make held-out labels likelier, but may trade correct faces for it. Of fewer than 1,000 faces that is not known,
    and taken not to be so: the prior then keeps the change small.

    Args:
        scores: uncalibrated, float32 (n, classes).
        labels: int64 (n,).
    """
    if len(labels) < _ENOUGH:
        return False
    after = np.empty_like(scores)
    for held, rest in folds(len(labels)):
        after[held] = scaled(scores[held], *vector_scaling(scores[rest], labels[rest]))
    return bool((after.argmax(axis=1) == labels).sum() < (scores.argmax(axis=1) == labels).sum())


def temperature_of(scores: Float, labels: Labels) -> float:
    """The consistent temperature; of fewer than 1,000 faces, whose accuracy is known too badly, the likeliest.

    Args:
        scores: uncalibrated, float32 (n, classes).
        labels: int64 (n,).
    """
    fit = consistent_temperature if len(labels) >= _ENOUGH else metrics.fit_temperature
    return fit(scores, labels)


def consistent_temperature(scores: Float, labels: Labels) -> float:
    """The temperature by which the mean confidence is the accuracy on held-out faces (Clarté et al. 2023, arXiv
    2303.02644, "expectation consistency").

    The likeliest one leaves faces of middling confidence overconfident, to be sure enough of the many sure ones.

    Args:
        scores: uncalibrated, float32 (n, classes).
        labels: int64 (n,).

    Returns:
        Between exp(-2) and exp(2), whichever is nearer where none makes them equal.
    """
    accuracy = float((scores.argmax(axis=1) == labels).mean())

    def excess(logarithm: float) -> float:
        return float(metrics.calibrated(scores, np.exp(logarithm)).max(axis=1).mean()) - accuracy

    low, high = -_FARTHEST, _FARTHEST
    if excess(low) <= 0 or excess(high) >= 0:
        return float(np.exp(low if excess(low) <= 0 else high))
    return float(np.exp(brentq(excess, low, high, xtol=1e-4)))


def scale_logits(model: keras.Model, faces: LabelledFaces) -> None:
    """Scale the logits in the network's last dense layer, fitted to these faces, unless that costs accuracy.

    Args:
        model: float32 (n, 48, 48, 1) -> scores, softmax of its last dense layer.
        faces: held out from training, with the model's labels.
    """
    scores = np.asarray(model.predict(to_input(faces.images), batch_size=_BATCH, verbose=0))
    if scaling_costs(scores, faces.labels):
        return
    slopes, offsets = vector_scaling(scores, faces.labels)
    last = [layer for layer in model.layers if isinstance(layer, layers.Dense)][-1]
    kernel, bias = last.get_weights()
    # Logits of this layer have any mean; softmax takes no notice of it, slopes do.
    kernel, bias = kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()
    last.set_weights([kernel * slopes, bias * slopes + offsets])
