"""Epochs of batches for fitting."""

from collections.abc import Iterator

import numpy as np

from vyraz.crop import to_input
from vyraz.dataset import LabelledFaces
from vyraz.training.augment import Augmentation, augment
from vyraz.types import EMOTIONS, Float, Labels

__all__ = ["batches", "one_hot", "steps"]


def batches(
    faces: LabelledFaces, *, batch: int, seed: int, epoch: int, augmentation: Augmentation | None
) -> Iterator[tuple[Float, Float]]:
    """One pass over a set in shuffled batches.

    A pure function of (seed, epoch): an epoch that is run again after a kill is the same epoch.

    Yields:
        float32 (batch, 48, 48, 1) in [0, 1] and one-hot float32 (batch, 7); the last may be shorter.
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(faces))
    for start in range(0, len(faces), batch):
        rows = order[start : start + batch]
        images = faces.images[rows]
        if augmentation is not None:
            images = augment(images, augmentation, rng)
        yield to_input(images), one_hot(faces.labels[rows])


def steps(faces: LabelledFaces, batch: int) -> int:
    """Batches in an epoch."""
    return -(-len(faces) // batch)


def one_hot(labels: Labels) -> Float:
    """int64 (n,) -> float32 (n, 7)."""
    return np.eye(len(EMOTIONS), dtype=np.float32)[labels]
