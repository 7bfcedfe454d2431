"""Find faces: YuNet (the default) and Viola-Jones (the paper's) behind one protocol."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from vyraz.crop import Framing, roll_of, to_gray
from vyraz.errors import UsageError
from vyraz.types import Box, Face, Pixels, Plain, View
from vyraz.yunet import STRIDE, Network

__all__ = ["CANDIDATE", "DETECTORS", "Detector", "Haar", "YuNet", "distinct", "is_among", "make_detector"]

#: The long side in pixels to which YuNet's input is scaled down.
_LONG_SIDE = 640
#: Boxes that overlap more (intersection over union) are one face, and boxes of which the smaller lies in the
#: other for more than a share.
_SAME_FACE, _WITHIN = 0.3, 0.6
#: What scores at least this share of the smallest score is a candidate.
CANDIDATE = 0.57
#: Sides of windows, multiples of YuNet's coarsest stride; a window has room for a multiple of the face, which
#: is shrunk by a whole factor where it is larger than so many pixels.
_WINDOWS, _ROOM, _LARGEST, _LEAST = (96, 128, 160, 192), 1.7, 96, 160


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
    """YuNet (Wu, Peng, Yu 2023, doi 10.1007/s11633-023-1423-y).

    OpenCV's own default of 0.9 for `min_score` misses half of the faces that are tilted or small.
    """

    framing = Framing(side=1.123, right=0.001, down=0.015)

    def __init__(self, min_score: float = 0.7, *, threads: int = 1) -> None:
        self.min_score = min_score
        self._network = Network(threads)

    def __call__(self, pixels: Pixels, *, turned: bool = False) -> list[Face]:
        return [face for face in self.scan(Plain(pixels), turned=turned) if self.is_sure(face)]

    def is_sure(self, face: Face) -> bool:
        """Whether it is a face, and not only a candidate."""
        return (face.score or 0) >= self.min_score

    def scan(self, view: View, *, turned: bool = False, within: Box | None = None) -> list[Face]:
        """Like a call, with candidates: what might be a face, down to `CANDIDATE` times the smallest score.

        Args:
            view: the picture.
            turned: see `Detector`.
            within: the part of the picture to look at; None is all of it.
        """
        height, width = view.shape
        window = _on_grid(view, within) if within else _Window(0, 0, width, height, _shrink(view))
        small = window.seen(view)
        found = self._find(small)
        if turned and not any(map(self.is_sure, found)):
            found = max((self._find(small, turns) for turns in (-1, 1)), key=_total)
        return sorted(map(window.back, found), key=_area, reverse=True)

    def near(self, view: View, faces: Sequence[Face]) -> list[Face]:
        """Faces and candidates, largest first, in small windows about where faces were a moment ago.

        Args:
            view: the picture.
            faces: of a frame shortly before or after.
        """
        windows = dict.fromkeys(_about(view, face) for face in faces)
        return distinct(window.back(face) for window, turns in windows for face in self._find(window.seen(view), turns))

    def windows(self, view: View, faces: Iterable[Face]) -> list[Box]:
        """What `near` looks at, in pixels of the picture."""
        return [Box(*window[:4]) for window, _ in (_about(view, face) for face in faces)]

    def _find(self, pixels: Pixels, turns: int = 0) -> list[Face]:
        """Faces of a picture that is first turned counter-clockwise by quarters; where they are in the unturned one."""
        rows = self._network(np.rot90(pixels, turns), CANDIDATE * self.min_score)
        height, width = pixels.shape[:2]
        return [_turned_back(_face(row), turns % 4, width, height) for row in rows]


class _Window(NamedTuple):
    """A rectangle of a picture, in its pixels, which is shrunk before it is looked at.

    Corners lie on the coarsest grid of the network, so that it sees there what it would see in the whole frame.
    """

    left: int
    top: int
    width: int
    height: int
    shrink: float

    def seen(self, view: View) -> Pixels:
        part = view.part(self.left, self.top, self.left + self.width, self.top + self.height)
        return part if self.shrink == 1 else _scaled(part, 1 / self.shrink)

    def back(self, face: Face) -> Face:
        """From where it was seen to where it lies in the picture."""
        return _mapped(face, lambda x, y: (self.left + x * self.shrink, self.top + y * self.shrink))


def _shrink(view: View) -> float:
    """By what a whole picture is shrunk."""
    return max(max(view.shape) / _LONG_SIDE, 1.0)


def _on_grid(view: View, box: Box) -> _Window:
    """The window that holds a box."""
    shrink = _shrink(view)
    step = STRIDE * shrink
    left, top = (max(math.floor(at / step) * step, 0) for at in box[:2])
    right, bottom = (math.ceil((at + side) / step) * step for at, side in zip(box[:2], box[2:], strict=True))
    height, width = view.shape
    return _Window(round(left), round(top), round(min(right, width) - left), round(min(bottom, height) - top), shrink)


def _about(view: View, face: Face) -> tuple[_Window, int]:
    """Where to look for a face of the frame before, and by how many quarters to turn what is seen there."""
    shrink = _shrink(view)
    size = max(face.box.width, face.box.height) / shrink
    fewer = max(math.ceil(size / _LARGEST), 1)
    side = next((side for side in _WINDOWS if side >= max(_ROOM * size, _LEAST) / fewer), _WINDOWS[-1])
    shrink *= fewer
    span, step = side * shrink, STRIDE * shrink
    height, width = view.shape
    left, top = (
        min(max(round((centre - span / 2) / step) * step, 0), max(math.ceil((limit - span) / step) * step, 0))
        for centre, limit in zip(face.box.centre, (width, height), strict=True)
    )
    return _Window(round(left), round(top), round(span), round(span), shrink), round(roll_of(face) / 90) % 4


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


def make_detector(name: str, min_score: float | None = None, *, threads: int = 1) -> Detector:
    """A detector by name.

    Args:
        name: "yunet" or "haar".
        min_score: faces that the detector scores lower are dropped, 0..1; YuNet only.
        threads: of one picture; YuNet only.

    Raises:
        UsageError: no such detector, or a score that it cannot use.
        ModelError: YuNet's weights are missing or damaged.
    """
    if min_score is not None and not 0 < min_score <= 1:
        raise UsageError(f"the smallest face score must lie in (0, 1], not {min_score}")
    if name == "yunet":
        return YuNet(threads=threads) if min_score is None else YuNet(min_score, threads=threads)
    if name == "haar":
        if min_score is not None:
            raise UsageError("the detector haar gives faces no score; leave the smallest face score out")
        return Haar()
    raise UsageError(f"no detector is called {name!r}; there are: {', '.join(DETECTORS)}")


def _scaled(pixels: Pixels, scale: float) -> Pixels:
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    # Averaging by whole factors is quick, by others slow; what is left is less than a half.
    whole = math.floor(1 / scale)
    if whole > 1:
        halves = (max(pixels.shape[1] // whole, 1), max(pixels.shape[0] // whole, 1))
        pixels = np.asarray(cv2.resize(pixels, halves, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


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


def _total(faces: Iterable[Face]) -> float:
    return sum(face.score or 0 for face in faces)


def _area(face: Face) -> float:
    return face.box.width * face.box.height
