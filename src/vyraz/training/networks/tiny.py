"""`tiny`: `small` with fewer channels, for the smallest machines.

Source: as `small`.

| stage | map | layers |
| --- | --- | --- |
| stem | 24x24 | each picture to mean 0 and deviation 1, conv 3x3 16, stride 2 |
| 1 | 24x24 | 1 block of 16 |
| 2 | 12x12 | 2 blocks of 28 |
| 3 | 6x6 | 2 blocks of 40 |
| head | 1x1 | global average, dense, softmax |

89,341 parameters, 8.4 M multiply-adds; docs/lineage.md has what the layers gave.
"""

import keras

from vyraz.training.networks import small
from vyraz.training.networks._residual import stages

__all__ = ["RECIPE", "build"]

RECIPE = small.RECIPE


def build(
    classes: int = 7,
    stem: int = 16,
    widths: tuple[int, ...] = (16, 28, 40),
    blocks: tuple[int, ...] = (1, 2, 2),
    dropout: float = 0.0,
    stem_stride: int = 2,
    activation: str = "silu",
    averaged: bool = True,
    standardize: bool = True,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages(
        "tiny", classes, stem, widths, blocks, dropout,
        stem_stride=stem_stride, activation=activation, averaged=averaged,
        standardize=standardize,
    )  # fmt: skip
