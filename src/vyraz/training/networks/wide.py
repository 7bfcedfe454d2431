"""`wide`, a teacher: few blocks of many channels, with squeeze-and-excitation.

Source: Zagoruyko and Komodakis 2016 (arXiv 1605.07146), WRN-16-6 without pre-activation and with
twice the stem; Hu et al. 2018.

| stage | map | layers |
| --- | --- | --- |
| stem | 48x48 | conv 3x3 32 |
| 1-3 | 24x24, 12x12, 6x6 | 2 blocks each, of 96, 192 and 384 |
| head | 1x1 | global average, dropout 0.3, dense, softmax |
"""

import keras

from vyraz.training.networks import resnet18
from vyraz.training.networks._residual import stages

__all__ = ["RECIPE", "build"]

RECIPE = resnet18.RECIPE


def build(classes: int = 7, dropout: float = 0.3) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages("wide", classes, 32, (96, 192, 384), (2, 2, 2), dropout)
