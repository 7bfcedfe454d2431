"""Smoothing of scores over real time, and the label that does not flicker."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyraz.smooth import Smoother

CALM, WILD = {"calm": 0.9, "wild": 0.1}, {"calm": 0.1, "wild": 0.9}


def test_first_frame_is_taken_as_it_is() -> None:
    smooth, shown = Smoother(0.4).update(1, CALM, 5.0)
    assert smooth == pytest.approx(CALM)
    assert shown == "calm"


def test_weight_of_a_frame_is_that_of_its_time() -> None:
    smoother = Smoother(0.4)
    smoother.update(1, CALM, 0.0)
    smooth, _ = smoother.update(1, WILD, 0.4)
    weight = 1 - math.exp(-1)
    logs = [
        (1 - weight) * math.log(a) + weight * math.log(b) for a, b in zip(CALM.values(), WILD.values(), strict=True)
    ]
    expected = np.exp(logs) / np.exp(logs).sum()
    assert list(smooth.values()) == pytest.approx(expected.tolist())


@given(st.integers(1, 12))
def test_frame_rate_does_not_matter(parts: int) -> None:
    """One second of one expression weighs the same, however many frames it is seen in."""
    smoother = Smoother(0.4)
    smoother.update(1, CALM, 0.0)
    for part in range(1, parts + 1):
        smooth, _ = smoother.update(1, WILD, part / parts)
    coarse = Smoother(0.4)
    coarse.update(1, CALM, 0.0)
    expected, _ = coarse.update(1, WILD, 1.0)
    assert smooth == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 3)), min_size=1, max_size=30))
def test_smoothed_scores_are_probabilities(frames: list[tuple[float, float]]) -> None:
    smoother, now = Smoother(0.4), 0.0
    for score, step in frames:
        now += step
        smooth, shown = smoother.update(1, {"calm": score, "wild": 1 - score}, now)
        assert sum(smooth.values()) == pytest.approx(1)
        assert all(0 <= value <= 1 for value in smooth.values())
        assert shown in smooth


def test_tracks_do_not_mix() -> None:
    smoother = Smoother(0.4)
    smoother.update(1, CALM, 0.0)
    smooth, shown = smoother.update(2, WILD, 0.0)
    assert smooth == pytest.approx(WILD)
    assert shown == "wild"


def test_one_odd_frame_does_not_change_the_label() -> None:
    smoother = Smoother(0.4)
    shown = [smoother.update(1, WILD if index == 20 else CALM, index / 25)[1] for index in range(40)]
    assert set(shown) == {"calm"}


def test_a_change_that_stays_is_shown_within_a_second() -> None:
    smoother = Smoother(0.4)
    shown = [smoother.update(1, CALM if index < 25 else WILD, index / 25)[1] for index in range(60)]
    assert shown[24] == "calm"
    assert shown[50] == "wild"
    assert shown == sorted(shown)


def test_scores_that_waver_about_the_middle_keep_their_label() -> None:
    smoother = Smoother(0.2)
    waver = [{"calm": 0.5 + side, "wild": 0.5 - side} for side in (0.02, -0.02)]
    shown = {smoother.update(1, waver[index // 10 % 2], index / 25)[1] for index in range(200)}
    assert shown == {"calm"}


def test_memory_does_not_grow_with_people_who_have_gone() -> None:
    smoother = Smoother(0.4)
    for track in range(500):
        smoother.update(track, CALM, 3.0 * track)
    assert len(smoother._states) < 10
