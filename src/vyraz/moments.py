"""The moments of strongest expression of a person, each with a small picture of the face."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
from PIL import Image

from vyraz.draw import blur_faces
from vyraz.types import Box, Frame, Pixels, Record

__all__ = ["Moment", "Moments", "Portrait", "thumbnail"]

#: So many moments are kept, and between two of them lie at least so many seconds.
_MOST, _APART = 6, 3.0
#: Side of a thumbnail in pixels, and the margin around the face as a share of its longer side.
_SIDE, _MARGIN = 96, 0.25
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Moment:
    """When a label other than neutral had a high score, 0..1; `picture` is a JPEG, or empty."""

    seconds: float
    label: str
    score: float
    picture: bytes = b""


class Moments:
    """The strongest moments so far of one person; memory does not grow with the recording.

    Args:
        pictures: keep a thumbnail of each.
        blur: make faces unrecognisable in them.
    """

    def __init__(self, *, pictures: bool = True, blur: bool = False) -> None:
        self._pictures, self._blur = pictures, blur
        self._best: list[Moment] = []

    def take(self, frame: Frame, record: Record, others: Sequence[Record]) -> None:
        """Look at one face of the next frame; neutral and uncertain ones are passed over.

        Args:
            frame: where the face is.
            record: of the face.
            others: all records of the frame, to blur them too.
        """
        label, seconds = record.label, record.timestamp
        if label in (None, "neutral") or seconds is None or record.status != "ok":
            return
        score = record.steady[label]
        beaten = self._beaten(seconds, score)
        if beaten is None:
            return
        picture = thumbnail(frame.pixels, record, others, blur=self._blur) if self._pictures else b""
        self._best = [one for one in self._best if one not in beaten] + [Moment(seconds, label, score, picture)]

    def _beaten(self, seconds: float, score: float) -> list[Moment] | None:
        """Which moments a score at this time would replace; None where it does not come in."""
        near = [one for one in self._best if abs(seconds - one.seconds) < _APART]
        if not near and len(self._best) >= _MOST:
            near = [min(self._best, key=lambda one: one.score)]
        return near if all(score > one.score for one in near) else None

    def found(self) -> list[Moment]:
        """The moments, in order of time."""
        return sorted(self._best, key=lambda one: one.seconds)


class Portrait:
    """One picture of a person by which a reader knows whose number it is: where the face is large and surely one.

    Args:
        blur: make faces unrecognisable in it.
    """

    #: A face must be clearer by this factor to be taken instead.
    _CLEARER = 1.5

    def __init__(self, *, blur: bool = False) -> None:
        self._blur, self._worth = blur, 0.0
        self.picture = b""

    def take(self, frame: Frame, record: Record, others: Sequence[Record]) -> None:
        """Look at one face of the next frame; arguments as of `Moments.take`."""
        if record.box is None:
            return
        worth = record.box.width * record.box.height * (record.face_score or 1.0)
        if worth > self._CLEARER * self._worth:
            self._worth = worth
            self.picture = thumbnail(frame.pixels, record, others, blur=self._blur)


def thumbnail(pixels: Pixels, record: Record, others: Sequence[Record] = (), *, blur: bool = False) -> bytes:
    """A face with some margin as a JPEG of 96x96 pixels; empty bytes where it lies outside the picture.

    Args:
        pixels: RGB uint8 (H, W, 3).
        record: of the face.
        others: further faces that may lie in the same part of the picture.
        blur: make all of them unrecognisable.
    """
    if record.box is None:
        return b""
    left, top, right, bottom = _square(record.box, pixels.shape[1], pixels.shape[0])
    part = pixels[top:bottom, left:right]
    if not part.size:
        return b""
    if blur:
        part = blur_faces(part, [_moved(one, left, top) for one in (*others, record)])
    scale = _SIDE / max(part.shape[:2])
    size = max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1)
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    out = io.BytesIO()
    Image.fromarray(small).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _square(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """A square around the face, moved and cut to lie inside the picture: left, top, right, bottom."""
    side = min(round(max(box.width, box.height) * (1 + 2 * _MARGIN)), width, height)
    left = min(max(round(box.centre[0] - side / 2), 0), width - side)
    top = min(max(round(box.centre[1] - side / 2), 0), height - side)
    return left, top, left + side, top + side


def _moved(record: Record, left: int, top: int) -> Record:
    box = record.box
    return record if box is None else replace(record, box=box._replace(x=box.x - left, y=box.y - top))
