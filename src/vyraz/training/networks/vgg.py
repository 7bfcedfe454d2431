"""`vgg`, a teacher without shortcuts: pairs of convolutions, and a pool after each.

Source: Simonyan and Zisserman 2015 (arXiv 1409.1556, network B), with batch normalisation and one dense layer;
Khaireddin and Chen 2021 (arXiv 2105.03588) found nets of this kind the best single ones on FER-2013.

| stage | map | layers |
| --- | --- | --- |
| 1-4 | 48x48, 24x24, 12x12, 6x6 | conv 3x3 - BN - ReLU twice, of 64, 128, 256 and 512; max-pool 2 |
| head | 1x1 | global average, dropout 0.3, dense, softmax |
"""

import keras
from keras import layers

from vyraz.training.networks import resnet18
from vyraz.training.networks._residual import conv_bn, finish, start
from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

RECIPE: Recipe = resnet18.RECIPE


def build(
    classes: int = 7,
    widths: tuple[int, ...] = (64, 128, 256, 512),
    dropout: float = 0.3,
    activation: str = "relu",
    standardize: bool = False,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    faces, x = start(standardize)
    for width in widths:
        x = conv_bn(conv_bn(x, width, activation=activation), width, activation=activation)
        x = layers.MaxPooling2D(2)(x)
    return finish(faces, x, classes, dropout, "vgg")
