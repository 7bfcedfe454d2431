"""Sharpness-aware minimization: weights whose neighbours do well too.

A step follows the gradient not of where the weights are, but of where close by the loss is highest. What is found so is
flat, and holds better for pictures that were not seen. It costs two steps.

Source: Foret et al. 2021 (arXiv 2010.01412, algorithm 1); Kwon et al. 2021 (arXiv 2102.11600, section 4): how close is
relative to each weight, for batch normalisation makes their scale arbitrary.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import keras
from keras import ops

from vyraz.errors import UsageError

__all__ = ["flattened"]

#: Weights near 0 are moved too.
_LEAST = 0.01
_SMALLEST = 1e-12


def flattened(model: keras.Model, radius: float) -> keras.Model:
    """The same graph, of the same layers, fitted by sharpness-aware minimization; the model itself for a radius of 0.

    Args:
        model: not compiled.
        radius: how far uphill, rho of Kwon et al.; 0 or more.

    Raises:
        UsageError: Keras runs on JAX, for which this is not written.
    """
    if not radius:
        return model
    if keras.backend.backend() == "jax":
        raise UsageError("sharpness-aware minimization needs --backend tensorflow or torch")
    found = _Flattened(model.input, model.output, name=model.name)
    found.radius = radius
    return found


class _Flattened(keras.Model):  # type: ignore[misc]
    """What is logged is of the weights themselves, not of where they are moved to."""

    radius = 0.0

    def train_step(self, data: Any) -> Any:
        inputs, targets, weight = keras.utils.unpack_x_y_sample_weight(data)
        variables = self.trainable_variables
        kept = [ops.copy(variable.value) for variable in variables]
        outputs, loss, gradients = self._slope(inputs, targets, weight)
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(inputs)[0])
        with _untaped():
            _assign(variables, _uphill(kept, gradients, self.radius))
        with keras.StatelessScope():  # or metrics and what normalisation measures would move twice
            *_, gradients = self._slope(inputs, targets, weight)
        with _untaped():
            _assign(variables, kept)
            self.optimizer.apply(gradients, variables)
        return self.compute_metrics(inputs, targets, outputs, sample_weight=weight)

    def _slope(self, inputs: Any, targets: Any, weight: Any) -> tuple[Any, Any, list[Any]]:
        """Outputs, loss, and its gradient for each trainable variable."""
        if keras.backend.backend() == "torch":
            self.zero_grad()
            outputs, loss = self._forward(inputs, targets, weight)
            self.optimizer.scale_loss(loss).backward()
            return outputs, loss, [variable.value.grad.clone() for variable in self.trainable_variables]
        import tensorflow

        with tensorflow.GradientTape() as tape:
            outputs, loss = self._forward(inputs, targets, weight)
            scaled = self.optimizer.scale_loss(loss)
        return outputs, loss, tape.gradient(scaled, [variable.value for variable in self.trainable_variables])

    def _forward(self, inputs: Any, targets: Any, weight: Any) -> tuple[Any, Any]:
        outputs = self(inputs, training=True)
        return outputs, self.compute_loss(inputs, targets, outputs, weight, training=True)


def _uphill(values: Sequence[Any], gradients: Sequence[Any], radius: float) -> list[Any]:
    """Values moved by `radius` to where the loss is higher, each in proportion to its size.

    Source: Kwon et al. 2021, section 4, with p = 2 and _LEAST for their eta.
    """
    sizes = [ops.abs(value) + _LEAST for value in values]
    rises = [size * gradient for size, gradient in zip(sizes, gradients, strict=True)]
    length = ops.sqrt(sum(ops.sum(ops.square(rise)) for rise in rises)) + _SMALLEST
    moves = zip(values, sizes, rises, strict=True)
    return [value + radius * size * rise / length for value, size, rise in moves]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _untaped() -> Any:
    """Torch would remember what is done to weights in order to differentiate it."""
    if keras.backend.backend() != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()
