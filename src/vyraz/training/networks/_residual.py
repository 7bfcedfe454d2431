"""What our own networks and their teachers are made of.

Source: He et al. 2016 (arXiv 1512.03385, basic block), Ioffe and Szegedy 2015 (arXiv 1502.03167, batch
normalisation), Hu et al. 2018 (arXiv 1709.01507, squeeze-and-excitation, "SE"), He et al. 2019 (arXiv 1812.01187,
section 4, ResNet-D: shortcuts that average), Ramachandran et al. 2017 (arXiv 1710.05941, SiLU there Swish).
"""

from collections.abc import Sequence

import keras
from keras import layers

from vyraz.training.networks._input import standardized
from vyraz.training.networks._layers import AveragePooling2D, BatchNormalization, Conv2D

__all__ = ["block", "conv_bn", "finish", "stages", "start"]

_REDUCTION = 4


def start(standardize: bool = False) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Faces, float32 (n, 48, 48, 1) in [0, 1], and the same with about zero mean and unit variance.

    Either all by the same factor, to [-2, 2], or each by its own, `standardize`.
    """
    faces = keras.Input((48, 48, 1), name="faces")
    return faces, standardized(faces) if standardize else layers.Rescaling(4.0, offset=-2.0)(faces)


def finish(faces: keras.KerasTensor, x: keras.KerasTensor, classes: int, dropout: float, name: str) -> keras.Model:
    """The graph from faces to scores: average over the map, dropout, dense, softmax in float32."""
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    scores = layers.Softmax(dtype="float32", name="scores")(layers.Dense(classes)(x))
    return keras.Model(faces, scores, name=name)


def conv_bn(
    x: keras.KerasTensor, width: int, size: int = 3, stride: int = 1, activation: str = "linear"
) -> keras.KerasTensor:
    """Convolution, batch normalisation and, where asked, an activation."""
    x = Conv2D(width, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = BatchNormalization()(x)
    return x if activation == "linear" else layers.Activation(activation)(x)


def block(
    x: keras.KerasTensor,
    width: int,
    stride: int = 1,
    *,
    excited: bool = True,
    activation: str = "relu",
    averaged: bool = False,
) -> keras.KerasTensor:
    """conv 3x3 - BN - activation - conv 3x3 - BN - SE, plus the shortcut, activation.

    Where the shape changes the shortcut is a 1x1 conv and BN. It sees a quarter of the pixels where the map is halved,
    or, `averaged`, the mean of each four.
    """
    shortcut = _shortcut(x, width, stride, averaged)
    x = conv_bn(conv_bn(x, width, stride=stride, activation=activation), width)
    x = _excite(x, width) if excited else x
    return layers.Activation(activation)(layers.Add()([x, shortcut]))


def _shortcut(x: keras.KerasTensor, width: int, stride: int, averaged: bool) -> keras.KerasTensor:
    if stride == 1 and x.shape[-1] == width:
        return x
    if averaged and stride != 1:
        x, stride = AveragePooling2D(stride)(x), 1
    return conv_bn(x, width, size=1, stride=stride)


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
    activation: str = "relu",
    averaged: bool = False,
    standardize: bool = False,
) -> keras.Model:
    """A residual net: conv 3x3 of `stem`, then stages of so many blocks of each width, each halving the map.

    A stem of stride 2 halves it in place of the first stage. The others are those of `block` and `start`.
    """
    faces, x = start(standardize)
    x = conv_bn(x, stem, stride=stem_stride, activation=activation)
    strides = (2 // stem_stride, *[2] * (len(widths) - 1))
    for width, count, stride in zip(widths, blocks, strides, strict=True):
        for index in range(count):
            halving = stride if index == 0 else 1
            x = block(x, width, halving, excited=excited, activation=activation, averaged=averaged)
    return finish(faces, x, classes, dropout, name)


def _excite(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = Conv2D(width // _REDUCTION, 1, activation="relu")(gate)
    # The bias opens the gates at first: at sigmoid(0) = 0.5 each block would halve its signal and learning starts late.
    gate = Conv2D(width, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(2.0))(gate)
    return layers.Multiply()([x, gate])
