"""`p`, very probably the paper's own program: a widely copied Keras network, the source of its figure 3.

Source: github.com/atulapra/Emotion-detection, src/emotions.py.

| layer | map | parameters | multiply-adds |
| --- | --- | --- | --- |
| conv 3x3 32, ReLU | 46x46 | 320 | 609,408 |
| conv 3x3 64, ReLU | 44x44 | 18,496 | 35,684,352 |
| max-pool 2, dropout 0.25 | 22x22 | | |
| conv 3x3 128, ReLU | 20x20 | 73,856 | 29,491,200 |
| max-pool 2 | 10x10 | | |
| conv 3x3 128, ReLU | 8x8 | 147,584 | 9,437,184 |
| max-pool 2, dropout 0.25 | 4x4 | | |
| dense 1024, ReLU, dropout 0.5 | 1x1 | 2,098,176 | 2,097,152 |
| dense, softmax | 1x1 | 7,175 | 7,168 |
| all | | 2,345,607 | 77,326,464 |

Convolutions are not padded ("valid"): the source's, and the counts say the same. Weights start as Keras
starts them (Glorot). The source also lowers the rate by 1e-6 a step, 2 % over all its epochs: left out.
"""

import keras
from keras import layers

from vyraz.training.networks._parts import finish
from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

RECIPE = Recipe(optimizer="adam", learning_rate=1e-4, batch=64, epochs=50)


def build(classes: int = 7) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    faces = keras.Input((48, 48, 1), name="faces")
    x = layers.Conv2D(32, 3, activation="relu")(faces)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.Dropout(0.25)(layers.MaxPooling2D(2)(x))
    for _ in range(2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(128, 3, activation="relu")(x))
    x = layers.Flatten()(layers.Dropout(0.25)(x))
    x = layers.Dropout(0.5)(layers.Dense(1024, activation="relu")(x))
    return finish(faces, layers.Dense(classes)(x), "p")
