"""YuNet's network by ONNX Runtime: the boxes of OpenCV's `FaceDetectorYN` in less than half of the time."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vyraz.errors import ModelError
from vyraz.runtime import open_session
from vyraz.types import Float, Pixels

__all__ = ["STRIDE", "Network"]

#: Pixels from one place of the coarsest grid to the next.
STRIDE = 32
_STRIDES = (8, 16, STRIDE)
#: Boxes that overlap more (intersection over union) are one face.
_SAME_FACE = 0.3
#: Made by tools/yunet.py from OpenCV's face_detection_yunet_2023mar.onnx.
_FILE = Path(__file__).parent / "models" / "yunet.onnx"
_SHA256 = "43d12a2b7bfc4021ad09183384666c355c2d1d9b9e672ac11fb31735a1d5bd9b"


class Network:
    """The graph, its outputs turned into boxes as OpenCV does (modules/objdetect/src/face_detect.cpp).

    Args:
        threads: of one picture.

    Raises:
        ModelError: the weights are missing or damaged.
    """

    def __init__(self, threads: int = 1) -> None:
        self._session = _session(threads)

    def __call__(self, pixels: Pixels, min_score: float) -> Float:
        """Faces of a picture, the surest first.

        Args:
            pixels: RGB uint8 (H, W, 3).
            min_score: the least score, 0..1.

        Returns:
            float32 (n, 15): x, y, width, height, five landmarks (x, y), score; in pixels.
        """
        down, across = (-side % STRIDE for side in pixels.shape[:2])
        padded = cv2.copyMakeBorder(pixels, 0, down, 0, across, cv2.BORDER_CONSTANT) if down or across else pixels
        outputs = self._session.run(None, {"picture": np.ascontiguousarray(padded)})
        rows = _decoded(outputs, _cells(*padded.shape[:2]), min_score)
        if len(rows) < 2:
            return rows
        return rows[cv2.dnn.NMSBoxes(rows[:, :4].astype(np.int32).tolist(), rows[:, 14].tolist(), 0.0, _SAME_FACE)]


def _decoded(outputs: Sequence[Float], cells: Float, min_score: float) -> Float:
    """The rows of all cells that see a face; the network tells places from a cell's corner, and logarithms of sides.

    Args:
        outputs: for each stride (1, cells, 1), and so again: of being a face, of being anything, box, landmarks.
        cells: see `_cells`.
        min_score: the least score.
    """
    classes, objects, boxes, points = (
        np.concatenate(outputs[start : start + len(_STRIDES)], axis=1)[0]
        for start in range(0, len(outputs), len(_STRIDES))
    )
    scores = np.sqrt(classes * objects)
    (seen,) = np.nonzero(scores[:, 0] >= min_score)
    corners, strides = cells[seen, :2], cells[seen, 2:]
    centres, sides = (corners + boxes[seen, :2]) * strides, np.exp(boxes[seen, 2:]) * strides
    landmarks = (np.tile(corners, 5) + points[seen]) * strides
    return np.concatenate([centres - sides / 2, sides, landmarks, scores[seen]], axis=1)


@lru_cache(maxsize=64)
def _cells(height: int, width: int) -> Float:
    """float32 (n, 3) for a picture of that size: column, row and stride of each cell."""
    grids = [np.mgrid[: height // stride, : width // stride].reshape(2, -1)[::-1] for stride in _STRIDES]
    rows = [np.stack([*grid, np.full(grid.shape[1], stride)]) for grid, stride in zip(grids, _STRIDES, strict=True)]
    return np.concatenate(rows, axis=1).T.astype(np.float32)


@lru_cache(maxsize=4)
def _session(threads: int) -> Any:
    try:
        data = _FILE.read_bytes()
    except OSError as error:
        raise ModelError(f"{_FILE}: YuNet's weights cannot be read ({error.strerror}); reinstall vyraz") from error
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise ModelError(f"{_FILE}: YuNet's weights are damaged; reinstall vyraz")
    return open_session(data, threads=threads)
