"""`c_pool`, also called `c`: Gudi's network with a second max-pool as the intermediate layer.

Source: Correa, Jonker, Ozo, Stolk 2016 (TU Delft), whose text and program have this layer; it is the
first reading of the paper's "additional intermediate layer". The graph is that of `c0` but for the pool.

| layer | map | parameters | multiply-adds |
| --- | --- | --- | --- |
| conv 5x5 64, ReLU, LRN | 44x44 | 1,664 | 3,097,600 |
| max-pool 3/2 | 22x22 | | |
| conv 5x5 64, ReLU | 18x18 | 102,464 | 33,177,600 |
| **max-pool 3/2** | 9x9 | | |
| conv 4x4 128, ReLU | 6x6 | 131,200 | 4,718,592 |
| dense 3072, ReLU, dropout 0.3 | 1x1 | 14,158,848 | 14,155,776 |
| dense, softmax | 1x1 | 21,511 | 21,504 |
| all | | 14,415,687 | 55,171,072 |

6.2 times fewer parameters than `c0`: nearly all of those are between the last map and the dense layer.
The counts leave one choice only: convolutions "valid", both pools "same" (18 -> 9; valid it would give 8).
"""

import keras
from keras import layers

from vyraz.training.networks._parts import GUDI_RECIPE, gudi

__all__ = ["RECIPE", "build"]

RECIPE = GUDI_RECIPE


def build(classes: int = 7, dropout: float = 0.3) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return gudi("c_pool", classes, dropout, between=layers.MaxPooling2D(3, strides=2, padding="same"))
