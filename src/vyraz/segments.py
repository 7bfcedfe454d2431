"""Stretches of a recording in which one person shows one expression: who, from when to when, which."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vyraz.types import Record

__all__ = ["UNSEEN", "Segment", "Segments"]

#: A person who is not seen for longer, in seconds, has left: what is shown afterwards is another segment.
UNSEEN = 1.0


@dataclass(frozen=True, slots=True)
class Segment:
    """One person, one apparent expression.

    `start` and `end` are seconds; `confidence` is the mean score of `emotion` over the `frames` analysed, 0..1,
    and `uncertain` the share of them that was uncertain, 0..1.
    """

    source: str
    face_id: int
    start: float
    end: float
    emotion: str
    confidence: float
    frames: int
    uncertain: float

    @property
    def seconds(self) -> float:
        """How long it lasts, 0 or more."""
        return self.end - self.start


@dataclass(slots=True)
class _Open:
    """A segment that may go on. `until` is the first analysed frame after the last one that belongs to it."""

    source: str
    face_id: int
    emotion: str
    start: float
    last: float
    until: float | None = None
    total: float = 0.0
    frames: int = 0
    uncertain: int = 0

    def take(self, record: Record, seconds: float) -> None:
        self.last, self.until = seconds, None
        self.total += record.steady.get(self.emotion, 0.0)
        self.frames += 1
        self.uncertain += record.status == "uncertain"

    def done(self) -> Segment:
        end = self.last if self.until is None else self.until
        mean, doubt = self.total / self.frames, self.uncertain / self.frames
        return Segment(self.source, self.face_id, self.start, end, self.emotion, mean, self.frames, doubt)


class Segments:
    """Gathers the segments of one recording as its records come; only open ones are kept in memory.

    A segment ends where another label is shown, or where the person was not seen for more than `UNSEEN` seconds (or
    one and a half times the step between analysed frames, where that is more). It lasts until the next analysed
    frame after its last one, if that comes within the same time; else until its last one. So segments of a person
    never overlap, and those that follow each other touch.
    """

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._now, self._step = -math.inf, math.inf

    def take(self, records: Sequence[Record]) -> list[Segment]:
        """The records of the next frame; those without a time (pictures, broken frames) are passed over.

        Returns:
            The segments that this frame ends, in order of `face_id`.
        """
        if not records or records[0].timestamp is None:
            return []
        self._go_to(records[0].timestamp)
        for one in self._open.values():
            if one.until is None and not self._is_gone(one):
                one.until = self._now
        ended = [one for record in records if record.face_id is not None for one in self._add(record)]
        gone = [number for number, one in self._open.items() if self._is_gone(one)]
        return sorted(ended + [self._open.pop(number).done() for number in gone], key=_order)

    def finish(self) -> list[Segment]:
        """The recording is over: the segments that were still open, in order of `face_id`."""
        ended = [one.done() for one in self._open.values()]
        self._open.clear()
        self._now, self._step = -math.inf, math.inf
        return sorted(ended, key=_order)

    def _go_to(self, seconds: float) -> None:
        """The time of the next frame, which never falls; the smallest step so far is the recording's."""
        passed = seconds - self._now
        if passed > 0:
            self._step = min(self._step, passed)
            self._now = seconds

    def _is_gone(self, one: _Open) -> bool:
        return self._now - one.last > max(UNSEEN, 1.5 * self._step)

    def _add(self, record: Record) -> list[Segment]:
        """Adds to the person's open segment, or begins another; returns the one that this ends."""
        number, label = record.face_id, record.label
        if number is None or label is None:
            return []
        known = self._open.get(number)
        ends = known is not None and (known.emotion != label or self._is_gone(known))
        if known is None or ends:
            self._open[number] = _Open(record.source, number, label, self._now, self._now)
        self._open[number].take(record, self._now)
        return [known.done()] if known is not None and ends else []


def _order(segment: Segment) -> tuple[int, float]:
    return segment.face_id, segment.start
