"""Segments and traces of any recording: nothing lost, nothing counted twice, memory bounded."""

from collections import Counter
from itertools import accumulate, pairwise
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyraz.segments import UNSEEN, Segments
from vyraz.trace import Trace
from vyraz.types import Box, Record

_LABELS = ("happy", "sad", "neutral")
_STEPS = st.floats(0.01, 2.5)
_SHOWN = st.dictionaries(st.integers(1, 3), st.sampled_from(_LABELS))
_FRAMES = st.lists(st.tuples(_STEPS, _SHOWN), max_size=40)


def _records(seconds: float, shown: dict[int, str]) -> list[Record]:
    scores = MappingProxyType(dict.fromkeys(_LABELS, 1 / 3))
    box = Box(0, 0, 40, 40)
    faces = [Record("a", 0, seconds, "ok", number, box, 0.9, scores, shown=label) for number, label in shown.items()]
    return faces or [Record("a", 0, seconds, "no_face")]


@given(_FRAMES)
def test_segments_of_a_person(steps: list[tuple[float, dict[int, str]]]) -> None:
    times = list(accumulate(step for step, _ in steps))
    segments = Segments()
    frames = [(at, shown) for at, (_, shown) in zip(times, steps, strict=True)]
    found = [one for at, shown in frames for one in segments.take(_records(at, shown))] + segments.finish()
    for number in (1, 2, 3):
        mine = sorted((one for one in found if one.face_id == number), key=lambda one: one.start)
        seen = [(at, shown[number]) for at, shown in frames if number in shown]
        # They never overlap, none ends before it began, and together they are no longer than the recording.
        assert all(one.end <= later.start for one, later in pairwise(mine))
        assert all(one.seconds >= 0 for one in mine)
        assert sum(one.seconds for one in mine) <= (times[-1] - times[0] if times else 0) + 1e-9
        # Every frame is in exactly one, with its label.
        assert Counter(one.emotion for one in mine for _ in range(one.frames)) == Counter(label for _, label in seen)
        for at, label in seen:
            holding = [one for one in mine if one.start <= at][-1]
            assert holding.emotion == label
            assert at <= holding.end
        # A stretch without holes is covered without holes.
        if seen and all(number in shown for _, shown in frames) and all(step < UNSEEN for step, _ in steps[1:]):
            assert sum(one.seconds for one in mine) == pytest.approx(times[-1] - times[0])


@given(st.lists(st.floats(0, 40_000), min_size=1, max_size=60).map(sorted))
def test_a_trace_keeps_the_mean_in_bounded_memory(times: list[float]) -> None:
    trace = Trace(2, times[0])
    for place, seconds in enumerate(times):
        trace.add(seconds, (place, 1.0), uncertain=place % 2 == 1)
    means = trace.means()
    assert len(means) <= 2048
    assert len(means) * trace.width > times[-1] - times[0]
    seen = means[~np.isnan(means[:, 0])]
    assert np.allclose(seen[:, 1], 1.0)
    assert np.all(np.diff(seen[:, 0]) > 0)
    trace.coarsen(1000.0)
    assert len(trace.means()) < len(means) or trace.width > 500
    # The first bin holds the first frame, the last bin the last one.
    assert means[0, 0] < len(times)
    assert not np.isnan(means[-1]).any()
