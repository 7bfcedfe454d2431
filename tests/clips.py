"""What tests of reading and of writing video share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vyraz.types import Frame, Pixels
from vyraz.video import read_video

#: Seconds at which the pictures of a clip of variable rate are shown.
IRREGULAR = (0.0, 0.04, 0.1, 0.3, 0.31, 0.35, 1.0, 1.001, 1.002, 2.0)


def read_all(path: Path) -> list[Frame]:
    return list(read_video(str(path)))


def times_of(frames: Sequence[Frame]) -> list[float | None]:
    return [frame.timestamp for frame in frames]


def quarters(width: int, height: int) -> Pixels:
    """Red, green / blue, white."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 255)
    return pixels
