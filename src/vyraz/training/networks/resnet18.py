"""`resnet18`, a teacher: eight blocks of two convolutions, in the style of CIFAR.

Source: He et al. 2016 (arXiv 1512.03385, section 4.2: a 3x3 stem and no pool before the blocks), its
widths those of their nets for ImageNet; the map is halved four times, as 48 pixels leave room for it.

| stage | map | layers |
| --- | --- | --- |
| stem | 48x48 | conv 3x3 64 |
| 1-4 | 24x24, 12x12, 6x6, 3x3 | 2 blocks each, of 64, 128, 256 and 512 |
| head | 1x1 | global average, dropout 0.3, dense, softmax |

It is too large to ship; `small` learns from it.
"""

import keras

from vyraz.training.networks._residual import stages
from vyraz.training.networks.recipe import Recipe

__all__ = ["RECIPE", "build"]

RECIPE = Recipe(
    optimizer="sgd",
    learning_rate=0.1,
    schedule="cosine",
    batch=128,
    epochs=150,
    # Keras decays weights beside the step, not through its momentum of 0.9: 5e-4 is the usual, ten times less.
    weight_decay=5e-3,
    label_smoothing=0.1,
    ema=0.998,
    precision="mixed_bfloat16",
    augment=True,
    mixup=0.2,
    validation=("PublicTest",),
)


def build(classes: int = 7, dropout: float = 0.3) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages("resnet18", classes, 64, (64, 128, 256, 512), (2, 2, 2, 2), dropout, excited=False)
