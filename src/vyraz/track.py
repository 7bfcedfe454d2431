"""Numbers for faces that stay the same while a face is followed through a recording."""

from collections.abc import Sequence
from dataclasses import dataclass

from vyraz.types import Box, Face

__all__ = ["Tracker"]

#: A face that was not seen for longer, in seconds, is a new one when it comes back.
_MEMORY = 1.0
#: Boxes that overlap less (intersection over union) are the same face only if they lie close together.
_MIN_OVERLAP = 0.2
#: Centres may move by this share of the face's size, and the size may change by this factor.
_MAX_STEP, _MAX_GROWTH = 0.8, 1.6


@dataclass(slots=True)
class _Track:
    number: int
    box: Box
    seen: float


class Tracker:
    """Follows faces by where they are; no biometric identity is computed.

    Pairs are taken greedily, best overlap first. One tracker serves one recording.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next = 1

    def update(self, faces: Sequence[Face], timestamp: float) -> list[int]:
        """The number of each face of the next frame.

        Args:
            faces: what was found.
            timestamp: seconds, not falling.

        Returns:
            One number a face, counted from 1.
        """
        self._tracks = [track for track in self._tracks if timestamp - track.seen <= _MEMORY]
        numbers = dict.fromkeys(range(len(faces)), 0)
        free = set(range(len(self._tracks)))
        for _, index, place in sorted(self._pairs(faces), reverse=True):
            if not numbers[index] and place in free:
                free.discard(place)
                track = self._tracks[place]
                track.box, track.seen = faces[index].box, timestamp
                numbers[index] = track.number
        return [numbers[index] or self._begin(face.box, timestamp) for index, face in enumerate(faces)]

    def _pairs(self, faces: Sequence[Face]) -> list[tuple[float, int, int]]:
        scored = [
            (_likeness(track.box, face.box), index, place)
            for index, face in enumerate(faces)
            for place, track in enumerate(self._tracks)
        ]
        return [pair for pair in scored if pair[0] > 0]

    def _begin(self, box: Box, timestamp: float) -> int:
        self._tracks.append(_Track(self._next, box, timestamp))
        self._next += 1
        return self._next - 1


def _likeness(before: Box, now: Box) -> float:
    """0 for different faces; overlap plus one where boxes overlap, else closeness in 0..1."""
    overlap = before.overlap(now)
    if overlap >= _MIN_OVERLAP:
        return 1 + overlap
    size = (before.width * before.height) ** 0.5
    growth = (now.width * now.height) ** 0.5 / size if size else 0.0
    (x, y), (last_x, last_y) = now.centre, before.centre
    step = ((x - last_x) ** 2 + (y - last_y) ** 2) ** 0.5 / size if size else float("inf")
    return 1 - step / _MAX_STEP if step < _MAX_STEP and 1 / _MAX_GROWTH < growth < _MAX_GROWTH else 0.0
