"""What the paper's networks have in common.

Correa et al. wrote theirs in TFLearn. Where their text is silent, its defaults hold: weights start as it
starts them, and `LocalResponseNormalization` has its constants. All weights are float32, and there is
no batch normalisation in any of these networks: their sources have none.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from vyraz.training.networks._input import standardized
from vyraz.training.networks.recipe import Recipe
from vyraz.types import Float

__all__ = ["GUDI_RECIPE", "LocalResponseNormalization", "conv", "dense", "finish", "gudi", "start"]

#: Correa's program: momentum 0.9 without Nesterov's step, TFLearn's rate, 50 faces a step; epochs of the paper.
GUDI_RECIPE = Recipe(optimizer="sgd", learning_rate=1e-3, nesterov=False, batch=50, epochs=60)


@keras.saving.register_keras_serializable(package="vyraz")
class LocalResponseNormalization(layers.Layer):  # type: ignore[misc]
    """x / (bias + alpha * sum of x**2 over the channels at most `radius` away) ** 0.75.

    Source: Krizhevsky et al. 2012, section 3.3; constants of TFLearn, in which the networks were written
    (Krizhevsky's own are radius 2, bias 2). float32 (n, h, w, c) -> float32 (n, h, w, c).
    """

    def __init__(self, radius: int = 5, bias: float = 1.0, alpha: float = 1e-4, **options: Any) -> None:
        # Always in float32: in bfloat16 1 + alpha * sum is 1 up to a sum of 39.
        super().__init__(**{"dtype": "float32"} | options)
        self.radius, self.bias, self.alpha = radius, bias, alpha

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        # A 1x1 convolution with a band of ones: every backend and ONNX have it, unlike an LRN operator.
        nearby = ops.conv(ops.square(x), _band(x.shape[-1], self.radius), data_format="channels_last")
        # The power as two square roots: a general power costs more than all else in this layer.
        root = ops.rsqrt(self.bias + self.alpha * nearby)
        return x * root * ops.sqrt(root)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "radius": self.radius, "bias": self.bias, "alpha": self.alpha}


def _band(channels: int, radius: int) -> Float:
    """float32 (1, 1, channels, channels): 1 where two channels are at most `radius` apart."""
    places = np.arange(channels)
    return np.asarray(np.abs(places[:, None] - places) <= radius, dtype=np.float32)[None, None]


def start(*, standardize: bool) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The faces, float32 (n, 48, 48, 1), and what of them goes into the first layer.

    Args:
        standardize: each picture to mean 0 and standard deviation 1; the paper's sources do not say that they did.
    """
    faces = keras.Input((48, 48, 1), name="faces")
    return faces, standardized(faces) if standardize else faces


def conv(x: keras.KerasTensor, filters: int, size: int, stride: int = 1, padding: str = "same") -> keras.KerasTensor:
    """Convolution and ReLU; weights start as TFLearn's `uniform_scaling`."""
    options = {"strides": stride, "padding": padding, "kernel_initializer": "lecun_uniform"}
    return layers.Conv2D(filters, size, activation="relu", **options)(x)


def dense(x: keras.KerasTensor, units: int, activation: str | None = "relu") -> keras.KerasTensor:
    """Dense layer; weights start as TFLearn's `truncated_normal`."""
    start = keras.initializers.TruncatedNormal(stddev=0.02)
    return layers.Dense(units, activation=activation, kernel_initializer=start)(x)


def finish(faces: keras.KerasTensor, x: keras.KerasTensor, name: str) -> keras.Model:
    """The graph from faces to scores: softmax over x (n, classes), in float32 whatever the precision."""
    return keras.Model(faces, layers.Softmax(dtype="float32", name="scores")(x), name=name)


def gudi(
    name: str, classes: int, dropout: float, between: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None
) -> keras.Model:
    """Gudi's network, with the paper's intermediate layer `between` its two last convolutions, if any."""
    faces = keras.Input((48, 48, 1), name="faces")
    x = conv(faces, 64, 5, padding="valid")
    x = LocalResponseNormalization()(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 64, 5, padding="valid")
    x = between(x) if between else x
    x = layers.Flatten()(conv(x, 128, 4, padding="valid"))
    x = layers.Dropout(dropout)(dense(x, 3072))
    return finish(faces, dense(x, classes, activation=None), name)
