"""What our own networks and their teachers are made of.

Source: He et al. 2016 (arXiv 1512.03385, basic block), Ioffe and Szegedy 2015 (arXiv 1502.03167, batch
normalisation), Hu et al. 2018 (arXiv 1709.01507, squeeze-and-excitation, "SE").
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

__all__ = ["BatchNormalization", "block", "conv_bn", "finish", "stages", "start"]

_REDUCTION = 4


@keras.saving.register_keras_serializable(package="vyraz")
class BatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Keras's own, which is several operations in float32; where TensorFlow trains, its one operation instead."""

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, **options)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable) or keras.backend.backend() != "tensorflow" or self._is_special(mask):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        none = tf.zeros([0])
        weights = {"scale": self.gamma.value, "offset": self.beta.value, "mean": none, "variance": none}
        x, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(x=inputs, **weights, epsilon=self.epsilon, is_training=True)
        self._remember(self.moving_mean, mean)
        self._remember(self.moving_variance, variance)
        return x

    def _is_special(self, mask: Any) -> bool:
        """Whether something is asked for that TensorFlow's operation has not."""
        plain = self.center and self.scale and self.axis == -1
        return mask is not None or self.renorm or self.synchronized or not plain

    def _remember(self, moving: Any, now: Any) -> None:
        moving.assign(moving * self.momentum + now * (1 - self.momentum))


def start() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Faces, and the same with about zero mean and unit variance: float32 (n, 48, 48, 1) in [0, 1] and in [-2, 2]."""
    faces = keras.Input((48, 48, 1), name="faces")
    return faces, layers.Rescaling(4.0, offset=-2.0)(faces)


def finish(faces: keras.KerasTensor, x: keras.KerasTensor, classes: int, dropout: float, name: str) -> keras.Model:
    """The graph from faces to scores: average over the map, dropout, dense, softmax in float32."""
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    scores = layers.Softmax(dtype="float32", name="scores")(layers.Dense(classes)(x))
    return keras.Model(faces, scores, name=name)


def conv_bn(x: keras.KerasTensor, width: int, size: int = 3, stride: int = 1, relu: bool = False) -> keras.KerasTensor:
    """Convolution, batch normalisation and, where asked, ReLU."""
    x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def block(x: keras.KerasTensor, width: int, stride: int = 1, *, excited: bool = True) -> keras.KerasTensor:
    """conv 3x3 - BN - ReLU - conv 3x3 - BN - SE, plus the shortcut (1x1 conv where the shape changes), ReLU."""
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = conv_bn(x, width, size=1, stride=stride)
    x = conv_bn(conv_bn(x, width, stride=stride, relu=True), width)
    x = _excite(x, width) if excited else x
    return layers.ReLU()(layers.Add()([x, shortcut]))


def stages(
    name: str,
    classes: int,
    stem: int,
    widths: Sequence[int],
    blocks: Sequence[int],
    dropout: float,
    *,
    excited: bool = True,
) -> keras.Model:
    """A residual net: conv 3x3 of `stem`, then stages of so many blocks of each width, each halving the map."""
    faces, x = start()
    x = conv_bn(x, stem, relu=True)
    for width, count in zip(widths, blocks, strict=True):
        for index in range(count):
            x = block(x, width, stride=2 if index == 0 else 1, excited=excited)
    return finish(faces, x, classes, dropout, name)


def _excite(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(width // _REDUCTION, 1, activation="relu")(gate)
    # The bias opens the gates at first: at sigmoid(0) = 0.5 each block would halve its signal and learning starts late.
    gate = layers.Conv2D(width, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(2.0))(gate)
    return layers.Multiply()([x, gate])
