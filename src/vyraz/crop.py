"""The one place that turns pixels into network input.

Training, evaluation and prediction all come through here, so that a network sees at work what it saw
when it learned.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vyraz.types import Face, Float, Gray, Pixels, Plain, View

__all__ = ["SIDE", "Framing", "crop_face", "fit_face", "roll_of", "to_gray", "to_input"]

#: Side of a network's input in pixels, FER-2013's own.
SIDE = 48

#: Side of the grid on which a face is sampled before it is averaged down. Sampled at 48 at once, a face that
#: moves by half a pixel would turn from sharp to blurred and back, and its scores with it.
_FINE = 3 * SIDE


@dataclass(frozen=True, slots=True)
class Framing:
    """Where a detector's box lies in FER-2013's 48x48 frame, see docs/framing.md.

    `side` is the side of the square that is cropped, as a multiple of the geometric mean of the box's
    sides; `right` and `down` move its centre from the box's centre, as fractions of the cropped side.
    Heads tilted by more than `tilt` degrees are turned upright; FER-2013's own are tilted a little.
    """

    side: float
    right: float = 0.0
    down: float = 0.0
    tilt: float = 10.0


def crop_face(picture: Pixels | View, face: Face, framing: Framing) -> Gray:
    """Cut a face out as FER-2013 would frame it: a square, upright, scaled to 48x48.

    What lies outside the picture repeats its border; nothing is squeezed.

    Args:
        picture: RGB uint8 (H, W, 3) or gray (H, W), or a view of it; of decoded video the brightness is taken
            as it is stored.
        face: where it is; with landmarks a tilted head is turned upright.
        framing: the detector's.

    Returns:
        gray uint8 (48, 48).
    """
    side = max(framing.side * math.sqrt(face.box.width * face.box.height), 1.0)
    roll = roll_of(face)
    if abs(roll) <= framing.tilt:
        roll = 0.0
    corner, region = _surroundings(Plain(picture) if isinstance(picture, np.ndarray) else picture, face, side)
    matrix = _to_region(face, framing, side, roll, corner)
    if side > _FINE:
        region, scale = _shrink(region, _FINE / side)
        matrix *= scale
    # The matrix is in continuous coordinates, where the centre of the first pixel lies at 0.5.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    fine = cv2.warpAffine(
        region,
        matrix,
        (_FINE, _FINE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def roll_of(face: Face) -> float:
    """Degrees by which the line between the eyes is turned clockwise; 0 without landmarks."""
    if face.landmarks is None:
        return 0.0
    (right_x, right_y), (left_x, left_y) = face.landmarks[:2]
    return math.degrees(math.atan2(left_y - right_y, left_x - right_x))


def fit_face(pixels: Pixels) -> Gray:
    """A picture that is a face and nothing else -> gray uint8 (48, 48)."""
    gray = to_gray(pixels)
    if gray.shape == (SIDE, SIDE):
        return gray
    shrinks = min(gray.shape) > SIDE
    resized = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)


def to_gray(pixels: Pixels) -> Gray:
    """RGB uint8 (H, W, 3) or gray (H, W) -> gray uint8 (H, W), weights of ITU-R BT.601."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def to_input(faces: Gray) -> Float:
    """Gray uint8 (n, 48, 48) -> float32 (n, 48, 48, 1) in [0, 1]."""
    return faces[..., None].astype(np.float32) / np.float32(255)


def _surroundings(picture: View, face: Face, side: float) -> tuple[tuple[int, int], Gray]:
    """The part of the picture that the crop can touch however it is turned, gray, and its top left corner.

    Only this part is converted and scaled; at least one pixel, even for a box outside the picture.
    """
    height, width = picture.shape
    reach = side * 0.75 + 0.25 * max(face.box.width, face.box.height) + 2
    x, y = face.box.centre
    left, top = (min(max(math.floor(c - reach), 0), limit - 1) for c, limit in ((x, width), (y, height)))
    right, bottom = (min(max(math.ceil(c + reach), 1), limit) for c, limit in ((x, width), (y, height)))
    region = picture.part(left, top, max(right, left + 1), max(bottom, top + 1), colour=False)
    return (left, top), to_gray(region)


def _to_region(
    face: Face, framing: Framing, side: float, roll: float, corner: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """float64 (2, 3): from a point of the fine grid to a point of the region."""
    turn = np.exp(1j * math.radians(roll))
    centre = complex(*face.box.centre) - complex(*corner) + side * complex(framing.right, framing.down) * turn
    step = side / _FINE * turn
    origin = centre - step * complex(_FINE, _FINE) / 2
    return np.array([[step.real, -step.imag, origin.real], [step.imag, step.real, origin.imag]])


def _shrink(region: Gray, scale: float) -> tuple[Gray, npt.NDArray[np.float64]]:
    """The region averaged down, and by how much it really shrank: float64 (2, 1), across and down."""
    height, width = region.shape[:2]
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return small, np.array([[size[0] / width], [size[1] / height]])
