"""`c0`, Gudi's network as published: what the paper's network C is measured against.

Source: Gudi 2015 (arXiv 1512.00743). "LRN" is local response normalisation.

| layer | map | parameters | multiply-adds |
| --- | --- | --- | --- |
| conv 5x5 64, ReLU, LRN | 44x44 | 1,664 | 3,097,600 |
| max-pool 3/2 | 22x22 | | |
| conv 5x5 64, ReLU | 18x18 | 102,464 | 33,177,600 |
| conv 4x4 128, ReLU | 15x15 | 131,200 | 29,491,200 |
| dense 3072, ReLU, dropout 0.3 | 1x1 | 88,476,672 | 88,473,600 |
| dense, softmax | 1x1 | 21,511 | 21,504 |
| all | | 88,733,511 | 154,261,504 |

The counts leave one choice only: convolutions are not padded ("valid"), the pool is ("same", 44 -> 22;
valid it would give 21). LRN has no parameters and its sums are not counted.

The recipe is that of Correa's program for this family. There the 0.3 is TFLearn's probability to *keep*:
`dropout=0.7` is that reading, 0.3 paper.md's.
"""

import keras

from vyraz.training.networks._parts import GUDI_RECIPE, gudi

__all__ = ["RECIPE", "build"]

RECIPE = GUDI_RECIPE


def build(classes: int = 7, dropout: float = 0.3) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return gudi("c0", classes, dropout)
