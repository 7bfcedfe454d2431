"""The frames of one recording in their order: the same number for the same face, scores that stand still."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from vyraz.errors import UsageError
from vyraz.smooth import DEFAULT_SECONDS, Smoother
from vyraz.track import Tracker
from vyraz.types import Box, Face, Record, Status

__all__ = ["Following", "status_of"]

#: Faces with a shorter side, in pixels, are scored but never trusted.
_TINY = 20


def status_of(confidence: float, box: Box, uncertain_below: float) -> Status:
    """Whether a score can be trusted: `ok` or `uncertain`."""
    return "uncertain" if confidence < uncertain_below or min(box.width, box.height) < _TINY else "ok"


class Following:
    """What is carried from frame to frame of one recording.

    Args:
        smooth: time constant of smoothing in seconds; 0 is not at all, None is the default.
        uncertain_below: the model's threshold.

    Raises:
        UsageError: a time below 0.
    """

    def __init__(self, smooth: float | None, uncertain_below: float) -> None:
        seconds = DEFAULT_SECONDS if smooth is None else smooth
        if not seconds >= 0:
            raise UsageError(f"scores are smoothed over 0 seconds or more, not {seconds}")
        self._tracker, self._smoother = Tracker(), Smoother(seconds) if seconds else None
        self._threshold = uncertain_below

    def take(self, records: Sequence[Record], *, cut: bool = False) -> list[Record]:
        """The records of the next frame, with track numbers and smoothed scores.

        Args:
            records: of one frame, at least one.
            cut: the frame has nothing to do with the one before.
        """
        if cut:
            self._tracker.cut()
        faces = [Face(record.box, record.face_score) for record in records if record.box is not None]
        numbers = self._tracker.update(faces, records[0].timestamp or 0.0)
        if not numbers:
            return list(records)
        return [self._one(record, number) for record, number in zip(records, numbers, strict=True)]

    def state(self) -> dict[str, Any]:
        """All that is known, as JSON takes it."""
        return {"tracks": self._tracker.state(), "smooth": self._smoother.state() if self._smoother else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._tracker.restore(state["tracks"])
        if self._smoother is not None:
            self._smoother.restore(state["smooth"])

    def _one(self, record: Record, number: int) -> Record:
        if self._smoother is None or record.timestamp is None or record.box is None:
            return replace(record, face_id=number)
        smooth, shown = self._smoother.update(number, record.scores, record.timestamp)
        status = status_of(max(smooth.values()), record.box, self._threshold)
        return replace(record, face_id=number, smooth=MappingProxyType(smooth), shown=shown, status=status)
