"""Random changes of training pictures."""

from dataclasses import replace

import numpy as np
import pytest

from vyraz.training.augment import Augmentation, augment, augmentation_of
from vyraz.training.settings import settings_for
from vyraz.types import Gray

NOTHING = Augmentation(mirror=False, shift=0, scale=0, rotation=0, brightness=0, contrast=0, erase=0)


@pytest.fixture(scope="module")
def faces() -> Gray:
    """Every gray value, with extremes, noise and no symmetry."""
    images = np.random.default_rng(5).integers(0, 256, (64, 48, 48), dtype=np.uint8)
    images[0], images[1] = 0, 255
    return images


def changed(faces: Gray, limits: Augmentation, seed: int = 0) -> Gray:
    return augment(faces, limits, np.random.default_rng(seed))


def test_same_generator_gives_the_same_pictures(faces: Gray) -> None:
    first, second = changed(faces, Augmentation(), 1), changed(faces, Augmentation(), 1)
    np.testing.assert_array_equal(first, second)


def test_other_generators_give_other_pictures(faces: Gray) -> None:
    assert (changed(faces, Augmentation(), 1) != changed(faces, Augmentation(), 2)).any()


def test_global_random_state_is_neither_read_nor_changed(faces: Gray) -> None:
    np.random.seed(0)
    first = changed(faces, Augmentation(), 1)
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()
    np.testing.assert_array_equal(first, changed(faces, Augmentation(), 1))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_shape_and_type_are_kept(faces: Gray, count: int) -> None:
    result = changed(faces[:count], Augmentation())
    assert result.shape == (count, 48, 48)
    assert result.dtype == np.uint8


def test_pictures_that_came_in_are_left_as_they_were(faces: Gray) -> None:
    before = faces.copy()
    result = changed(faces, Augmentation(erase=1))
    np.testing.assert_array_equal(faces, before)
    assert not np.shares_memory(result, faces)


@pytest.mark.parametrize("seed", range(3))
def test_without_limits_nothing_changes(faces: Gray, seed: int) -> None:
    np.testing.assert_array_equal(changed(faces, NOTHING, seed), faces)


def test_mirror_turns_about_half_of_them_left_to_right_and_nothing_else(faces: Gray) -> None:
    result = changed(faces, replace(NOTHING, mirror=True))
    turned = [np.array_equal(after, before[:, ::-1]) for before, after in zip(faces[2:], result[2:], strict=True)]
    kept = [np.array_equal(after, before) for before, after in zip(faces[2:], result[2:], strict=True)]
    assert all(one != other for one, other in zip(turned, kept, strict=True))
    assert 16 <= sum(turned) <= 46


def test_shift_moves_within_its_limit() -> None:
    """A lone bright pixel lands at most 0.1 * 48 = 4.8 pixels away, and does move."""
    spots = np.zeros((50, 48, 48), dtype=np.uint8)
    spots[:, 24, 20] = 255
    result = changed(spots, replace(NOTHING, shift=0.1)).astype(float)
    weight = result.sum(axis=(1, 2))
    rows = (result.sum(axis=2) * np.arange(48)).sum(axis=1) / weight - 24
    columns = (result.sum(axis=1) * np.arange(48)).sum(axis=1) / weight - 20
    for moved in (rows, columns):
        assert np.abs(moved).max() <= 4.8 + 0.1
        assert moved.min() < -2
        assert moved.max() > 2


def test_scale_is_about_the_centre() -> None:
    squares = np.zeros((50, 48, 48), dtype=np.uint8)
    squares[:, 14:34, 14:34] = 255
    result = changed(squares, replace(NOTHING, scale=0.2)) / 255
    sides = np.sqrt(result.sum(axis=(1, 2)))
    assert 16 - 0.3 <= sides.min() < 18
    assert 22 < sides.max() <= 24 + 0.3
    # The same half a turn round, up to OpenCV's grid of 1/32 pixel.
    np.testing.assert_allclose(result, result[:, ::-1, ::-1], atol=0.1)


def test_rotation_keeps_the_middle_and_the_size() -> None:
    bars = np.zeros((50, 48, 48), dtype=np.uint8)
    bars[:, 22:26, 8:40] = 255
    result = changed(bars, replace(NOTHING, rotation=12))
    assert (result[:, 23:25, 23:25] == 255).all()
    # Pixels 15 off the middle have moved up or down by up to 15 * tan(12 degrees) = 3.2.
    middles = (result[:, :, 38] / 255.0 * np.arange(48)).sum(axis=1) / (result[:, :, 38] / 255.0).sum(axis=1) - 23.5
    assert np.abs(middles).max() <= 3.3
    assert middles.min() < -1.5
    assert middles.max() > 1.5


def test_brightness_moves_all_pixels_alike_within_its_limit() -> None:
    gray = np.full((50, 48, 48), 128, dtype=np.uint8)
    result = changed(gray, replace(NOTHING, brightness=0.15)).astype(int)
    assert (np.ptp(result, axis=(1, 2)) == 0).all()
    steps = result[:, 0, 0] - 128
    assert np.abs(steps).max() <= 39
    assert steps.min() < -15
    assert steps.max() > 15


def test_contrast_stretches_about_the_mean() -> None:
    faces = np.full((50, 48, 48), 100, dtype=np.uint8)
    faces[:, 24:] = 140
    result = changed(faces, replace(NOTHING, contrast=0.25)).astype(int)
    spread = result[:, 24:].mean(axis=(1, 2)) - result[:, :24].mean(axis=(1, 2))
    assert 29 <= spread.min() < 36
    assert 44 < spread.max() <= 51
    # Rounded, not cut off, which would darken every picture by half a step.
    np.testing.assert_allclose(result.mean(axis=(1, 2)), 120, atol=0.1)


def test_bright_pixels_do_not_wrap_round_to_dark() -> None:
    white = np.full((50, 48, 48), 255, dtype=np.uint8)
    assert changed(white, replace(NOTHING, brightness=0.15)).min() > 200


def test_erase_covers_one_rectangle_of_its_size() -> None:
    ramp = np.arange(48 * 48).reshape(1, 48, 48) % 251
    faces = np.repeat(ramp.astype(np.uint8), 50, axis=0)
    result = changed(faces, replace(NOTHING, erase=1))
    for before, after in zip(faces, result, strict=True):
        rows, columns = np.nonzero(after != before)
        region = after[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert np.ptp(region) == 0
        assert min(region.shape) >= 0.15 * 48 - 2
        assert max(region.shape) <= 0.4 * 48


def test_strength_is_how_far_all_changes_go_but_mirroring_and_degrading() -> None:
    settings = settings_for("small", strength=0.5, degrade=0.1)
    half = Augmentation(shift=0.05, scale=0.06, rotation=6, brightness=0.075, contrast=0.125, erase=0.125, degrade=0.1)
    assert augmentation_of(settings) == half
    assert augmentation_of(replace(settings, strength=0.0, degrade=0.0)) == replace(NOTHING, mirror=True)


def test_erase_is_as_frequent_as_asked() -> None:
    faces = np.repeat((np.arange(48 * 48) % 251).astype(np.uint8).reshape(1, 48, 48), 400, axis=0)
    touched = (changed(faces, replace(NOTHING, erase=0.25)) != faces).any(axis=(1, 2)).mean()
    assert 0.17 < touched < 0.33
