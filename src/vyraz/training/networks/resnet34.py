"""`resnet34`, a teacher: `resnet18` with 3, 4, 6 and 3 blocks a stage.

Source: He et al. 2016 (arXiv 1512.03385, table 1), with `resnet18`'s stem.
"""

import keras

from vyraz.training.networks import resnet18
from vyraz.training.networks._residual import stages

__all__ = ["RECIPE", "build"]

RECIPE = resnet18.RECIPE


def build(classes: int = 7, dropout: float = 0.3) -> keras.Model:
    """The untrained graph: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1."""
    return stages("resnet34", classes, 64, (64, 128, 256, 512), (3, 4, 6, 3), dropout, excited=False)
