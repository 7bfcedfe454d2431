"""`small`, our default: a residual net with squeeze-and-excitation for 48x48 faces.

Source: He et al. 2016 (arXiv 1512.03385, basic block), Hu et al. 2018 (arXiv 1709.01507, SE).

| stage | map | layers |
| --- | --- | --- |
| stem | 24x24 | conv 3x3 24, stride 2 |
| 1 | 24x24 | 1 block of 24 |
| 2 | 12x12 | 3 blocks of 40 |
| 3 | 6x6 | 2 blocks of 76 |
| head | 1x1 | global average, dense, softmax |

A block: conv 3x3 - BN - ReLU - conv 3x3 - BN - SE, plus the shortcut (1x1 conv where the shape changes), ReLU.
290,837 parameters, 24.6 M multiply-adds. Three quarters of the latter are where the map is 12x12 or less: in short
trainings layers there gave more than layers at 48x48 of the same cost. On a CPU PyTorch trains it faster (`--backend
torch`): TensorFlow is slow where 16 does not divide the channels.
"""

import keras

from vyraz.training.networks._residual import stages
from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

#: It learns too little rather than too much: no dropout, little decay, and Muon, which learns faster than Adam.
RECIPE = Recipe(
    optimizer="muon",
    learning_rate=1e-2,
    schedule="cosine",
    batch=128,
    epochs=60,
    weight_decay=0.005,
    label_smoothing=0.1,
    ema=0.998,
    precision="mixed_bfloat16",
    augment=True,
    validation=("PublicTest",),
)


def build(
    classes: int = 7,
    stem: int = 24,
    widths: tuple[int, ...] = (24, 40, 76),
    blocks: tuple[int, ...] = (1, 3, 2),
    dropout: float = 0.0,
    stem_stride: int = 2,
    activation: str = "relu",
    averaged: bool = False,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages(
        "small", classes, stem, widths, blocks, dropout,
        stem_stride=stem_stride, activation=activation, averaged=averaged,
    )  # fmt: skip
