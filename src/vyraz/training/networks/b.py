"""`b`, the paper's network B: AlexNet with five convolutions cut to three and 4096 units cut to 1024.

Source: Krizhevsky et al. 2012, reduced by Correa, Jonker, Ozo, Stolk 2016 (TU Delft) from TFLearn's
example, which normalises after pooling. "LRN" is local response normalisation.

| layer | map | parameters | multiply-adds |
| --- | --- | --- | --- |
| conv 11x11/4 96, ReLU | 12x12 | 11,712 | 1,672,704 |
| max-pool 3/2, LRN | 6x6 | | |
| conv 5x5 256, ReLU | 6x6 | 614,656 | 22,118,400 |
| max-pool 3/2, LRN | 3x3 | | |
| conv 3x3 256, ReLU | 3x3 | 590,080 | 5,308,416 |
| max-pool 3/2, LRN | 2x2 | | |
| dense 1024, ReLU, dropout 0.5 | 1x1 | 1,049,600 | 1,048,576 |
| dense 1024, ReLU, dropout 0.5 | 1x1 | 1,049,600 | 1,048,576 |
| dense, softmax | 1x1 | 7,175 | 7,168 |
| all | | 3,322,823 | 31,203,840 |

The counts leave one choice only: every convolution and every pool is padded ("same", TFLearn's default).
The rate and plain momentum are the example's and the batch that of Correa's program, as paper.md names
no figures; ReLU in place of the example's tanh is paper.md's.
"""

import keras
from keras import layers

from vyraz.training.networks._parts import LocalResponseNormalization, conv, dense, finish, start
from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

RECIPE = Recipe(optimizer="sgd", learning_rate=1e-3, nesterov=False, batch=50, epochs=60)


def build(classes: int = 7, standardize: bool = False, dropout: float = 0.5) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    faces, x = start(standardize=standardize)
    for filters, size, stride in ((96, 11, 4), (256, 5, 1), (256, 3, 1)):
        x = layers.MaxPooling2D(3, strides=2, padding="same")(conv(x, filters, size, stride))
        x = LocalResponseNormalization()(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(dropout)(dense(x, 1024))
    return finish(faces, dense(x, classes, activation=None), "b")
