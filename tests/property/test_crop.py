"""Whatever box a detector gives, the crop is a 48x48 picture made of the frame's own pixels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vyraz.crop import Framing, crop_face
from vyraz.types import Box, Face

places = st.floats(-300, 300)
sizes = st.floats(0.01, 900)
point = st.tuples(places, places)


@settings(max_examples=200, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    box=st.builds(Box, places, places, sizes, sizes),
    marks=st.none() | st.tuples(point, point, point, point, point),
    framing=st.builds(Framing, st.floats(0.5, 2), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
)
def test_any_box_anywhere(
    shape: tuple[int, int], box: Box, marks: tuple[tuple[float, float], ...] | None, framing: Framing
) -> None:
    picture = np.random.default_rng(1).integers(50, 180, (*shape, 3), dtype=np.uint8)
    crop = crop_face(picture, Face(box, 0.9, marks), framing)
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert crop.min() >= 49
    assert crop.max() <= 181
