"""`small`, our default: a residual net with squeeze-and-excitation for 48x48 faces.

Source: He et al. 2016 (arXiv 1512.03385, basic block), Hu et al. 2018 (arXiv 1709.01507, SE), He et al. 2019 (arXiv
1812.01187, section 4, ResNet-D), Ramachandran et al. 2017 (arXiv 1710.05941, SiLU).

| stage | map | layers |
| --- | --- | --- |
| stem | 24x24 | each picture to mean 0 and deviation 1, conv 3x3 16, stride 2 |
| 1 | 24x24 | 1 block of 16 |
| 2 | 12x12 | 2 blocks of 48 |
| 3 | 6x6 | 3 blocks of 80 |
| head | 1x1 | global average, dense, softmax |

A block: conv 3x3 - BN - SiLU - conv 3x3 - BN - SE, plus the shortcut, SiLU. Where the shape changes the shortcut is the
mean of each four pixels, if the map is halved, a 1x1 conv and BN. 417,471 parameters, 24.6 M multiply-adds, nine tenths
of them where the map is 12x12 or less: docs/lineage.md has what each of this gave. 16 divides the channels, which is
what CPUs train fast.
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
    stem: int = 16,
    widths: tuple[int, ...] = (16, 48, 80),
    blocks: tuple[int, ...] = (1, 2, 3),
    dropout: float = 0.0,
    stem_stride: int = 2,
    activation: str = "silu",
    averaged: bool = True,
    standardize: bool = True,
) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages(
        "small", classes, stem, widths, blocks, dropout,
        stem_stride=stem_stride, activation=activation, averaged=averaged,
        standardize=standardize,
    )  # fmt: skip
