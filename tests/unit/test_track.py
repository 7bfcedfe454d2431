"""Numbers stay with faces that move, vanish for a moment, and pass each other."""

from vyraz.track import Tracker
from vyraz.types import Box, Face


def face(x: float, y: float = 0, size: float = 50) -> Face:
    return Face(Box(x, y, size, size), 0.9)


def test_moving_faces_keep_their_numbers_whatever_the_order() -> None:
    tracker = Tracker()
    for step in range(20):
        left, right = face(10 + 3 * step), face(300 - 2 * step)
        if step % 2:
            assert tracker.update([right, left], step / 25) == [2, 1]
        else:
            assert tracker.update([left, right], step / 25) == [1, 2]


def test_a_short_gap_keeps_the_number_a_long_one_does_not() -> None:
    tracker = Tracker()
    assert tracker.update([face(10)], 0.0) == [1]
    assert tracker.update([], 0.5) == []
    assert tracker.update([face(12)], 0.9) == [1]
    assert tracker.update([face(12)], 2.5) == [2]


def test_a_quick_step_is_followed_a_jump_is_not() -> None:
    tracker = Tracker()
    tracker.update([face(10)], 0.0)
    assert tracker.update([face(45)], 0.1) == [1]
    assert tracker.update([face(245)], 0.2) == [2]


def test_another_size_in_the_same_place_nearby_is_someone_else() -> None:
    tracker = Tracker()
    tracker.update([face(0, 0, 100)], 0.0)
    assert tracker.update([face(90, 40, 30)], 0.1) == [2]
