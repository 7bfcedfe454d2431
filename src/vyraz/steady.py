"""Boxes that stand still where the face does, and keep up where it moves: for drawing, never for tables."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vyraz.types import Box

__all__ = ["Steady"]

#: Time constant, in seconds, of a face that hardly moves, and of the speed that is measured.
_CALM = 0.15
#: A moving box may stay behind by this share of the face, on average and at most.
_LAG, _MOST_LAG = 0.05, 0.07
#: What is drawn moves only once it is off by more than this share of the face.
_SLACK = 0.015
#: A face that was not seen for longer, in seconds, starts anew; it is then forgotten.
_GAP = 0.5

_Values = npt.NDArray[np.float64]


@dataclass(slots=True)
class _State:
    raw: _Values
    speed: _Values
    smooth: _Values
    drawn: _Values
    seen: float


class Steady:
    """Smooths the boxes of the tracks of one recording, by real time.

    A one-euro filter (Casiez, Roussel and Vogel 2012): the faster a box moves, the less it is smoothed, such
    that it stays behind by at most 8.5 % of the face's side; then some slack, so that a still face's box
    does not creep by single pixels.
    """

    def __init__(self) -> None:
        self._states: dict[int, _State] = {}

    def update(self, track: int | None, box: Box, timestamp: float) -> Box:
        """The box to draw.

        Args:
            track: the face's number; without one the box comes back as it is.
            box: as it was found.
            timestamp: seconds, not falling.
        """
        if track is None:
            return box
        raw = np.array((*box.centre, box.width, box.height))
        state = self._states.get(track)
        if state is None or timestamp - state.seen > _GAP:
            self._states = {key: kept for key, kept in self._states.items() if timestamp - kept.seen <= _GAP}
            state = self._states[track] = _State(raw, np.zeros(4), raw, raw, timestamp)
        _follow(state, raw, timestamp)
        x, y, width, height = state.drawn.tolist()
        return Box(x - width / 2, y - height / 2, width, height)


def _follow(state: _State, raw: _Values, timestamp: float) -> None:
    passed, side = timestamp - state.seen, max((raw[2] + raw[3]) / 2, 1.0)
    if passed > 0:
        state.speed = state.speed + _weight(passed, _CALM) * ((raw - state.raw) / passed - state.speed)
        calm = min(_CALM, _LAG * side / max(float(np.abs(state.speed).max()), 1e-6))
        state.smooth = state.smooth + _weight(passed, calm) * (raw - state.smooth)
    # A start at full speed is not foreseen by the speed so far: the limit holds there too.
    state.smooth = np.clip(state.smooth, raw - _MOST_LAG * side, raw + _MOST_LAG * side)
    state.drawn = np.clip(state.drawn, state.smooth - _SLACK * side, state.smooth + _SLACK * side)
    state.raw, state.seen = raw, timestamp


def _weight(passed: float, constant: float) -> float:
    return 1 - math.exp(-passed / constant)
