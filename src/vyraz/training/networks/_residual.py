"""What our own networks and their teachers are made of.

Source: He et al. 2016 (arXiv 1512.03385, basic block), Ioffe and Szegedy 2015 (arXiv 1502.03167, batch
normalisation), Hu et al. 2018 (arXiv 1709.01507, squeeze-and-excitation, "SE").
"""

from collections.abc import Sequence

import keras
from keras import layers

from vyraz.training.networks._layers import BatchNormalization, Conv2D

__all__ = ["block", "conv_bn", "finish", "stages", "start"]

_REDUCTION = 4


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
    x = Conv2D(width, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
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
    stem_stride: int = 1,
    excited: bool = True,
) -> keras.Model:
    """A residual net: conv 3x3 of `stem`, then stages of so many blocks of each width, each halving the map.

    A stem of stride 2 halves it in place of the first stage.
    """
    faces, x = start()
    x = conv_bn(x, stem, stride=stem_stride, relu=True)
    strides = (2 // stem_stride, *[2] * (len(widths) - 1))
    for width, count, stride in zip(widths, blocks, strides, strict=True):
        for index in range(count):
            x = block(x, width, stride=stride if index == 0 else 1, excited=excited)
    return finish(faces, x, classes, dropout, name)


def _excite(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = Conv2D(width // _REDUCTION, 1, activation="relu")(gate)
    # The bias opens the gates at first: at sigmoid(0) = 0.5 each block would halve its signal and learning starts late.
    gate = Conv2D(width, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(2.0))(gate)
    return layers.Multiply()([x, gate])
