"""Epochs of batches for fitting."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vyraz.crop import to_input
from vyraz.labelled import LabelledFaces
from vyraz.training.augment import Augmentation, Views, augment, damage, draw
from vyraz.types import Float, Gray, Labels

__all__ = ["Batch", "Epochs", "Seen", "one_hot"]

Batch = tuple[Float, dict[str, Float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was said of views of each picture, so that it can be learnt on those very views (Shen and Xing 2022,
    arXiv 2112.01528).

    targets: float32 (views, n, classes), rows sum to 1. limits, seed: by which the views are drawn anew.
    """

    targets: Float
    limits: Augmentation
    seed: int

    def views(self, epoch: int, side: int) -> Views:
        """The views of an epoch, one of each picture; after the last come the first again."""
        rng = np.random.default_rng((self.seed, epoch % len(self.targets)))
        return draw(self.targets.shape[1], side, self.limits, rng)

    def said(self, epoch: int) -> Float:
        """Of these views: float32 (n, classes)."""
        said: Float = self.targets[epoch % len(self.targets)]
        return said


@dataclass(frozen=True, slots=True)
class Epochs:
    """Passes over a set in shuffled batches.

    targets: by output of the network, float32 (n, its classes), a row for each of `faces`.
    batch: faces a step. seed: of everything random. mixup: alpha of the Beta distribution by which pictures
    and targets are blended in pairs (Zhang et al. 2018, arXiv 1710.09412); 0 is without. seen: the views to show
    in place of random ones, with what is said of them as target `softened`; `augmentation` then only damages.
    """

    faces: LabelledFaces
    targets: Mapping[str, Float]
    batch: int
    seed: int
    augmentation: Augmentation | None = None
    mixup: float = 0.0
    seen: Seen | None = None

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.faces) // self.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """One epoch: a pure function of (seed, epoch), so that one that is run again after a kill is the same.

        Yields:
            float32 (batch, 48, 48, 1) in [0, 1] and the targets; the last may be shorter.
        """
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.faces))
        views = self.seen.views(epoch, self.faces.images.shape[1]) if self.seen else None
        said = {"softened": self.seen.said(epoch)} if self.seen else {}
        for start in range(0, len(self.faces), self.batch):
            rows = order[start : start + self.batch]
            images = self._changed(self.faces.images[rows], views.take(rows) if views else None, rng)
            targets = {name: values[rows] for name, values in {**self.targets, **said}.items()}
            inputs = to_input(images)
            yield _blended(inputs, targets, self.mixup, rng) if self.mixup else (inputs, targets)

    def _changed(self, images: Gray, views: Views | None, rng: np.random.Generator) -> Gray:
        if views is None:
            return augment(images, self.augmentation, rng) if self.augmentation else images
        return damage(views(images), self.augmentation, rng) if self.augmentation else views(images)


def _blended(inputs: Float, targets: dict[str, Float], alpha: float, rng: np.random.Generator) -> Batch:
    share = rng.beta(alpha, alpha, len(inputs)).astype(np.float32)
    other = rng.permutation(len(inputs))

    def blend(values: Float) -> Float:
        part = share.reshape(-1, *[1] * (values.ndim - 1))
        result: Float = part * values + (1 - part) * values[other]
        return result

    return blend(inputs), {name: blend(values) for name, values in targets.items()}


def one_hot(labels: Labels, classes: int) -> Float:
    """int64 (n,) -> float32 (n, classes)."""
    return np.eye(classes, dtype=np.float32)[labels]
