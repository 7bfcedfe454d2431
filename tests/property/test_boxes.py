"""Overlap of boxes, and numbers of tracks."""

from hypothesis import given
from hypothesis import strategies as st

from vyraz.track import Tracker
from vyraz.types import Box, Face

numbers = st.floats(-1000, 1000)
boxes = st.builds(Box, numbers, numbers, st.floats(1, 500), st.floats(1, 500))


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_fraction(one: Box, other: Box) -> None:
    assert one.overlap(other) == other.overlap(one)
    assert 0 <= one.overlap(other) <= 1 + 1e-9


@given(boxes, numbers, numbers)
def test_overlap_does_not_depend_on_the_place(box: Box, x: float, y: float) -> None:
    moved = box._replace(x=box.x + x, y=box.y + y)
    assert abs(box.overlap(box) - 1) < 1e-9
    assert abs(moved.overlap(box) - box.overlap(moved)) < 1e-9


@given(st.lists(st.lists(boxes, max_size=6), max_size=12))
def test_no_number_twice_in_a_frame_and_none_skipped(frames: list[list[Box]]) -> None:
    tracker, highest = Tracker(), 0
    for index, found in enumerate(frames):
        ids = tracker.update([Face(box, 0.9) for box in found], index / 10)
        assert len(set(ids)) == len(ids) == len(found)
        new = sorted(number for number in ids if number > highest)
        assert new == list(range(highest + 1, highest + 1 + len(new)))
        highest = max([highest, *ids])
