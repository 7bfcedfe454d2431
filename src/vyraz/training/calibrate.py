"""Honest probabilities: vector scaling of a network's logits, folded into its last layer, label smoothing undone, and a
temperature."""

import math
from collections.abc import Iterator

import keras
import numpy as np
from keras import layers
from scipy.optimize import minimize

from vyraz import metrics
from vyraz.crop import to_input
from vyraz.labelled import LabelledFaces
from vyraz.types import Float, Labels

__all__ = [
    "folds",
    "scale_logits",
    "scaled",
    "scaling_costs",
    "temperature_and_smoothing",
    "vector_scaling",
]

_BATCH = 512
_SMALLEST = 1e-12
#: Of the labels: what is tried.
_SMOOTHINGS = tuple(step / 100 for step in range(31))
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


def temperature_and_smoothing(scores: Float, labels: Labels) -> tuple[float, float]:
    """How much label smoothing to undo, and then the temperature, by which held-out labels are likeliest.

    One temperature alone cannot mend scores that were learnt from smoothed labels: none of them is near 1, so that what
    makes the sure ones surer leaves those of middling confidence overconfident. Nothing is undone where that makes the
    labels hardly likelier (by the Bayesian information criterion, Schwarz 1978), or of fewer than 1,000 faces, among
    which there are too few sure ones to tell.

    Args:
        scores: uncalibrated, float32 (n, classes).
        labels: int64 (n,).

    Returns:
        What `vyraz.metrics.calibrated` takes: the temperature, and the smoothing, 0..0.3 in steps of 0.01.
    """

    def cost(pair: tuple[float, float]) -> float:
        penalty = math.log(len(labels)) / (2 * len(labels)) if pair[1] else 0.0
        return metrics.nll(metrics.calibrated(scores, *pair), labels) + penalty

    tried = _SMOOTHINGS if len(labels) >= _ENOUGH else (0.0,)
    fitted = [(metrics.fit_temperature(metrics.unsmoothed(scores, each), labels), each) for each in tried]
    return min(fitted, key=cost)


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
