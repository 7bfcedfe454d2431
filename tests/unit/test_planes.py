"""Parts of decoded frames against FFmpeg's own conversion of the whole."""

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from vyraz.crop import to_gray
from vyraz.planes import view_of
from vyraz.types import Gray, Pixels, Plain

#: Levels of 255 by which the two may differ: FFmpeg rounds down.
TOLERANCE = 4


def picture() -> Pixels:
    """Soft colours, as halved colour planes can hold them."""
    rows, columns = np.mgrid[:96, :128]
    soft = [np.sin(rows / 17) + 1, np.cos(columns / 23) + 1, np.sin((rows + columns) / 31) + 1]
    return np.asarray(np.stack(soft, axis=2) * 100 + 25, dtype=np.uint8)


def decoded(pixel_format: str = "yuv420p", matrix: int = 2, levels: int = 1, rgb: Pixels | None = None) -> VideoFrame:
    source = VideoFrame.from_ndarray(picture() if rgb is None else rgb, format="rgb24")
    frame = source.reformat(format=pixel_format, dst_colorspace=1 if matrix == 1 else 5, dst_color_range=levels)
    frame.colorspace, frame.color_range = matrix, levels
    return frame


@pytest.mark.parametrize("matrix", [1, 2, 5, 6])
@pytest.mark.parametrize(("pixel_format", "levels"), [("yuv420p", 1), ("yuv420p", 2), ("yuvj420p", 2)])
def test_colours_are_ffmpegs_and_true(pixel_format: str, levels: int, matrix: int) -> None:
    frame = decoded(pixel_format, matrix, levels)
    view = view_of(frame)
    assert not isinstance(view, Plain)
    part = view.part(0, 0, 128, 96).astype(int)
    assert np.abs(part - view.whole()).max() <= TOLERANCE
    assert np.abs(part - picture()).mean() < 2


@pytest.mark.parametrize("levels", [1, 2])
def test_gray_is_the_brightness_of_the_colours(levels: int) -> None:
    view = view_of(decoded(levels=levels))
    gray = np.asarray(view.part(11, 20, 70, 81, colour=False)).astype(int)
    assert np.abs(gray - to_gray(view.part(11, 20, 70, 81))).max() <= 1


@pytest.mark.parametrize(("pixel_format", "matrix"), [("yuv444p", 2), ("yuv420p10le", 2), ("rgb24", 2), ("yuv420p", 9)])
def test_other_kinds_are_converted_whole(pixel_format: str, matrix: int) -> None:
    frame = VideoFrame.from_ndarray(picture(), format="rgb24").reformat(format=pixel_format)
    frame.colorspace = matrix
    view = view_of(frame)
    assert isinstance(view, Plain)
    assert view.shape == (96, 128)


def test_odd_sides_are_converted_whole() -> None:
    assert isinstance(view_of(decoded(rgb=picture()[:95])), Plain)


@given(st.tuples(*[st.integers(-10, 140)] * 4))
def test_a_part_is_that_of_the_whole(sides: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = sides
    view = view_of(decoded())
    plain = Plain(view.part(0, 0, 128, 96))
    np.testing.assert_array_equal(view.part(left, top, right, bottom), plain.part(left, top, right, bottom))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_frame_is_upright(turns: int) -> None:
    class Turned:
        """A frame cannot be given a rotation from here."""

        def __init__(self, frame: VideoFrame) -> None:
            self._frame, self.rotation = frame, 90 * turns

        def __getattr__(self, name: str) -> object:
            return getattr(self._frame, name)

    view = view_of(Turned(decoded()))  # type: ignore[arg-type]
    expected = np.rot90(picture(), turns)
    assert view.shape == expected.shape[:2] == view.whole().shape[:2]
    assert np.abs(view.whole().astype(int) - expected).mean() < 3
    part = view.part(10, 20, 70, 81)
    assert np.abs(part.astype(int) - view.whole()[20:81, 10:70]).max() <= TOLERANCE


@pytest.mark.parametrize("step", [1, 3, 8])
def test_samples_are_every_so_manieth_pixel(step: int) -> None:
    rgb = np.repeat(picture()[..., :1], 3, axis=2)
    samples: Gray = view_of(decoded("yuvj420p", 2, 2, rgb)).sampled(step)
    assert samples.shape == Plain(rgb).sampled(step).shape
    assert np.abs(samples.astype(int) - Plain(rgb).sampled(step)).max() <= TOLERANCE
