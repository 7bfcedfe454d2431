"""A network as it is kept: with the moving average of its weights, and batch normalisation measured anew for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from vyraz.crop import to_input
from vyraz.labelled import LabelledFaces
from vyraz.training.augment import Augmentation, augment
from vyraz.types import Float

__all__ = ["measure_normalisation", "measured_on", "settled"]

_FACES = 4096
_BATCH = 256


def measured_on(training: LabelledFaces, changes: Augmentation | None) -> Float:
    """Inputs by which batch normalisation is measured: pictures of the Training split, in random order.

    Half of them as they are, as most faces come, and half changed as in training, as poor ones do: measured on the
    former alone, a network reads faces in the dark worse (docs/settling.json).

    Args:
        training: the Training split.
        changes: of training; None for the pictures as they are.

    Returns:
        float32 (n, 48, 48, 1) in [0, 1]; n is 4,096, or less where Training is smaller.
    """
    rng = np.random.default_rng(0)
    images = training.images[rng.permutation(len(training))[:_FACES]]
    if changes:
        images[::2] = augment(images[::2], changes, rng)
    return to_input(images)


@contextmanager
def settled(model: keras.Model, inputs: Float) -> Iterator[None]:
    """While it lasts, the model is what is kept of it; after that it is as before, and training goes on.

    In training, normalisation has the statistics of a few steps: of pictures changed at random, and of raw weights in
    the place of averaged ones (Wu and Johnson 2021, arXiv 2105.07576, sections 3 and 5).

    Args:
        model: fitted, with its optimizer.
        inputs: float32 (n, 48, 48, 1) in [0, 1]: what normalisation is measured on.
    """
    before = [variable.numpy() for variable in model.variables]
    if model.optimizer.use_ema:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    measure_normalisation(model, inputs)
    try:
        yield
    finally:
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)


def measure_normalisation(model: keras.Model, inputs: Float) -> None:
    """Give each batch normalisation the mean and the variance of its channels: those of batches, averaged.

    inputs: float32 (n, 48, 48, 1) in [0, 1], n at least 1.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for start in range(0, len(inputs) if norms else 0, _BATCH):
        batch = inputs[start : start + _BATCH]
        for norm in norms:
            norm.momentum = start / (start + len(batch))
        model(batch, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
