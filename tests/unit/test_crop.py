"""crop.py on pictures whose answer is known."""

import numpy as np
import numpy.typing as npt
import pytest

from vyraz.crop import SIDE, Framing, crop_face, fit_face, roll_of, to_gray, to_input
from vyraz.types import Box, Face, Pixels

WHOLE = Framing(side=1.0)


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth(height: int, width: int) -> Pixels:
    """A plane that rises across and down: any crop of it can be computed."""
    rows, columns = np.mgrid[0:height, 0:width]
    plane = (columns * 100 / width + rows * 100 / height + 20).astype(np.uint8)
    return np.repeat(plane[..., None], 3, axis=2)


def landmarks(roll: float, x: float, y: float, size: float) -> tuple[tuple[float, float], ...]:
    turn = np.exp(1j * np.radians(roll)) * size
    points = [complex(*point) * turn for point in ((-0.2, -0.15), (0.2, -0.15), (0, 0.05), (-0.15, 0.25), (0.15, 0.25))]
    return tuple((x + point.real, y + point.imag) for point in points)


def means_of_three(picture: Pixels, x: int, y: int) -> npt.NDArray[np.float64]:
    """What 144 pixels from (x, y) on come to when every three by three are averaged."""
    blocks = to_gray(picture)[y : y + 144, x : x + 144].reshape(SIDE, 3, SIDE, 3)
    return np.asarray(blocks.mean(axis=(1, 3)))


def test_a_box_of_144_is_averaged_by_threes() -> None:
    picture = noise(200, 220)
    crop = crop_face(picture, Face(Box(30, 20, 144, 144), 1.0), WHOLE)
    assert np.abs(crop - means_of_three(picture, 30, 20)).max() <= 0.5


def test_a_face_that_moves_by_half_a_pixel_stays_as_sharp() -> None:
    picture = noise(300, 300)
    moved = [Face(Box(20 + 2 * part, 20 + 2 * part, 96, 96), 1.0) for part in (0, 0.25, 0.5, 0.75)]
    spreads = [float(crop_face(picture, face, WHOLE).std()) for face in moved]
    assert min(spreads) > 0.9 * max(spreads)


def test_a_large_box_is_averaged_down() -> None:
    # Stripes two pixels wide are finer than a pixel of the crop: they must fade to their mean, not alias.
    picture = np.zeros((300, 300, 3), dtype=np.uint8)
    picture[:, (np.arange(300) // 2) % 2 == 0] = 200
    crop = crop_face(picture, Face(Box(30.4, 20.7, 200, 200), 1.0), WHOLE)
    assert np.abs(crop.astype(float) - 100).max() < 40
    assert abs(crop.mean() - 100) < 2


@pytest.mark.parametrize("size", [12, 48, 73.4, 200])
def test_scale_and_place_are_kept_on_a_plane(size: float) -> None:
    picture = smooth(400, 500)
    x, y = 150.3, 120.8
    crop = crop_face(picture, Face(Box(x, y, size, size), 1.0), WHOLE).astype(float)
    steps = (np.arange(SIDE) + 0.5) * size / SIDE - 0.5
    expected = 20 + (x + steps)[None, :] * 0.2 + (y + steps)[:, None] * 0.25
    assert np.abs(crop - expected).max() < 2


def test_margin_and_shift() -> None:
    picture = noise(240, 240)
    crop = crop_face(picture, Face(Box(80, 80, 72, 72), 1.0), Framing(side=2.0, right=0.25, down=-0.125))
    # A side of 144, its centre 36 right of and 18 above the box's centre (116, 116).
    assert np.abs(crop - means_of_three(picture, 80, 26)).max() <= 0.5


def test_a_tilted_head_is_turned_upright() -> None:
    picture = noise(201, 201)
    upright = crop_face(picture, Face(Box(60, 60, 80, 80), 1.0, landmarks(0, 100, 100, 80)), WHOLE)
    turned = np.ascontiguousarray(np.rot90(picture, -1))
    # Clockwise by a quarter, (x, y) goes to (H - y, x).
    face = Face(Box(61, 60, 80, 80), 1.0, landmarks(90, 101, 100, 80))
    assert roll_of(face) == pytest.approx(90)
    difference = np.abs(crop_face(turned, face, WHOLE).astype(int) - upright)
    assert difference.mean() < 1
    assert difference.max() < 8


def test_a_small_tilt_is_left_alone() -> None:
    picture = noise(200, 200)
    plain, tilted = (Face(Box(60, 60, 80, 80), 1.0, marks) for marks in (None, landmarks(6, 100, 100, 80)))
    np.testing.assert_array_equal(crop_face(picture, plain, WHOLE), crop_face(picture, tilted, WHOLE))


def test_beyond_the_border_the_edge_is_repeated() -> None:
    picture = np.full((60, 60, 3), 200, dtype=np.uint8)
    picture[:, :5] = 10
    crop = crop_face(picture, Face(Box(-24, 6, 48, 48), 1.0), WHOLE)
    assert (crop[:, :24] == 10).all()
    assert (crop[:, 30:] == 200).all()


def test_fit_face() -> None:
    picture = noise(96, 96)
    assert fit_face(picture).shape == (48, 48)
    small = to_gray(noise(48, 48))
    assert fit_face(small) is small


def test_to_input() -> None:
    faces = np.arange(2 * 48 * 48, dtype=np.uint32).astype(np.uint8).reshape(2, 48, 48)
    scaled = to_input(faces)
    assert scaled.shape == (2, 48, 48, 1)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal((scaled[..., 0] * 255).round().astype(np.uint8), faces)
    assert to_input(np.empty((0, 48, 48), dtype=np.uint8)).shape == (0, 48, 48, 1)
