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
    assert tracker.update([], 1.5) == []
    assert tracker.update([face(12)], 2.5) == [2]


def test_frames_that_come_seldom_keep_their_numbers() -> None:
    tracker = Tracker()
    assert [tracker.update([face(10)], 2.0 * step) for step in range(5)] == [[1]] * 5
    assert tracker.update([], 10.0) == []
    assert tracker.update([face(10)], 12.0) == [2]


def test_a_quick_step_is_followed_a_jump_is_not() -> None:
    tracker = Tracker()
    tracker.update([face(10)], 0.0)
    assert tracker.update([face(45)], 0.1) == [1]
    assert tracker.update([face(245)], 0.2) == [2]


def test_another_size_in_the_same_place_nearby_is_someone_else() -> None:
    tracker = Tracker()
    tracker.update([face(0, 0, 100)], 0.0)
    assert tracker.update([face(90, 40, 30)], 0.1) == [2]


def test_faces_that_cross_keep_their_numbers() -> None:
    """They pass each other at the same height; for half a second only the nearer one is seen."""
    tracker = Tracker()
    seen: dict[int, list[float]] = {1: [], 2: []}
    for frame in range(100):
        right, left = 10 + 4.0 * frame, 400 - 4.0 * frame
        hidden = abs(right - left) < 45
        faces = [face(right)] if hidden else [face(right), face(left, 6)]
        for number, found in zip(tracker.update(faces, frame / 25), faces, strict=True):
            seen[number].append(found.box.x)
    assert seen[1] == sorted(seen[1])
    assert seen[2] == sorted(seen[2], reverse=True)


def test_pairs_are_the_best_together_not_one_by_one() -> None:
    """The face between two tracks goes where the other face leaves a place."""
    tracker = Tracker()
    tracker.update([face(0), face(40)], 0.0)
    assert tracker.update([face(18), face(-22)], 0.04) == [2, 1]


def test_nobody_keeps_a_number_over_a_cut() -> None:
    tracker = Tracker()
    tracker.update([face(10)], 0.0)
    tracker.cut()
    assert tracker.update([face(10)], 0.04) == [2]


def test_any_number_of_faces() -> None:
    tracker = Tracker()
    crowd = [face(70 * (index % 40), 70 * (index // 40)) for index in range(800)]
    assert tracker.update(crowd, 0.0) == list(range(1, 801))
    assert tracker.update(crowd[::-1], 0.04) == list(range(800, 0, -1))
