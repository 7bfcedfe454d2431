"""Faces made worse as cameras do it."""

import numpy as np
import pytest

from vyraz.training.augment import Augmentation, augment
from vyraz.training.degrade import blur, coarse, compress, darken, degrade
from vyraz.types import Gray


@pytest.fixture
def face() -> Gray:
    return np.random.default_rng(0).integers(30, 226, (12, 12), dtype=np.uint8).repeat(4, axis=0).repeat(4, axis=1)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def detail(face: Gray) -> float:
    return float(np.abs(np.diff(face.astype(int), axis=1)).mean())


def test_blur_takes_detail_and_leaves_the_mean(face: Gray) -> None:
    soft, softer = blur(face, 1), blur(face, 2)
    assert detail(softer) < detail(soft) < detail(face)
    assert abs(softer.mean() - face.mean()) < 3


def test_coarse_is_a_face_of_few_pixels(face: Gray) -> None:
    assert detail(coarse(face, 8)) < detail(coarse(face, 20)) < detail(face)
    np.testing.assert_array_equal(coarse(face, 48), face)


def test_compress_is_worse_at_lower_quality(face: Gray) -> None:
    losses = [np.abs(compress(face, quality).astype(int) - face).mean() for quality in (100, 50, 10)]
    assert losses == sorted(losses)
    assert losses[0] < 2


def test_darken_takes_light_and_leaves_noise(face: Gray) -> None:
    dark = darken(face, 0.25, rng(), noise=2.0)
    assert dark.mean() == pytest.approx(0.25 * face.mean(), abs=1)
    assert (dark - 0.25 * face).std() == pytest.approx(2, abs=0.3)
    assert darken(face, 1, rng(), noise=300).dtype == np.uint8


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_as_many_are_degraded_as_asked(face: Gray, chance: float) -> None:
    faces = np.repeat(face[None], 300, axis=0)
    worse = (degrade(faces.copy(), chance, rng()) != faces).any(axis=(1, 2)).mean()
    assert worse == pytest.approx(chance, abs=0.08)


def test_augmentation_degrades_only_where_asked(face: Gray) -> None:
    faces = np.repeat(face[None], 50, axis=0)
    plain = augment(faces, Augmentation(), rng())
    np.testing.assert_array_equal(plain, augment(faces, Augmentation(degrade=0), rng()))
    assert 10 < (augment(faces, Augmentation(degrade=0.5), rng()) != plain).any(axis=(1, 2)).sum() < 40
