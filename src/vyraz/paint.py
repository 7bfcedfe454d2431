"""Marks on a picture, in place and only where they are: text, panels, bars. Cut off at the picture's border."""

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vyraz.types import Box, Gray, Pixels

__all__ = ["Colour", "bar", "frame_box", "panel", "text", "text_width"]

#: Red, green, blue, 0..255.
Colour = tuple[int, int, int]

#: What of the picture shows through, of 255, and what is added to it: both uint8 (h, w, 3).
_Stamp = tuple[Pixels, Pixels]

#: Corners are drawn so many times finer, then made smaller, for smooth edges.
_FINER = 4


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@lru_cache(maxsize=1024)
def text_width(words: str, size: int) -> int:
    """Pixels across of a line of text whose letters are `size` high."""
    return int(np.ceil(_font(size).getlength(words)))


@lru_cache(maxsize=256)
def _letters(words: str, size: int, ink: Colour) -> _Stamp:
    """A line of text, (2 size, width); its base line lies such that capitals stand in the middle."""
    image = Image.new("L", (text_width(words, size) + 2, 2 * size))
    ImageDraw.Draw(image).text((0, round(1.36 * size)), words, fill=255, font=_font(size), anchor="ls")
    return _stamp(np.asarray(image), ink)


@lru_cache(maxsize=16)
def _plate(width: int, height: int, radius: int, colour: Colour, opacity: float) -> _Stamp:
    """A rectangle with round corners."""
    image = Image.new("L", (width * _FINER, height * _FINER))
    corners = (0, 0, width * _FINER - 1, height * _FINER - 1)
    ImageDraw.Draw(image).rounded_rectangle(corners, radius=radius * _FINER, fill=round(255 * opacity))
    return _stamp(np.asarray(image.resize((width, height), Image.Resampling.BOX)), colour)


def _stamp(mask: Gray, colour: Colour) -> _Stamp:
    """From how much covers each pixel, uint8 (h, w)."""
    weight = np.repeat(mask[..., None], 3, axis=2)
    ink = (weight * np.array(colour, dtype=np.uint16) + 127) // 255
    return 255 - weight, ink.astype(np.uint8)


def text(canvas: Pixels, words: str, left: float, middle: float, size: int, ink: Colour) -> None:
    """A line of text.

    Args:
        canvas: RGB uint8 (H, W, 3), written in place.
        words: what to write.
        left: where it begins, in pixels.
        middle: half the height of its capitals, in pixels from above.
        size: of the letters, in pixels.
        ink: its colour.
    """
    _blend(canvas, round(left), round(middle) - size, _letters(words, size, ink))


def panel(canvas: Pixels, box: Box, radius: int, colour: Colour, opacity: float = 1.0) -> None:
    """A filled rectangle with round corners; `opacity` 0..1."""
    left, top, right, bottom = _edges(box)
    if right > left and bottom > top:
        _blend(canvas, left, top, _plate(right - left, bottom - top, radius, colour, opacity))


def bar(canvas: Pixels, box: Box, colour: Colour) -> None:
    """A filled rectangle with sharp corners."""
    left, top, right, bottom = _edges(box)
    if right > left and bottom > top:
        cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)


def frame_box(canvas: Pixels, box: Box, line: int, colour: Colour, rim: Colour) -> None:
    """The outline of a box with heavier corners, in a rim that keeps it visible on any picture.

    It grows outwards only: nothing inside the box is covered.
    """
    arm = max(round(0.2 * min(box.width, box.height)), 2 * line)
    _outline(canvas, box, line + 1, None, rim)
    _outline(canvas, box, 2 * line + 1, arm + 1, rim)
    _outline(canvas, box, line, None, colour)
    _outline(canvas, box, 2 * line, arm, colour)


def _outline(canvas: Pixels, box: Box, thick: int, arm: int | None, colour: Colour) -> None:
    """Bars around a box, `thick` pixels; where `arm` is given, only so many pixels from each corner on."""
    left, top, right, bottom = _edges(box)
    for start, end in _pieces(left, right, thick, arm):
        for y in (top - thick, bottom):
            bar(canvas, Box(start, y, end - start, thick), colour)
    for start, end in _pieces(top, bottom, thick, arm):
        for x in (left - thick, right):
            bar(canvas, Box(x, start, thick, end - start), colour)


def _pieces(first: int, last: int, thick: int, arm: int | None) -> list[tuple[int, int]]:
    if arm is None:
        return [(first - thick, last + thick)]
    return [(first - thick, first + arm), (last - arm, last + thick)]


def _edges(box: Box) -> tuple[int, int, int, int]:
    return round(box.x), round(box.y), round(box.x + box.width), round(box.y + box.height)


def _blend(canvas: Pixels, left: int, top: int, stamp: _Stamp) -> None:
    """Lay a stamp over the canvas, as far as it lies inside."""
    height, width = canvas.shape[:2]
    x, y = max(left, 0), max(top, 0)
    through, ink = (one[y - top : max(height - top, 0), x - left : max(width - left, 0)] for one in stamp)
    if ink.size:
        part = canvas[y : y + ink.shape[0], x : x + ink.shape[1]]
        part[:] = cv2.add(cv2.multiply(part, through, scale=1 / 255), ink)
