"""Drawn boxes stand still with the face, and keep up with it."""

from itertools import pairwise

import numpy as np
import pytest

from vyraz.steady import Steady
from vyraz.types import Box


def _drawn(boxes: list[Box], rate: float = 25.0) -> list[Box]:
    steady = Steady()
    return [steady.update(1, box, index / rate) for index, box in enumerate(boxes)]


def test_a_still_face_stands_still() -> None:
    boxes = [Box(100, 80, 60, 70)] * 20
    assert _drawn(boxes) == boxes


@pytest.mark.parametrize("rate", [10.0, 25.0, 60.0])
@pytest.mark.parametrize("side", [40, 60, 200])
def test_a_jitter_of_two_pixels_is_damped_at_least_threefold(rate: float, side: int) -> None:
    boxes = [Box(100 + 2 * (-1) ** i, 80 - 2 * (-1) ** i, side, side) for i in range(100)]
    across = np.ptp([box.x for box in _drawn(boxes, rate)[30:]])
    assert across <= 4 / 3


def test_random_jitter_is_damped() -> None:
    rng = np.random.default_rng(5)
    boxes = [Box(100 + x, 80 + y, 80 + w, 90 + h) for x, y, w, h in rng.uniform(-2, 2, (400, 4))]
    drawn = _drawn(boxes)
    for column in range(4):
        steps = [abs(after[column] - before[column]) for before, after in pairwise(drawn[50:])]
        raw = [abs(after[column] - before[column]) for before, after in pairwise(boxes[50:])]
        assert np.mean(steps) < np.mean(raw) / 3


@pytest.mark.parametrize("speed", [20, 120, 600, 3000])  # pixels a second; the box is 60 wide
def test_motion_of_any_speed_lags_less_than_a_tenth(speed: float) -> None:
    boxes = [Box(100 + max(i - 20, 0) * speed / 25, 80, 60, 60) for i in range(60)]
    assert max(abs(one.x - box.x) for one, box in zip(_drawn(boxes), boxes, strict=True)) < 6


def test_growth_is_followed() -> None:
    boxes = [Box(100 - i, 80 - i, 60 + 2 * i, 60 + 2 * i) for i in range(50)]
    drawn = _drawn(boxes)[-1]
    assert drawn.overlap(boxes[-1]) > 0.8


def test_tracks_are_apart_and_a_long_absence_starts_anew() -> None:
    steady = Steady()
    steady.update(1, Box(0, 0, 50, 50), 0.0)
    assert steady.update(2, Box(90, 90, 50, 50), 0.04) == Box(90, 90, 50, 50)
    assert steady.update(1, Box(10, 0, 50, 50), 2.0) == Box(10, 0, 50, 50)
    assert steady.update(None, Box(7, 7, 5, 5), 2.0) == Box(7, 7, 5, 5)


def test_the_same_time_twice_is_no_error() -> None:
    steady = Steady()
    steady.update(1, Box(0, 0, 50, 50), 0.0)
    assert abs(steady.update(1, Box(40, 0, 50, 50), 0.0).x - 40) < 5
