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

from vyraz.training.networks._residual import stages
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
    stem_stride: int = 1,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages("small", classes, stem, widths, blocks, dropout, stem_stride=stem_stride)
