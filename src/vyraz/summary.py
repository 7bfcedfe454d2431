"""A short account of what was read, for a terminal: a row a face of a picture, a row a person of a recording."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from vyraz.types import Box, Record

__all__ = ["Person", "Summary"]


@dataclass(slots=True)
class Person:
    """One face of a picture, or one track of a recording: sums over the frames in which it was seen."""

    source: str
    number: int
    box: Box
    first: float | None
    last: float | None
    frames: int = 0
    uncertain: int = 0
    sums: Counter[str] = field(default_factory=Counter)

    def mean_scores(self) -> dict[str, float]:
        """Mean of each score, strongest first."""
        return {label: total / self.frames for label, total in self.sums.most_common()}


class Summary:
    """Adds up records; memory grows with the number of people, not of frames."""

    def __init__(self) -> None:
        self.people: dict[tuple[str, int], Person] = {}
        self.frames: Counter[str] = Counter()
        self.without_face: Counter[str] = Counter()

    def add(self, records: Sequence[Record]) -> None:
        """The records of one frame."""
        for record in records:
            if record.status == "no_face":
                self.without_face[record.source] += 1
            if record.box is not None and record.face_id is not None:
                self._count(record, record.face_id, record.box)
        if records and records[0].status != "error":
            self.frames[records[0].source] += 1

    def _count(self, record: Record, number: int, box: Box) -> None:
        key = (record.source, number)
        if key not in self.people:
            self.people[key] = Person(record.source, number, box, record.timestamp, record.timestamp)
        person = self.people[key]
        person.last = record.timestamp
        person.frames += 1
        person.uncertain += record.status == "uncertain"
        for label, score in record.scores.items():
            person.sums[label] += score  # type: ignore[assignment]
