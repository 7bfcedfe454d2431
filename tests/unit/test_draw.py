"""What is drawn is inside the picture, at the face, legible and apart."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from vyraz.draw import ACCENTS, COLOURS, accent_of, annotate
from vyraz.place import Placer
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
    assert (drawn[100:160, 99] != picture[100:160, 99]).any()
    np.testing.assert_array_equal(drawn[200:, :90], picture[200:, :90])


def test_without_a_face_nothing_is_drawn() -> None:
    picture = noise()
    np.testing.assert_array_equal(annotate(picture, [Record("a.jpg", 0, None, "no_face")]), picture)


@pytest.mark.parametrize("box", [Box(-50, -50, 80, 80), Box(300, 220, 90, 90), Box(0, 0, 320, 240), Box(5, 5, 1, 1)])
@pytest.mark.parametrize("shape", [(240, 320), (9, 7), (40, 2000)])
def test_any_box_in_any_picture(box: Box, shape: tuple[int, int]) -> None:
    drawn = annotate(noise(*shape), [record(box), record(box, "sad")], blur=True)
    assert drawn.shape == (*shape, 3)


def crowd(count: int, width: int, height: int) -> list[Record]:
    rng = np.random.default_rng(count)
    side = 0.12 * min(width, height)
    return [
        replace(record(Box(x * width, y * height, side, side), EMOTIONS[i % 7]), face_id=i + 1)
        for i, (x, y) in enumerate(rng.uniform(-0.05, 0.95, (count, 2)))
    ]


@pytest.mark.parametrize("size", [(160, 120), (640, 480), (1080, 1920), (3840, 2160)])
@pytest.mark.parametrize("count", [1, 3, 10])
def test_labels_and_bars_are_inside_the_picture_and_apart(size: tuple[int, int], count: int) -> None:
    faces, text = crowd(count, *size), max(11, round(min(size) * 0.03))
    wanted = [(face.face_id, face.box or Box(0, 0, 0, 0), (9 * text, 6 * text), 7) for face in faces]
    placed = Placer().place(wanted, *size, text)
    marks = [mark for one in placed for mark in (one.chip, one.bars) if mark is not None]
    for mark in marks:
        assert mark.x >= 0
        assert mark.y >= 0
        assert mark.x + mark.width <= size[0]
        assert mark.y + mark.height <= size[1]
    if count <= 3:
        assert all(one.overlap(other) == 0 for i, one in enumerate(marks) for other in marks[:i])


def test_a_label_stays_on_its_side_while_there_is_room() -> None:
    placer = Placer()
    low, high = Box(100, 5, 60, 60), Box(100, 150, 60, 60)
    sides = [
        placer.place([(1, box, (90, 60), 7)], 320, 240, 12)[0].chip.y > box.y + box.height for box in (low, high, high)
    ]
    assert sides == [True, True, True]


def test_letters_are_legible_at_any_resolution() -> None:
    """A label's text, drawn on its colour, has strong contrast and a height of some ten pixels at least."""
    for size in ((120, 160), (480, 640), (2160, 3840)):
        box = Box(0.4 * size[1], 0.4 * size[0], 0.2 * size[0], 0.2 * size[0])
        drawn = annotate(np.full((*size, 3), 128, np.uint8), [record(box, "sad")])
        chip = (drawn == COLOURS["sad"]).all(axis=2)[: int(box.y)]
        rows = np.flatnonzero(chip.any(axis=1))
        assert len(rows) >= max(14, 0.04 * size[0])
        assert (drawn[rows[0] : rows[-1]] > 220).all(axis=2).any()


def test_an_uncertain_label_is_gray() -> None:
    pixels = np.full((240, 320, 3), 128, np.uint8)
    drawn = annotate(pixels, [replace(record(Box(100, 100, 60, 60), "sad"), status="uncertain")])
    assert not (drawn[:99] == COLOURS["sad"]).all(axis=2).any()
    assert (drawn[:99] == (110, 110, 110)).all(axis=2).any()


def test_nothing_inside_a_box_is_covered() -> None:
    picture, box = noise(), Box(100, 100, 60, 60)
    drawn = annotate(picture, [record(box)])
    np.testing.assert_array_equal(drawn[100:160, 100:160], picture[100:160, 100:160])


def test_the_steady_scores_and_label_are_drawn() -> None:
    smooth = MappingProxyType({label: 1.0 if label == "fear" else 0.0 for label in EMOTIONS})
    steady = replace(record(Box(100, 100, 60, 60), "happy"), smooth=smooth, shown="fear")
    raw = replace(record(Box(100, 100, 60, 60), "fear"), scores=smooth)
    np.testing.assert_array_equal(annotate(noise(), [steady]), annotate(noise(), [raw]))


def test_a_face_keeps_its_accent_and_neighbours_differ() -> None:
    assert accent_of(1) == accent_of(1 + len(ACCENTS))
    assert len({accent_of(number) for number in range(1, 1 + len(ACCENTS))}) == len(ACCENTS) == len(set(ACCENTS))


def test_labels_of_another_model_are_drawn() -> None:
    strange = Record("a", 0, None, "ok", 1, Box(90, 90, 60, 60), 0.9, MappingProxyType({"calm": 0.6, "wild": 0.4}))
    assert annotate(noise(), [strange]).shape == (240, 320, 3)
