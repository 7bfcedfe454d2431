"""Draw what was read onto the picture: who (box and number), what (label), how sure (bars)."""

from collections.abc import Iterator, Sequence

import numpy as np

from vyraz import paint
from vyraz.blur import blur_faces
from vyraz.paint import Colour
from vyraz.place import Placement, Placer
from vyraz.types import Box, Pixels, Record

__all__ = ["ACCENTS", "COLOURS", "Overlay", "accent_of", "annotate", "blur_faces", "colour_of"]

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
#: Paul Tol's light palette, likewise; a face keeps its colour, and its number says the same.
ACCENTS: tuple[Colour, ...] = (
    (153, 221, 255),
    (255, 170, 187),
    (187, 204, 51),
    (238, 136, 102),
    (119, 170, 221),
    (238, 221, 136),
    (68, 187, 153),
    (170, 170, 0),
)
_UNCERTAIN: Colour = (110, 110, 110)
_WHITE: Colour = (255, 255, 255)
_DIM: Colour = (205, 205, 210)
_TRACK: Colour = (64, 64, 70)
_DARK: Colour = (20, 20, 24)
_OPACITY = 0.78


def colour_of(label: str | None) -> Colour:
    """RGB of a label; gray for any that has no colour of its own."""
    return COLOURS.get(label or "", _UNCERTAIN)


def accent_of(face_id: int | None) -> Colour:
    """RGB of a face, by its number; white without one."""
    return _WHITE if face_id is None else ACCENTS[(face_id - 1) % len(ACCENTS)]


def annotate(pixels: Pixels, records: Sequence[Record], *, blur: bool = False) -> Pixels:
    """A copy of the picture with a box, the strongest label and the bars of all scores at each face.

    Where the bars would cover something or do not fit, one bar under the box shows all scores as its parts.

    Args:
        pixels: RGB uint8 (H, W, 3).
        records: of this frame.
        blur: make the faces unrecognisable.
    """
    canvas = blur_faces(pixels, records) if blur else pixels.copy()
    Overlay().draw(canvas, records)
    return canvas


class Overlay:
    """Draws the frames of one recording; labels and bars stay on the side where they are, while there is room."""

    def __init__(self) -> None:
        self._placer = Placer()

    def draw(self, canvas: Pixels, records: Sequence[Record]) -> None:
        """Draw the records of the next frame.

        Args:
            canvas: RGB uint8 (H, W, 3), written in place.
            records: of this frame; their boxes are drawn as they are.
        """
        faces = sorted((one for one in records if one.box is not None), key=lambda one: one.face_id or 0)
        size = _text_size(canvas)
        places = self._placer.place(list(_wanted(faces, size)), canvas.shape[1], canvas.shape[0], size)
        for record in faces:
            paint.frame_box(canvas, record.box or Box(0, 0, 0, 0), _line(size), accent_of(record.face_id), _DARK)
        for record, place in zip(faces, places, strict=True):
            if place.bars is None:
                _draw_strip(canvas, record, place.strip)
            else:
                _draw_bars(canvas, record, place.bars, size)
            _draw_chip(canvas, record, place, size)


def _text_size(canvas: Pixels) -> int:
    """Height of letters in pixels: legible in a 120-line clip, in proportion in a large photo."""
    shorter: int = min(canvas.shape[:2])
    return max(11, round(shorter * 0.03))


def _line(size: int) -> int:
    return max(1, round(size / 9))


def _wanted(faces: Sequence[Record], size: int) -> Iterator[tuple[int | None, Box, tuple[int, int], int]]:
    """Of each face: number, box, widths of its chip with and without percent, rows of its bars."""
    for record in faces:
        long, short = (_number_width(record, size) + paint.text_width(text, size) + size for text in _captions(record))
        yield record.face_id, record.box or Box(0, 0, 0, 0), (long, short), len(record.steady)


def _captions(record: Record) -> tuple[str, str]:
    """The label with and without its percentage."""
    name = f"{record.label}{'?' if record.status == 'uncertain' else ''}"
    # Figures of one width, or the chip would tremble: 7 % takes the room of 70 %.
    return f"{name} {100 * record.steady.get(record.label or '', 0):2.0f}%", name


def _number_width(record: Record, size: int) -> int:
    return 0 if record.face_id is None else paint.text_width(str(record.face_id), size) + round(0.7 * size)


def _ink_on(colour: Colour) -> Colour:
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else _WHITE


def _draw_chip(canvas: Pixels, record: Record, place: Placement, size: int) -> None:
    """The face's number on its accent, then the label on its colour, gray where uncertain."""
    chip, colour = place.chip, _UNCERTAIN if record.status == "uncertain" else colour_of(record.label)
    middle, number = chip.y + chip.height / 2, _number_width(record, size)
    paint.bar(canvas, Box(chip.x - 1, chip.y - 1, chip.width + 2, chip.height + 2), _DARK)
    paint.bar(canvas, chip, colour)
    if number:
        paint.bar(canvas, chip._replace(width=number), accent_of(record.face_id))
        paint.bar(canvas, Box(chip.x + number, chip.y, _line(size), chip.height), _DARK)
        paint.text(canvas, str(record.face_id), chip.x + 0.35 * size, middle, size, _DARK)
    words = _captions(record)[place.short]
    paint.text(canvas, words, chip.x + number + 0.5 * size, middle, size, _ink_on(colour))


def _draw_strip(canvas: Pixels, record: Record, strip: Box) -> None:
    """All scores as the parts of one bar."""
    paint.bar(canvas, Box(strip.x - 1, strip.y - 1, strip.width + 2, strip.height + 2), _DARK)
    ends = strip.x + strip.width * np.cumsum([0.0, *record.steady.values()])
    for label, left, right in zip(record.steady, ends[:-1], ends[1:], strict=True):
        paint.bar(canvas, strip._replace(x=left, width=right - left), colour_of(label))


def _draw_bars(canvas: Pixels, record: Record, bars: Box, size: int) -> None:
    """A row for each label: its name, and a bar as long as its score; the shown one in white."""
    small = _small(size)
    paint.panel(canvas, bars, small // 2, _DARK, _OPACITY)
    names = max((paint.text_width(label, small) for label in record.steady), default=0)
    start = bars.x + max(small * 5.2, small * 1.1 + names)
    length = bars.x + bars.width - small * 0.6 - start
    row = (bars.height - 0.6 * small) / max(len(record.steady), 1)
    for number, (label, score) in enumerate(record.steady.items()):
        middle = bars.y + 0.3 * small + row * (number + 0.5)
        ink = _WHITE if label == record.label else _DIM
        paint.text(canvas, label, bars.x + small * 0.6, middle, small, ink)
        groove = Box(start, middle - 0.3 * small, length, 0.6 * small)
        paint.bar(canvas, groove, _TRACK)
        paint.bar(canvas, groove._replace(width=length * min(score, 1.0)), colour_of(label))


def _small(size: int) -> int:
    return max(10, round(0.82 * size))
