"""What cameras do to a face on its way to the network: blur, low light, compression, few pixels."""

import cv2
import numpy as np

from vyraz.types import Gray

__all__ = ["blur", "coarse", "compress", "darken", "degrade"]


def blur(face: Gray, sigma: float) -> Gray:
    """Gaussian blur. face: uint8 (48, 48); sigma: pixels."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)


def darken(face: Gray, light: float, rng: np.random.Generator, noise: float = 2.0) -> Gray:
    """Low light: so much of it (0..1), the sensor's noise (standard deviation in grays) as loud as before."""
    seen = face * light + rng.normal(0, noise, face.shape)
    result: Gray = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
    return result


def compress(face: Gray, quality: int) -> Gray:
    """Through JPEG. quality: 1..100."""
    _, data = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def coarse(face: Gray, side: int) -> Gray:
    """As if the face had been so many pixels wide in its picture; scaled up as `vyraz.crop` does it."""
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, face.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def degrade(faces: Gray, chance: float, rng: np.random.Generator) -> Gray:
    """Make some faces worse, each in one of these ways.

    Args:
        faces: uint8 (n, 48, 48), changed in place.
        chance: share of faces, 0..1.
        rng: source of all randomness.
    """
    for index in np.flatnonzero(rng.random(len(faces)) < chance):
        way, amount = rng.integers(4), rng.random()
        if way == 0:
            faces[index] = blur(faces[index], 0.4 + 1.4 * amount)
        elif way == 1:
            faces[index] = darken(faces[index], 0.15 + 0.5 * amount, rng)
        elif way == 2:
            faces[index] = compress(faces[index], 15 + round(50 * amount))
        else:
            faces[index] = coarse(faces[index], 16 + round(16 * amount))
    return faces
