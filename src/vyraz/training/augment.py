"""Random changes of training pictures: what a face may look like when a detector hands it over.

The changes are a pure function of the random generator, so an epoch that is run again after a kill
sees the same pictures.
"""

from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from vyraz.training.degrade import degrade
from vyraz.training.run import Settings
from vyraz.types import Float, Gray

__all__ = ["Augmentation", "Views", "augment", "augmentation_of", "damage", "draw"]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far each change may go; every amount is drawn uniformly in [-limit, limit].

    `shift` and `scale` are fractions of the picture's side, `rotation` degrees, `brightness` and
    `contrast` fractions of full range, `erase` the chance that a rectangle is covered
    (Zhong et al. 2017, arXiv 1708.04896), `degrade` that of `vyraz.training.degrade`.
    """

    mirror: bool = True
    shift: float = 0.10
    scale: float = 0.12
    rotation: float = 12.0
    brightness: float = 0.15
    contrast: float = 0.25
    erase: float = 0.25
    degrade: float = 0.0

    def times(self, strength: float) -> "Augmentation":
        """The same changes, so much as far."""
        limits = {limit.name: getattr(self, limit.name) for limit in fields(self) if limit.name != "mirror"}
        return replace(self, **{name: strength * limit for name, limit in limits.items()})


def augmentation_of(settings: Settings) -> Augmentation | None:
    """The changes that a training asks for; None for the pictures as they are."""
    changes = Augmentation().times(settings.strength)
    return replace(changes, degrade=settings.degrade) if settings.augment else None


@dataclass(frozen=True, slots=True)
class Views:
    """How each of n faces is seen: turned, moved and lit.

    matrices: float64 (n, 2, 3), about the picture's centre. gain, bias: float32 (n, 1, 1), of its grays.
    """

    matrices: np.ndarray
    gain: Float
    bias: Float

    def take(self, rows: np.ndarray) -> "Views":
        """Those of some faces."""
        return Views(self.matrices[rows], self.gain[rows], self.bias[rows])

    def __call__(self, faces: Gray) -> Gray:
        """The faces as they are seen: uint8 (n, side, side), a new array."""
        seen = np.empty_like(faces)
        for index, matrix in enumerate(self.matrices):
            cv2.warpAffine(faces[index], matrix, faces.shape[1:], dst=seen[index], borderMode=cv2.BORDER_REPLICATE)
        mean = seen.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
        # Rounded, as a bare cast cuts off and would darken every picture.
        lit: Gray = np.clip(np.rint((seen - mean) * self.gain + mean + self.bias), 0, 255).astype(np.uint8)
        return lit


def draw(count: int, side: int, limits: Augmentation, rng: np.random.Generator) -> Views:
    """Views of so many faces, within the limits."""
    matrices = _matrices(count, side, limits, rng)
    gain = 1 + rng.uniform(-limits.contrast, limits.contrast, (count, 1, 1)).astype(np.float32)
    bias = 255 * rng.uniform(-limits.brightness, limits.brightness, (count, 1, 1)).astype(np.float32)
    return Views(matrices, gain, bias)


def damage(faces: Gray, limits: Augmentation, rng: np.random.Generator) -> Gray:
    """Cover and degrade some faces, uint8 (n, side, side), in place."""
    faces = _erase(faces, limits, rng)
    return degrade(faces, limits.degrade, rng) if limits.degrade else faces


def augment(faces: Gray, limits: Augmentation, rng: np.random.Generator) -> Gray:
    """Change each face at random.

    Args:
        faces: uint8 (n, side, side).
        limits: how far each change may go.
        rng: source of all randomness.

    Returns:
        uint8 (n, side, side), a new array.
    """
    return damage(draw(len(faces), faces.shape[1], limits, rng)(faces), limits, rng)


def _matrices(count: int, side: int, limits: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """float64 (count, 2, 3): mirror, rotation, scale and shift about the picture's centre."""
    angle = np.radians(rng.uniform(-limits.rotation, limits.rotation, count))
    scale = 1 + rng.uniform(-limits.scale, limits.scale, count)
    flip = np.where(limits.mirror & (rng.random(count) < 0.5), -1.0, 1.0)
    shift = rng.uniform(-limits.shift, limits.shift, (count, 2)) * side
    linear = np.empty((count, 2, 2))
    linear[:, 0, 0], linear[:, 0, 1] = flip * scale * np.cos(angle), -scale * np.sin(angle)
    linear[:, 1, 0], linear[:, 1, 1] = flip * scale * np.sin(angle), scale * np.cos(angle)
    centre = np.full(2, (side - 1) / 2)
    offset = centre + shift - linear @ centre
    return np.concatenate([linear, offset[:, :, None]], axis=2)


def _erase(faces: Gray, limits: Augmentation, rng: np.random.Generator) -> Gray:
    """Cover a rectangle of 15 to 40 % of the side each way with one gray, in place."""
    side = faces.shape[1]
    for index in np.flatnonzero(rng.random(len(faces)) < limits.erase):
        height, width = (side * rng.uniform(0.15, 0.40, 2)).astype(int)
        top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
        faces[index, top : top + height, left : left + width] = rng.integers(0, 256)
    return faces
