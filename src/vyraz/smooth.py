"""Scores that stand still: smoothing of a track's scores over real time, and a label that does not flicker."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DEFAULT_SECONDS", "Smoother"]

#: Time constant of smoothing in videos, in seconds, unless the user says otherwise.
DEFAULT_SECONDS = 0.4
#: Another label is shown only once it leads by this much, and the last one was shown for as many seconds.
_LEAD, _DWELL = 0.05, 0.3
#: Tracks that were not seen for longer, in seconds, are forgotten.
_MEMORY = 10.0
_SMALLEST = 1e-6

_Logs = npt.NDArray[np.float64]


@dataclass(slots=True)
class _State:
    logs: _Logs
    seen: float
    shown: str
    since: float


class Smoother:
    """An exponential moving average of log-scores for each track of one recording.

    In log space, as scores are calibrated probabilities: the average is the geometric mean, which a single
    odd frame moves less than the arithmetic one. The weight of a frame is 1 - exp(-dt / seconds) by real
    time, so it depends neither on the frame rate nor on `every`.

    Args:
        seconds: the time constant, above 0.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._states: dict[int, _State] = {}

    def update(self, track: int, scores: Mapping[str, float], timestamp: float) -> tuple[dict[str, float], str]:
        """Take the scores of one face in the next frame.

        Args:
            track: the face's number.
            scores: label -> calibrated probability.
            timestamp: seconds, not falling.

        Returns:
            Smoothed scores, which sum to 1, and the label to show.
        """
        logs = np.log(np.maximum([*scores.values()], _SMALLEST))
        state = self._states.get(track)
        if state is None:
            first = max(scores, key=scores.__getitem__)
            self._forget(timestamp)
            state = self._states[track] = _State(logs, timestamp, first, timestamp)
        weight = 1 - math.exp(-(timestamp - state.seen) / self._seconds)
        state.logs, state.seen = state.logs + weight * (logs - state.logs), timestamp
        smooth = _probabilities(scores, state.logs)
        _settle(state, smooth, timestamp)
        return smooth, state.shown

    def state(self) -> list[Any]:
        """All that is known, as JSON takes it."""
        return [[track, s.logs.tolist(), s.seen, s.shown, s.since] for track, s in self._states.items()]

    def restore(self, state: Sequence[Any]) -> None:
        """Go on from a state."""
        self._states = {track: _State(np.array(logs), seen, shown, since) for track, logs, seen, shown, since in state}

    def _forget(self, timestamp: float) -> None:
        """Keep the memory bounded in a recording where people come and go."""
        self._states = {track: state for track, state in self._states.items() if timestamp - state.seen <= _MEMORY}


def _probabilities(scores: Mapping[str, float], logs: _Logs) -> dict[str, float]:
    powers = np.exp(logs - logs.max())
    return dict(zip(scores, (powers / powers.sum()).tolist(), strict=True))


def _settle(state: _State, smooth: Mapping[str, float], timestamp: float) -> None:
    """Let another label be shown where it leads clearly and the last one was shown long enough."""
    best = max(smooth, key=smooth.__getitem__)
    steady = timestamp - state.since >= _DWELL
    if best != state.shown and steady and smooth[best] - smooth[state.shown] >= _LEAD:
        state.shown, state.since = best, timestamp
