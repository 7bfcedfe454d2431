"""Where the label and the bars of each face go: near it, inside the picture, over nothing else, and steadily."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vyraz.types import Box

__all__ = ["Placement", "Placer"]

#: Bars beside the faces are for so few of them; with more, a strip under each is tidier.
_MOST_WITH_BARS = 3
#: A label so many times wider than its face goes without the percentage, where there are several faces.
_TOO_WIDE = 1.5

#: A face's number, its box, its label's widths with and without percent, its rows of bars.
Wanted = tuple[int | None, Box, tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where things are drawn, in whole pixels. Without room for `bars` the `strip` stands for them.

    `short` says that the label goes without its percentage.
    """

    chip: Box
    short: bool
    strip: Box
    bars: Box | None


class Placer:
    """Places the labels and bars of one recording; each stays on its side of the face while it has room there."""

    def __init__(self) -> None:
        self._chip_sides: dict[int, int] = {}
        self._bar_sides: dict[int, int] = {}

    def place(self, faces: Sequence[Wanted], width: int, height: int, size: int) -> list[Placement]:
        """One placement a face.

        Args:
            faces: of this frame, those to be served first in front.
            width: of the picture, in pixels.
            height: of the picture, in pixels.
            size: height of letters in pixels.
        """
        limits, taken = Box(0, 0, width, height), [box for _, box, _, _ in faces]
        chips = [self._chip(face, len(faces) > 1, size, limits, taken) for face in faces]
        places = []
        for (number, box, _, rows), (chip, short) in zip(faces, chips, strict=True):
            bars = self._bars(number, box, rows, size, limits, taken) if len(faces) <= _MOST_WITH_BARS else None
            places.append(Placement(chip, short, _strip(box, size, limits), bars))
        self._forget({number for number, *_ in faces})
        return places

    def _chip(self, face: Wanted, several: bool, size: int, limits: Box, taken: list[Box]) -> tuple[Box, bool]:
        """The place of a label, and whether it is the short one."""
        number, box, widths, _ = face
        short = several and widths[0] > _TOO_WIDE * box.width
        sides = list(_around(box, Box(0, 0, widths[short], round(1.45 * size)), size, limits))
        taken.append(sides[_choose(sides, number, self._chip_sides, taken, limits)])
        return taken[-1], short

    def _bars(self, number: int | None, box: Box, rows: int, size: int, limits: Box, taken: list[Box]) -> Box | None:
        sides = list(_beside(box, rows, size, limits))
        best = sides[_choose(sides, number, self._bar_sides, taken, limits)]
        if _outside(best, limits) or any(_shared(best, other) for other in taken):
            return None
        taken.append(best)
        return best

    def _forget(self, present: set[int | None]) -> None:
        for sides in (self._chip_sides, self._bar_sides):
            if len(sides) > 64:
                for number in sides.keys() - present:
                    del sides[number]


def _choose(
    sides: Sequence[Box], number: int | None, remembered: dict[int, int], taken: Sequence[Box], limits: Box
) -> int:
    """The first side that covers and lacks least; the last one again where that is as good."""
    before = remembered.get(number, 0) if number is not None else 0
    costs: dict[int, float] = {}
    for side in sorted(range(len(sides)), key=lambda side: side != before):
        costs[side] = _outside(sides[side], limits) + sum(_shared(sides[side], other) for other in taken)
        if not costs[side]:
            break
    best = min(costs, key=costs.__getitem__)
    if number is not None:
        remembered[number] = best
    return best


def _around(box: Box, chip: Box, size: int, limits: Box) -> Iterator[Box]:
    """Above the box, from its left or right edge; below it; inside it. All inside the picture."""
    gap = max(5, round(0.32 * size))
    above, right = box.y - chip.height - gap, box.x + box.width - chip.width
    below = box.y + box.height + size
    for x, y in ((box.x, above), (right, above), (box.x, below), (right, below), (box.x + gap, box.y + gap)):
        yield _pushed(Box(x, y, chip.width, chip.height), limits)


def _beside(box: Box, rows: int, size: int, limits: Box) -> Iterator[Box]:
    """Right of the box, left, below, above."""
    small, gap = max(10, round(0.82 * size)), round(0.6 * size)
    width, height = small * 10, round(small * (1.3 * rows + 0.6))
    top = min(max(box.y, 0), max(limits.height - height, 0))
    yield _rounded(Box(box.x + box.width + gap, top, width, height))
    yield _rounded(Box(box.x - width - gap, top, width, height))
    left = min(max(box.x, 0), max(limits.width - width, 0))
    yield _rounded(Box(left, box.y + box.height + gap, width, height))
    yield _rounded(Box(left, box.y - height - 2.5 * size, width, height))


def _strip(box: Box, size: int, limits: Box) -> Box:
    """Just under the box, or along its lower edge where it reaches the picture's."""
    left, right = max(box.x, 0), min(box.x + box.width, limits.width)
    height, gap = max(4, round(0.4 * size)), max(5, round(0.32 * size))
    y = min(box.y + box.height + gap, limits.height - height - 1)
    return _rounded(Box(left, y, max(right - left, 1), height))


def _pushed(box: Box, limits: Box) -> Box:
    x = min(max(box.x, 1), max(limits.width - box.width - 1, 0))
    y = min(max(box.y, 1), max(limits.height - box.height - 1, 0))
    return _rounded(Box(x, y, box.width, box.height))


def _rounded(box: Box) -> Box:
    return Box(*map(round, box))


def _outside(box: Box, limits: Box) -> float:
    """Area of a box that lies outside the picture."""
    return box.width * box.height - _shared(box, limits)


def _shared(one: Box, other: Box) -> float:
    """Area that two boxes have in common."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(across, 0.0) * max(down, 0.0)
