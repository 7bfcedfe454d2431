"""Numbers for faces that stay the same while a face is followed through a recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lap
import numpy as np
import numpy.typing as npt

from vyraz.types import Box, Face

__all__ = ["Tracker"]

#: A face that was not seen for longer is a new one when it comes back: seconds, or frames where they come seldom.
_MEMORY, _FRAMES = 1.0, 1.5
#: Boxes that overlap less (intersection over union) are the same face only if they lie close together.
_MIN_OVERLAP = 0.2
#: Centres may be off by this share of the face's size, and more the longer it was not seen, by this share a second.
_MAX_STEP, _DRIFT = 0.8, 1.0
#: The size may change by this factor.
_MAX_GROWTH = 1.6
#: Seconds over which a velocity is averaged, and for which it is believed once a face is lost.
_MOMENTUM, _BELIEF = 0.15, 0.3


@dataclass(slots=True)
class _Track:
    number: int
    box: Box
    seen: float
    velocity: tuple[float, float] = (0.0, 0.0)

    def expected(self, timestamp: float) -> Box:
        """Where the face should be by now if it moved on as before."""
        ahead = min(timestamp - self.seen, _BELIEF)
        dx, dy = (part * ahead for part in self.velocity)
        return self.box._replace(x=self.box.x + dx, y=self.box.y + dy)

    def meet(self, box: Box, timestamp: float) -> None:
        """The face was found again."""
        passed = timestamp - self.seen
        if passed > 0:
            weight = min(passed / _MOMENTUM, 1.0)
            moved = zip(box.centre, self.box.centre, self.velocity, strict=True)
            across, down = (old + weight * ((now - before) / passed - old) for now, before, old in moved)
            self.velocity = across, down
        self.box, self.seen = box, timestamp


class Tracker:
    """Follows faces by where they are and how they move; no biometric identity is computed.

    Faces and tracks are paired such that the sum of all likenesses is largest (linear assignment; Jonker and
    Volgenant 1987). One tracker serves one recording.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next, self._then = 1, 0.0

    def update(self, faces: Sequence[Face], timestamp: float) -> list[int]:
        """The number of each face of the next frame.

        Args:
            faces: what was found.
            timestamp: seconds, not falling.

        Returns:
            One number a face, counted from 1.
        """
        memory = max(_MEMORY, _FRAMES * (timestamp - self._then))
        self._then = timestamp
        self._tracks = [track for track in self._tracks if timestamp - track.seen <= memory]
        numbers = [0] * len(faces)
        for index, place in _pairs(self._likenesses(faces, timestamp)):
            self._tracks[place].meet(faces[index].box, timestamp)
            numbers[index] = self._tracks[place].number
        return [number or self._begin(face.box, timestamp) for number, face in zip(numbers, faces, strict=True)]

    def cut(self) -> None:
        """The scene has changed: whoever comes now is somebody else."""
        self._tracks.clear()

    def state(self) -> list[Any]:
        """All that is known, as JSON takes it."""
        tracks = [[track.number, list(track.box), track.seen, track.velocity] for track in self._tracks]
        return [self._next, self._then, tracks]

    def restore(self, state: Sequence[Any]) -> None:
        """Go on from a state."""
        self._next, self._then, tracks = state
        self._tracks = [_Track(number, Box(*box), seen, (dx, dy)) for number, box, seen, (dx, dy) in tracks]

    def _likenesses(self, faces: Sequence[Face], timestamp: float) -> npt.NDArray[np.float64]:
        """float64 (faces, tracks): 0 for different faces."""
        expected = [(track.expected(timestamp), timestamp - track.seen) for track in self._tracks]
        rows = [[_likeness(box, face.box, passed) for box, passed in expected] for face in faces]
        return np.array(rows, dtype=np.float64).reshape(len(faces), len(expected))

    def _begin(self, box: Box, timestamp: float) -> int:
        self._tracks.append(_Track(self._next, box, timestamp))
        self._next += 1
        return self._next - 1


def _pairs(likenesses: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """(face, track) of those that belong together."""
    if not likenesses.size:
        return []
    _, places, _ = lap.lapjv(-likenesses, extend_cost=True)
    return [(index, place) for index, place in enumerate(places.tolist()) if place >= 0 and likenesses[index, place]]


def _likeness(expected: Box, now: Box, passed: float) -> float:
    """0 for different faces; overlap plus one where boxes overlap, else closeness in 0..1."""
    overlap = expected.overlap(now)
    size = (expected.width * expected.height) ** 0.5
    growth = (now.width * now.height) ** 0.5 / size if size else 0.0
    if not 1 / _MAX_GROWTH < growth < _MAX_GROWTH:
        return 1 + overlap if overlap >= 2 * _MIN_OVERLAP else 0.0
    if overlap >= _MIN_OVERLAP:
        return 1 + overlap
    (x, y), (last_x, last_y) = now.centre, expected.centre
    step = ((x - last_x) ** 2 + (y - last_y) ** 2) ** 0.5 / size
    reach = _MAX_STEP + _DRIFT * passed
    return 1 - step / reach if step < reach else 0.0
