"""What of a picture has changed since another one, told from a coarse grid of samples."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from vyraz.types import Box, Gray, View

__all__ = ["changed", "is_cut", "packed", "part_of", "samples_of", "unpacked"]

#: Samples along the longer side, the levels of 255 by which one must differ to have changed, how many must, and the
#: mean difference of two frames with a cut between them.
_SAMPLES, _LEVELS, _CHANGED, _CUT = 80, 12, 5, 40.0
#: Room about what has changed, as a share of the longer side, and of the picture the share that is most of it.
_ROOM, _MOST = 0.1, 0.7


def samples_of(view: View) -> Gray:
    """The grid: uint8, at most 159 along the longer side."""
    return view.sampled(max(max(view.shape) // _SAMPLES, 1))


def is_cut(before: Gray, now: Gray) -> bool:
    """Whether the one grid has nothing to do with the other."""
    return before.shape != now.shape or cv2.mean(cv2.absdiff(before, now))[0] > _CUT


def changed(view: View, before: Gray, now: Gray, seen: Iterable[Box] = ()) -> Box | None:
    """The part of the samples that has changed, but for what has been `seen`; None where that is hardly anything.

    Args:
        view: the picture of `now`.
        before, now: samples.
        seen: in pixels of the picture.
    """
    different, step = cv2.absdiff(before, now) > _LEVELS, view.shape[0] / now.shape[0]
    for box in seen:
        (left, top), (right, bottom) = box[:2], (box.x + box.width, box.y + box.height)
        different[max(int(top / step), 0) : int(bottom / step), max(int(left / step), 0) : int(right / step)] = False
    rows, columns = np.nonzero(different)
    if len(rows) < _CHANGED:
        return None
    (top, left), (bottom, right) = (rows.min(), columns.min()), (rows.max(), columns.max())
    return Box(float(left), float(top), float(right - left + 1), float(bottom - top + 1))


def part_of(view: View, samples: Gray, changed: Box) -> Box | None:
    """The changed part in pixels of the frame, with room for a face at its edge; None where it is most of the frame."""
    step = view.shape[0] / samples.shape[0]
    room = _ROOM * max(view.shape)
    part = Box(*(side * step for side in changed))
    part = Box(part.x - room, part.y - room, part.width + 2 * room, part.height + 2 * room)
    inside = part.shared(Box(0, 0, view.shape[1], view.shape[0]))
    return part if inside < _MOST * view.shape[0] * view.shape[1] else None


def packed(samples: Gray | None) -> list[Any] | None:
    """As JSON takes it."""
    return None if samples is None else [*samples.shape, base64.b64encode(samples.tobytes()).decode("ascii")]


def unpacked(packed: Sequence[Any] | None) -> Gray | None:
    if packed is None:
        return None
    height, width, text = packed
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(height, width)
