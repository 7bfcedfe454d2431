"""Segments: a label from when to when, for each person."""

from collections.abc import Sequence
from types import MappingProxyType

import pytest

from vyraz.segments import Segment, Segments
from vyraz.types import Box, Record, Status

_BOX = Box(0, 0, 40, 40)


def _face(seconds: float | None, label: str, *, number: int = 1, score: float = 0.8, status: Status = "ok") -> Record:
    other = "sad" if label != "sad" else "happy"
    scores = MappingProxyType({label: score, other: 1 - score})
    return Record("talk.mp4", 0, seconds, status, number, _BOX, 0.9, scores, shown=label)


def _nobody(seconds: float | None) -> Record:
    return Record("talk.mp4", 0, seconds, "no_face")


def _gather(frames: Sequence[Sequence[Record]]) -> list[Segment]:
    segments = Segments()
    found = [one for records in frames for one in segments.take(records)]
    return found + segments.finish()


def _times(found: Sequence[Segment]) -> list[tuple[str, float, float, int]]:
    return [(one.emotion, one.start, one.end, one.frames) for one in found]


def test_end_where_another_label_is_shown() -> None:
    frames = [[_face(0.0, "happy")], [_face(0.1, "happy")], [_face(0.2, "sad")], [_face(0.3, "sad")]]
    assert _times(_gather(frames)) == [("happy", 0.0, 0.2, 2), ("sad", 0.2, 0.3, 2)]


def test_of_one_frame_last_until_the_next_one() -> None:
    frames = [[_face(0.0, "happy")], [_face(0.5, "sad")], [_nobody(0.75)], [_nobody(3.0)]]
    assert _times(_gather(frames)) == [("happy", 0.0, 0.5, 1), ("sad", 0.5, 0.75, 1)]


def test_of_the_last_frame_end_there() -> None:
    assert _times(_gather([[_face(2.0, "happy")]])) == [("happy", 2.0, 2.0, 1)]


def test_go_on_over_a_short_absence_and_end_with_a_long_one() -> None:
    short = [[_face(0.0, "happy")], [_nobody(0.5)], [_face(1.0, "happy")]]
    assert _times(_gather(short)) == [("happy", 0.0, 1.0, 2)]
    long = [[_face(0.0, "happy")], [_nobody(0.5)], [_face(1.1, "happy")]]
    assert _times(_gather(long)) == [("happy", 0.0, 0.5, 1), ("happy", 1.1, 1.1, 1)]


def test_over_a_hole_in_the_recording_do_not_last() -> None:
    frames = [[_face(0.0, "happy")], [_face(0.1, "happy")], [_face(9.0, "happy")]]
    assert _times(_gather(frames)) == [("happy", 0.0, 0.1, 2), ("happy", 9.0, 9.0, 1)]


def test_of_frames_that_are_far_apart_touch() -> None:
    frames = [[_face(0.0, "happy")], [_face(2.0, "happy")], [_face(4.0, "sad")], [_nobody(6.0)], [_nobody(8.0)]]
    assert _times(_gather(frames)) == [("happy", 0.0, 4.0, 2), ("sad", 4.0, 6.0, 1)]


def test_are_given_as_soon_as_they_are_over() -> None:
    segments = Segments()
    assert segments.take([_face(0.0, "happy")]) == []
    assert _times(segments.take([_face(0.1, "sad")])) == [("happy", 0.0, 0.1, 1)]
    assert segments.take([_nobody(1.1)]) == []
    assert _times(segments.take([_nobody(1.2)])) == [("sad", 0.1, 1.1, 1)]
    assert segments.finish() == []


def test_hold_means_and_doubt() -> None:
    frames = [[_face(0.0, "happy", score=0.9)], [_face(0.1, "happy", score=0.5, status="uncertain")]]
    (found,) = _gather(frames)
    assert (found.source, found.face_id, found.frames, found.uncertain) == ("talk.mp4", 1, 2, 0.5)
    assert found.confidence == pytest.approx(0.7)
    assert found.seconds == pytest.approx(0.1)


def test_of_several_people_are_kept_apart() -> None:
    frames = [[_face(t / 10, "happy"), _face(t / 10, "sad", number=2)] for t in range(3)]
    assert [(one.face_id, one.emotion, one.frames) for one in _gather(frames)] == [(1, "happy", 3), (2, "sad", 3)]


def test_pass_over_pictures_and_broken_frames() -> None:
    broken = Record("talk.mp4", 1, None, "error", message="broken")
    frames = [[_face(None, "happy")], [_face(0.0, "happy")], [broken], [], [_face(0.2, "happy")]]
    assert _times(_gather(frames)) == [("happy", 0.0, 0.2, 2)]


def test_stand_times_that_fall() -> None:
    frames = [[_face(1.0, "happy")], [_face(0.5, "sad")], [_face(1.5, "sad")]]
    assert _times(_gather(frames)) == [("happy", 1.0, 1.0, 1), ("sad", 1.0, 1.5, 2)]


def test_a_gatherer_can_take_the_next_recording() -> None:
    segments = Segments()
    segments.take([_face(100.0, "happy")])
    segments.finish()
    segments.take([_face(0.0, "happy")])
    assert _times(segments.finish()) == [("happy", 0.0, 0.0, 1)]
