"""`a`, the paper's network A: three small convolutions whose filters grow as their maps shrink.

Source: Correa, Jonker, Ozo, Stolk 2016 ("Emotion Recognition using Deep Convolutional Neural Networks",
TU Delft), after Krizhevsky and Hinton. With F = `filters`:

| layer | map | parameters, F = 20 | multiply-adds, F = 20 |
| --- | --- | --- | --- |
| conv 3x3 F, ReLU | 48x48 | 200 | 414,720 |
| max-pool 2 | 24x24 | | |
| conv 3x3 4F, ReLU | 24x24 | 14,480 | 8,294,400 |
| conv 3x3 4F, ReLU | 24x24 | 57,680 | 33,177,600 |
| max-pool 2 | 12x12 | | |
| dense 16F, ReLU, dropout 0.5 | 1x1 | 3,686,720 | 3,686,400 |
| dense, softmax | 1x1 | 2,247 | 2,240 |
| all | | 3,761,327 | 45,575,360 |

F = 10 has 941,067 parameters and 11,498,080 multiply-adds, F = 40 has 15,039,447 and 181,467,520.

That convolutions are padded ("same") follows from the counts, and from the rule F / 4F / 4F / 16F, by
which a pool takes as many numbers from the map as the filters after it give back. The rate is the
source's; the batch is that of its program, as paper.md names none; weights start as TFLearn starts them.
"""

import keras
from keras import layers

from vyraz.training.networks._parts import conv, dense, finish, start
from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

RECIPE = Recipe(optimizer="adam", learning_rate=1e-3, batch=50, epochs=60)


def build(classes: int = 7, filters: int = 20, standardize: bool = False) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    faces, x = start(standardize=standardize)
    x = layers.MaxPooling2D(2)(conv(x, filters, 3))
    x = conv(x, 4 * filters, 3)
    x = layers.MaxPooling2D(2)(conv(x, 4 * filters, 3))
    x = layers.Dropout(0.5)(dense(layers.Flatten()(x), 16 * filters))
    return finish(faces, dense(x, classes, activation=None), "a")
