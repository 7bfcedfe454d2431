"""What is drawn is inside the picture, at the face, and blurring destroys detail."""

from types import MappingProxyType

import cv2
import numpy as np
import pytest

from vyraz.draw import annotate, blur_faces
from vyraz.types import EMOTIONS, Box, Pixels, Record


def noise(height: int = 240, width: int = 320) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def record(box: Box, emotion: str = "happy") -> Record:
    scores = {label: 0.7 if label == emotion else 0.05 for label in EMOTIONS}
    return Record("a.jpg", 0, None, "ok", 1, box, 0.9, MappingProxyType(scores))


def test_the_original_is_untouched_and_far_pixels_stay() -> None:
    picture = noise()
    before = picture.copy()
    drawn = annotate(picture, [record(Box(100, 100, 60, 60))])
    np.testing.assert_array_equal(picture, before)
    assert (drawn[100:160, 100] != picture[100:160, 100]).any()
    np.testing.assert_array_equal(drawn[200:, :90], picture[200:, :90])


def test_without_a_face_nothing_is_drawn() -> None:
    picture = noise()
    np.testing.assert_array_equal(annotate(picture, [Record("a.jpg", 0, None, "no_face")]), picture)


@pytest.mark.parametrize("box", [Box(-50, -50, 80, 80), Box(300, 220, 90, 90), Box(0, 0, 320, 240), Box(5, 5, 1, 1)])
@pytest.mark.parametrize("shape", [(240, 320), (9, 7), (40, 2000)])
def test_any_box_in_any_picture(box: Box, shape: tuple[int, int]) -> None:
    drawn = annotate(noise(*shape), [record(box), record(box, "sad")], blur=True)
    assert drawn.shape == (*shape, 3)


def test_blur_leaves_no_detail_in_the_face_and_all_of_it_elsewhere() -> None:
    picture, box = noise(), Box(100, 80, 60, 70)
    blurred = blur_faces(picture, [record(box)])
    edges = cv2.Laplacian(cv2.cvtColor(blurred, cv2.COLOR_RGB2GRAY), cv2.CV_64F)[82:148, 102:158]
    before = cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_64F)[82:148, 102:158]
    assert np.abs(edges).mean() < 0.02 * np.abs(before).mean()
    np.testing.assert_array_equal(blurred[:, :80], picture[:, :80])
