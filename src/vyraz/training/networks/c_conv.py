"""`c_conv`: Gudi's network with a strided convolution as the intermediate layer.

Source: the paper's own words, an additional intermediate layer between the two last convolutions that
reduces the number of parameters. The graph is that of `c0` but for this layer.

| layer | map | parameters | multiply-adds |
| --- | --- | --- | --- |
| conv 5x5 64, ReLU, LRN | 44x44 | 1,664 | 3,097,600 |
| max-pool 3/2 | 22x22 | | |
| conv 5x5 64, ReLU | 18x18 | 102,464 | 33,177,600 |
| **conv 3x3/2 64, ReLU** | 9x9 | 36,928 | 2,985,984 |
| conv 4x4 128, ReLU | 6x6 | 131,200 | 4,718,592 |
| dense 3072, ReLU, dropout 0.3 | 1x1 | 14,158,848 | 14,155,776 |
| dense, softmax | 1x1 | 21,511 | 21,504 |
| all | | 14,452,615 | 58,157,056 |

Why strided: a convolution of stride 1 in that place, padded, leaves the 18x18 map as it is and would
*raise* the count, to 88,770,439. Without padding it only trims the map's border and leaves 66.8 M, far
from a sixth. The counts leave one choice only: this layer padded ("same", 18 -> 9), the others as in `c0`.
"""

from functools import partial

import keras

from vyraz.training.networks._parts import GUDI_RECIPE, conv, gudi

__all__ = ["RECIPE", "build"]

RECIPE = GUDI_RECIPE


def build(classes: int = 7, dropout: float = 0.3) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return gudi("c_conv", classes, dropout, between=partial(conv, filters=64, size=3, stride=2))
