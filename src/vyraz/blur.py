"""Faces made unrecognisable: in a picture, and through a recording also where a face is lost for a moment."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from vyraz.types import Box, Float, Frame, Pixels, Record

__all__ = ["Veil", "Veiled", "blur_faces", "hide"]

#: A face keeps this many blocks across and down; recognition, by people or machines, needs three times as many.
_BLOCKS = 5
#: What is blurred reaches beyond the box by this share of it, and fades out over as much again as `_FADE`.
_MARGIN, _FADE = 0.2, 0.06
#: A lost face stays blurred for this long, in seconds; one that is found was there for as long before.
_HOLD, _AHEAD = 1.0, 0.5
#: Meanwhile the blurred region grows on each side by this share of it a second, beside the speed it had.
_GROWTH = 0.4
#: Seconds over which a speed is averaged.
_MOMENTUM = 0.15
#: Frames that wait for a face to be found hold at most so many bytes.
_MOST_BYTES = 128_000_000


def blur_faces(pixels: Pixels, records: Sequence[Record]) -> Pixels:
    """A copy in which every face, with a margin, has lost all detail.

    Args:
        pixels: RGB uint8 (H, W, 3).
        records: of this frame.
    """
    blurred = pixels.copy()
    hide(blurred, [record.box for record in records if record.box is not None])
    return blurred


def hide(canvas: Pixels, boxes: Sequence[Box]) -> None:
    """Blur boxes, each with a margin: a few coarse blocks, smoothed over, with a soft rim outside the margin.

    Args:
        canvas: RGB uint8 (H, W, 3), written in place.
        boxes: in pixels; what is outside the picture is left out.
    """
    for box in boxes:
        wide = _widened(box, _MARGIN * box.width, _MARGIN * box.height)
        _hide_one(canvas, wide, max(round(_FADE * min(box.width, box.height)), 1))


def _hide_one(canvas: Pixels, box: Box, fade: int) -> None:
    height, width = canvas.shape[:2]
    left, top = max(int(box.x) - fade, 0), max(int(box.y) - fade, 0)
    right, bottom = min(int(box.x + box.width) + 1 + fade, width), min(int(box.y + box.height) + 1 + fade, height)
    if right <= left or bottom <= top:
        return
    part = canvas[top:bottom, left:right]
    size = (right - left, bottom - top)
    coarse = cv2.resize(part, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    # A side at the picture's border has no rim, or the face would show there.
    rim = (left > 0, top > 0, right < width, bottom < height)
    mask = _rim(*size, fade, rim)
    part[:] = cv2.blendLinear(soft, np.ascontiguousarray(part), mask, 1 - mask)


@lru_cache(maxsize=32)
def _rim(width: int, height: int, fade: int, sides: tuple[bool, bool, bool, bool]) -> Float:
    """Float32 (height, width): 1 inside, falling to 0 over `fade` pixels at the left, top, right and bottom."""
    left, top, right, bottom = sides
    across, down = _ramp(width, fade, left, right), _ramp(height, fade, top, bottom)
    return np.minimum(down[:, None], across[None, :])


def _ramp(length: int, fade: int, first: bool, last: bool) -> Float:
    away = np.arange(length, dtype=np.float32) + 1
    rising = np.minimum(away / (fade + 1), 1.0) if first else np.ones(length, np.float32)
    falling = np.minimum(away[::-1] / (fade + 1), 1.0) if last else np.ones(length, np.float32)
    return np.asarray(np.minimum(rising, falling), dtype=np.float32)


def _widened(box: Box, across: float, down: float) -> Box:
    return Box(box.x - across, box.y - down, box.width + 2 * across, box.height + 2 * down)


@dataclass(slots=True)
class Veiled:
    """A frame with its records, and the boxes that must not be seen in it."""

    frame: Frame
    records: Sequence[Record]
    boxes: list[Box] = field(default_factory=list)

    @property
    def time(self) -> float:
        return self.frame.timestamp or 0.0


@dataclass(slots=True)
class _Seen:
    box: Box
    time: float
    speed: tuple[float, float] = (0.0, 0.0)

    def near(self, passed: float) -> Box:
        """Where the face can be that many seconds before or after."""
        grown = _GROWTH * passed
        across, down = (abs(part) * passed for part in self.speed)
        return _widened(self.box, grown * self.box.width + across, grown * self.box.height + down)

    def meet(self, box: Box, time: float) -> None:
        passed = time - self.time
        if passed > 0:
            weight = min(passed / _MOMENTUM, 1.0)
            moved = zip(box.centre, self.box.centre, self.speed, strict=True)
            across, down = (old + weight * ((now - before) / passed - old) for now, before, old in moved)
            self.speed = across, down
        self.box, self.time = box, time


class Veil:
    """What must be hidden in each frame of one recording.

    That is every face's own box, never a smoothed one; while a track is lost, for up to a second, the place
    where it can be; and the place where a face must have been before it was first found. For the last, frames
    wait for half a second, as far as they fit into 128 MB.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, _Seen] = {}
        self._waiting: deque[Veiled] = deque()

    def take(self, frame: Frame, records: Sequence[Record]) -> Iterator[Veiled]:
        """Add the next frame; gives those that nothing can change any more, in order."""
        new = Veiled(frame, records)
        found = {record.face_id for record in records if record.box is not None}
        lost = [track for number, track in self._tracks.items() if number not in found]
        new.boxes += [track.near(new.time - track.time) for track in lost if new.time - track.time <= _HOLD]
        for record in records:
            if record.box is not None:
                new.boxes.append(record.box)
                self._meet(record.face_id, record.box, new.time)
        self._waiting.append(new)
        while self._waiting and not self._must_wait(new):
            yield self._waiting.popleft()

    def flush(self) -> Iterator[Veiled]:
        """The frames that still wait; the recording is over."""
        while self._waiting:
            yield self._waiting.popleft()

    def _meet(self, number: int | None, box: Box, time: float) -> None:
        if number is None:
            return
        known = self._tracks.get(number)
        if known is None:
            self._tracks = {key: kept for key, kept in self._tracks.items() if time - kept.time <= _HOLD}
        unseen_since = -1e9 if known is None else known.time
        track = self._tracks[number] = known or _Seen(box, time)
        track.meet(box, time)
        for earlier in self._waiting:
            if unseen_since < earlier.time and time - earlier.time <= _AHEAD:
                earlier.boxes.append(track.near(time - earlier.time))

    def _must_wait(self, new: Veiled) -> bool:
        first = self._waiting[0]
        return new.time - first.time <= _AHEAD and len(self._waiting) * new.frame.pixels.nbytes <= _MOST_BYTES
