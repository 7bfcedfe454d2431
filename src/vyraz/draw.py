"""Draw what was read onto the picture: boxes, labels, bars. Faces can be made unrecognisable."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vyraz.types import Box, Pixels, Record

__all__ = ["COLOURS", "annotate", "blur_faces", "colour_of"]

Colour = tuple[int, int, int]

#: Okabe and Ito's palette, told apart by people of any colour vision; a label keeps its colour everywhere.
COLOURS: dict[str, Colour] = {
    "angry": (213, 94, 0),
    "disgust": (0, 158, 115),
    "fear": (204, 121, 167),
    "happy": (240, 228, 66),
    "sad": (0, 114, 178),
    "surprise": (230, 159, 0),
    "neutral": (187, 187, 187),
    "contempt": (86, 180, 233),
}
_UNCERTAIN: Colour = (110, 110, 110)
_INK: Colour = (255, 255, 255)
_PANEL = (20, 20, 24, 190)


def colour_of(label: str | None) -> Colour:
    """RGB of a label; gray for any that has no colour of its own."""
    return COLOURS.get(label or "", _UNCERTAIN)


def annotate(pixels: Pixels, records: Sequence[Record], *, blur: bool = False) -> Pixels:
    """A copy of the picture with a box, the strongest label and the bars of all scores at each face.

    Bars are left out where they would cover another face or do not fit.

    Args:
        pixels: RGB uint8 (H, W, 3).
        records: of this frame.
        blur: make the faces unrecognisable.
    """
    faces = [record for record in records if record.box is not None]
    image = Image.fromarray(blur_faces(pixels, faces) if blur else pixels)
    draw = ImageDraw.Draw(image, "RGBA")
    size = _text_size(image.size)
    taken = [record.box for record in faces if record.box is not None]
    for record in faces:
        _draw_box(draw, record, size)
    for record in faces:
        panel = _place_panel(record, image.size, size, taken)
        if panel is not None:
            taken.append(panel)
            _draw_panel(draw, record, panel, size)
        taken.append(_draw_label(draw, record, image.size, size))
    return np.asarray(image)


def blur_faces(pixels: Pixels, records: Sequence[Record]) -> Pixels:
    """A copy in which every face, with a margin, is coarse blocks of 8 across smoothed over."""
    blurred = pixels.copy()
    height, width = pixels.shape[:2]
    for record in records:
        if record.box is None:
            continue
        x, y, w, h = record.box
        left, top = max(int(x - 0.15 * w), 0), max(int(y - 0.15 * h), 0)
        right, bottom = min(int(x + 1.15 * w) + 1, width), min(int(y + 1.15 * h) + 1, height)
        if right > left and bottom > top:
            part = blurred[top:bottom, left:right]
            coarse = cv2.resize(part, (8, 8), interpolation=cv2.INTER_AREA)
            part[:] = cv2.resize(coarse, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    return blurred


def _text_size(size: tuple[int, int]) -> int:
    """Height of letters in pixels: legible in a 270-line clip, in proportion in a large photo."""
    return max(11, round(min(size) * 0.032))


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _caption(record: Record) -> str:
    doubt = "?" if record.status == "uncertain" else ""
    return f"{record.label}{doubt} {100 * record.steady.get(record.label or '', 0):.0f}%"


def _ink_on(colour: Colour) -> Colour:
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else _INK


def _main_colour(record: Record) -> Colour:
    return _UNCERTAIN if record.status == "uncertain" else colour_of(record.label)


def _draw_box(draw: ImageDraw.ImageDraw, record: Record, size: int) -> None:
    x, y, w, h = record.box or Box(0, 0, 0, 0)
    line = max(2, size // 6)
    # A dark rim keeps light colours visible on light pictures.
    draw.rectangle((x - 1, y - 1, x + w + 1, y + h + 1), outline=(0, 0, 0, 140), width=line + 2)
    draw.rectangle((x, y, x + w, y + h), outline=_main_colour(record), width=line)


def _draw_label(draw: ImageDraw.ImageDraw, record: Record, limits: tuple[int, int], size: int) -> Box:
    """The chip above the box, or inside it at the picture's top; returns where it is."""
    box = record.box or Box(0, 0, 0, 0)
    text, font = _caption(record), _font(size)
    width, height = draw.textlength(text, font=font) + size * 0.8, size * 1.4
    x = min(max(box.x - 1, 0), max(limits[0] - width, 0))
    y = box.y - height if box.y >= height else max(box.y, 0)
    colour = _main_colour(record)
    draw.rectangle((x, y, x + width, y + height), fill=colour)
    draw.text((x + size * 0.4, y + height / 2), text, fill=_ink_on(colour), font=font, anchor="lm")
    return Box(x, y, width, height)


def _place_panel(record: Record, limits: tuple[int, int], size: int, taken: Sequence[Box]) -> Box | None:
    """Right of the box, else left of it, where that covers nothing and lies inside the picture."""
    box = record.box or Box(0, 0, 0, 0)
    small = max(10, round(size * 0.8))
    width, height = small * 9.5, small * (1.25 * len(record.scores) + 0.6)
    y = min(max(box.y, 0), max(limits[1] - height, 0))
    gap = size * 0.5
    for x in (box.x + box.width + gap, box.x - width - gap):
        panel = Box(x, y, width, height)
        fits = x >= 0 and x + width <= limits[0] and height <= limits[1]
        if fits and not any(panel.overlap(other) > 0 for other in taken if other != box):
            return panel
    return None


def _draw_panel(draw: ImageDraw.ImageDraw, record: Record, panel: Box, size: int) -> None:
    small = max(10, round(size * 0.8))
    font = _font(small)
    draw.rounded_rectangle(
        (panel.x, panel.y, panel.x + panel.width, panel.y + panel.height), radius=small // 3, fill=_PANEL
    )
    start, length = panel.x + small * 5, small * 4.1
    for row, (label, score) in enumerate(record.steady.items()):
        middle = panel.y + small * (0.3 + 1.25 * (row + 0.5))
        ink = _INK if label == record.label else (200, 200, 200)
        draw.text((panel.x + small * 0.5, middle), label, fill=ink, font=font, anchor="lm")
        top, bottom = middle - small * 0.35, middle + small * 0.35
        draw.rectangle((start, top, start + length, bottom), fill=(255, 255, 255, 40))
        draw.rectangle((start, top, start + length * score, bottom), fill=colour_of(label))
