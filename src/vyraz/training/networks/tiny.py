"""`tiny`: `small` with fewer channels, for the smallest machines.

Source: as `small`, but that the stem halves the map already.

| stage | map | layers |
| --- | --- | --- |
| stem | 24x24 | conv 3x3 16, stride 2 |
| 1 | 24x24 | 1 block of 16 |
| 2 | 12x12 | 2 blocks of 32 |
| 3 | 6x6 | 1 block of 48 |
| head | 1x1 | global average, dense, softmax |

77,831 parameters, 8.8 M multiply-adds. Numbers of channels that 16 divides: others take up to three times as long to
train with TensorFlow.
"""

from dataclasses import replace

import keras

from vyraz.training.networks import small
from vyraz.training.networks._residual import stages

__all__ = ["RECIPE", "build"]

#: Learns too little rather than too much: no dropout, less decay, and Muon, which learns faster.
RECIPE = replace(small.RECIPE, optimizer="muon", learning_rate=1e-2, weight_decay=0.005)


def build(
    classes: int = 7,
    stem: int = 16,
    widths: tuple[int, ...] = (16, 32, 48),
    blocks: tuple[int, ...] = (1, 2, 1),
    dropout: float = 0.0,
    stem_stride: int = 2,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages("tiny", classes, stem, widths, blocks, dropout, stem_stride=stem_stride)
