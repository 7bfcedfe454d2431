"""Both detectors on real faces whose place was measured by hand."""

from pathlib import Path

import numpy as np
import pytest

from vyraz.crop import roll_of
from vyraz.detect import Haar, YuNet, make_detector
from vyraz.errors import UsageError
from vyraz.pictures import read_picture
from vyraz.types import Box, Pixels

#: Grace Hopper from the brow under the cap to the chin, from temple to temple, measured in the picture by hand.
GRACE = Box(183, 122, 170, 210)


@pytest.fixture
def grace(grace_hopper: Path) -> Pixels:
    return read_picture(grace_hopper)


def assert_near(box: Box, hand: Box, share: float) -> None:
    for found, measured, size in zip(box, hand, (hand.width, hand.height) * 2, strict=True):
        assert abs(found - measured) <= share * size


def test_yunet_finds_grace_hopper_once(grace: Pixels) -> None:
    (face,) = YuNet()(grace)
    assert_near(face.box, GRACE, 0.10)
    assert face.score is not None
    assert face.score > 0.8
    assert face.landmarks is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert right_mouth[0] < left_mouth[0]


def test_haar_finds_grace_hopper(grace: Pixels) -> None:
    faces = Haar()(grace)
    assert faces[0].box.overlap(GRACE) > 0.4
    assert faces[0].score is None
    assert faces[0].landmarks is None


@pytest.mark.parametrize("quarters", [1, -1])
def test_a_lying_head_is_found_where_it_is(grace: Pixels, quarters: int) -> None:
    lying = np.ascontiguousarray(np.rot90(grace, quarters))
    detector = YuNet()
    assert detector(lying) == [] or abs(roll_of(detector(lying)[0])) > 45
    (face,) = detector(lying, turned=True)
    height, width = grace.shape[:2]
    x, y, w, h = GRACE
    hand = Box(y, width - x - w, h, w) if quarters == 1 else Box(height - y - h, x, h, w)
    assert_near(face.box, hand, 0.12)
    assert roll_of(face) == pytest.approx(-90 * quarters, abs=15)


def test_a_large_picture_gives_boxes_in_its_own_pixels(grace: Pixels) -> None:
    large = np.repeat(np.repeat(grace, 3, axis=0), 3, axis=1)
    (face,) = YuNet()(large)
    assert_near(face.box, Box(*(3 * value for value in GRACE)), 0.12)


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (2000, 1, 3), (48, 48, 3)])
@pytest.mark.parametrize("name", ["yunet", "haar"])
def test_nothing_in_odd_pictures(shape: tuple[int, int, int], name: str) -> None:
    assert make_detector(name)(np.full(shape, 127, dtype=np.uint8), turned=True) == []


def test_wrong_names_and_scores() -> None:
    with pytest.raises(UsageError, match="yunet, haar"):
        make_detector("mtcnn")
    with pytest.raises(UsageError, match="no score"):
        make_detector("haar", 0.5)
    with pytest.raises(UsageError, match=r"1\.5"):
        make_detector("yunet", 1.5)
    assert make_detector("yunet", 0.99)(np.zeros((64, 64, 3), dtype=np.uint8)) == []
