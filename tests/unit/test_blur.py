"""Faces that are to be hidden are: wholly, at once, before they were found and after they were lost."""

from types import MappingProxyType

import cv2
import numpy as np
import pytest

from vyraz.blur import Veil, Veiled, blur_faces, hide
from vyraz.types import EMOTIONS, Box, Frame, Pixels, Record


def _noise(height: int = 240, width: int = 320) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _record(box: Box | None, index: int = 0, number: int | None = 1) -> Record:
    scores = MappingProxyType(dict.fromkeys(EMOTIONS, 1 / 7))
    if box is None:
        return Record("a.mp4", index, index / 25, "no_face")
    return Record("a.mp4", index, index / 25, "ok", number, box, 0.9, scores)


def _detail(pixels: Pixels, box: Box) -> float:
    """Mean edge strength inside a box."""
    x, y, w, h = map(int, box)
    edges = cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.CV_64F)
    return float(np.abs(edges[max(y, 0) : y + h, max(x, 0) : x + w]).mean())


def _run(boxes: list[Box | None], *, pixels: Pixels | None = None, numbers: list[int] | None = None) -> list[Veiled]:
    veil = Veil()
    out: list[Veiled] = []
    canvas = _noise() if pixels is None else pixels
    for index, box in enumerate(boxes):
        frame = Frame(canvas, index, index / 25, "a.mp4")
        out += veil.take(frame, [_record(box, index, numbers[index] if numbers else 1)])
    return [*out, *veil.flush()]


def _covers(boxes: list[Box], box: Box) -> bool:
    return any(
        one.x <= box.x
        and one.y <= box.y
        and one.x + one.width >= box.x + box.width
        and one.y + one.height >= box.y + box.height
        for one in boxes
    )


@pytest.mark.parametrize("box", [Box(100, 80, 60, 70), Box(0, 0, 90, 90), Box(-20, 150, 80, 120), Box(250, 10, 90, 90)])
def test_no_detail_is_left_in_the_box_and_its_margin(box: Box) -> None:
    picture = _noise()
    wide = Box(box.x - 0.15 * box.width, box.y - 0.15 * box.height, 1.3 * box.width, 1.3 * box.height)
    assert _detail(blur_faces(picture, [_record(box)]), wide) < 0.03 * _detail(picture, wide)


def test_what_is_far_stays_and_the_original_too() -> None:
    picture = _noise()
    before = picture.copy()
    blurred = blur_faces(picture, [_record(Box(100, 80, 60, 70))])
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(blurred[:, :80], picture[:, :80])
    np.testing.assert_array_equal(blurred[180:], picture[180:])


@pytest.mark.parametrize(
    "box", [Box(-50, -50, 20, 20), Box(400, 400, 9, 9), Box(5, 5, 0.5, 0.5), Box(-9, -9, 999, 999)]
)
@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (9, 7), (3, 2000)])
def test_any_box_in_any_picture(box: Box, shape: tuple[int, int]) -> None:
    canvas = _noise(*shape)
    hide(canvas, [box])
    assert canvas.shape == (*shape, 3)


def test_every_frame_comes_out_in_order_with_its_own_box() -> None:
    boxes: list[Box | None] = [Box(10 + 9 * i, 80, 60, 70) for i in range(25)]
    out = _run(boxes)
    assert [one.frame.index for one in out] == list(range(25))
    assert all(box is not None and box in one.boxes for one, box in zip(out, boxes, strict=True))


def test_a_lost_face_stays_hidden_for_a_second_and_the_place_grows() -> None:
    out = _run([Box(100, 80, 60, 70)] * 5 + [None] * 40)
    held = [one.boxes for one in out[5:]]
    areas = [boxes[0].width * boxes[0].height for boxes in held[:25]]
    assert areas == sorted(areas)
    assert areas[0] >= 60 * 70
    assert all(_covers(boxes, Box(100, 80, 60, 70)) for boxes in held[:25])
    assert not any(held[26:])


def test_a_face_that_moves_on_while_it_is_lost_stays_hidden() -> None:
    path = [Box(20 + 6 * i, 80, 60, 70) for i in range(30)]  # 150 pixels a second
    out = _run([*path[:10], *[None] * 15, *path[25:]])
    assert all(_covers(one.boxes, box) for one, box in zip(out, path, strict=True))


def test_a_face_is_hidden_before_it_is_first_found() -> None:
    out = _run([None] * 20 + [Box(100, 80, 60, 70)] * 3)
    assert all(_covers(one.boxes, Box(100, 80, 60, 70)) for one in out[8:])
    assert not out[0].boxes


def test_another_number_for_the_same_face_leaves_no_gap() -> None:
    box = Box(100, 80, 60, 70)
    out = _run([box] * 5 + [None] * 5 + [box] * 5, numbers=[1] * 10 + [2] * 5)
    assert all(_covers(one.boxes, box) for one in out)


def test_frames_that_wait_are_few_in_a_large_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyraz.blur._MOST_BYTES", 4 * 240 * 320 * 3)
    veil, waiting = Veil(), 0
    for index in range(20):
        ready = list(veil.take(Frame(_noise(), index, index / 25, "a.mp4"), [_record(None, index)]))
        waiting += 1 - len(ready)
        assert waiting <= 4


def test_without_a_number_a_face_is_hidden_all_the_same() -> None:
    veil = Veil()
    out = [*veil.take(Frame(_noise(), 0, None, "a"), [_record(Box(1, 2, 30, 40), 0, None)]), *veil.flush()]
    assert out[0].boxes == [Box(1, 2, 30, 40)]
