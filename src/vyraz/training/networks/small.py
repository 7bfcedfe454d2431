"""`small`, our default: a residual net with squeeze-and-excitation for 48x48 faces.

Source: He et al. 2016 (arXiv 1512.03385, basic block), Hu et al. 2018 (arXiv 1709.01507, SE).

| stage | map | layers |
| --- | --- | --- |
| stem | 48x48 | conv 3x3 16 |
| 1 | 24x24 | 1 block of 32 |
| 2 | 12x12 | 1 block of 64 |
| 3 | 6x6 | 1 block of 120 |
| head | 1x1 | global average, dropout 0.2, dense, softmax |

A block: conv 3x3 - BN - ReLU - conv 3x3 - BN - SE, plus the shortcut (1x1 conv where the shape changes), ReLU.
"""

import keras
from keras import layers

from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

RECIPE = Recipe(
    optimizer="adam",
    learning_rate=4e-3,
    schedule="cosine",
    batch=128,
    epochs=60,
    weight_decay=0.02,
    label_smoothing=0.1,
    ema=0.998,
    precision="mixed_bfloat16",
    augment=True,
    validation=("PublicTest",),
)


def build(
    classes: int = 7,
    stem: int = 16,
    widths: tuple[int, ...] = (32, 64, 120),
    blocks: tuple[int, ...] = (1, 1, 1),
    dropout: float = 0.2,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    faces = keras.Input((48, 48, 1), name="faces")
    x = layers.Rescaling(4.0, offset=-2.0)(faces)
    x = _conv_bn(x, stem, relu=True)
    for width, count in zip(widths, blocks, strict=True):
        for index in range(count):
            x = _block(x, width, stride=2 if index == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(classes)(x)
    scores = layers.Softmax(dtype="float32", name="scores")(x)
    return keras.Model(faces, scores, name="small")


def _conv_bn(x: keras.KerasTensor, width: int, size: int = 3, stride: int = 1, relu: bool = False) -> keras.KerasTensor:
    x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if relu else x


def _excite(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Squeeze-and-excitation with a reduction of 4."""
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(width // 4, 1, activation="relu")(gate)
    # The bias opens the gates at first: at sigmoid(0) = 0.5 each block would halve its signal and learning starts late.
    gate = layers.Conv2D(width, 1, activation="sigmoid", bias_initializer=keras.initializers.Constant(2.0))(gate)
    return layers.Multiply()([x, gate])


def _block(x: keras.KerasTensor, width: int, stride: int) -> keras.KerasTensor:
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = _conv_bn(x, width, size=1, stride=stride)
    x = _conv_bn(x, width, stride=stride, relu=True)
    x = _excite(_conv_bn(x, width), width)
    return layers.ReLU()(layers.Add()([x, shortcut]))
