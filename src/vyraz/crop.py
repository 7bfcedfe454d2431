"""The one place that turns pixels into network input.

Training, evaluation and prediction all come through here, so that a network sees at work what it saw
when it learned.
"""

import cv2
import numpy as np

from vyraz.types import Float, Gray, Pixels

__all__ = ["SIDE", "fit_face", "to_gray", "to_input"]

#: Side of a network's input in pixels, FER-2013's own.
SIDE = 48


def to_gray(pixels: Pixels) -> Gray:
    """RGB uint8 (H, W, 3) or gray (H, W) -> gray uint8 (H, W), weights of ITU-R BT.601."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def fit_face(pixels: Pixels) -> Gray:
    """A picture that is a face and nothing else -> gray uint8 (48, 48)."""
    gray = to_gray(pixels)
    if gray.shape == (SIDE, SIDE):
        return gray
    shrink = min(gray.shape) > SIDE
    return np.asarray(cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR))


def to_input(faces: Gray) -> Float:
    """Gray uint8 (n, 48, 48) -> float32 (n, 48, 48, 1) in [0, 1]."""
    return faces[..., None].astype(np.float32) / 255
