"""What tests of training share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vyraz.labelled import LabelledFaces


def noise() -> LabelledFaces:
    """160 pictures of nothing, 128 of them for training, for what does not depend on what is learnt."""
    images = np.random.default_rng(0).integers(0, 256, (160, 48, 48), dtype=np.uint8)
    usage = np.array(["Training"] * 128 + ["PublicTest"] * 32)
    return LabelledFaces(images, np.arange(160) % 7, usage)


class Silent:
    """A reporter that stops a training after so many epochs."""

    def __init__(self, epochs: int = 100) -> None:
        self.left = epochs

    def step(self, epoch: int, done: int, total: int, logs: Mapping[str, float]) -> None:
        pass

    def epoch(self, row: Mapping[str, Any]) -> None:  # noqa: ARG002
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt
