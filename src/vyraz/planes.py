"""Decoded video as it is stored, brightness and two colours at half the size, and RGB where it is asked for.

Of most frames only the surroundings of faces are looked at: making all of it RGB would cost as much as decoding.
"""

from functools import cached_property, lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from vyraz.types import Gray, Pixels, Plain, View

__all__ = ["view_of"]

#: Share of red and of blue in brightness, by the number of the matrix (ITU-T H.273, table 4). 2 is none named,
#: which FFmpeg takes for BT.601 as well.
_BT601, _BT709 = (0.299, 0.114), (0.2126, 0.0722)
_SHARES = {1: _BT709, 2: _BT601, 5: _BT601, 6: _BT601}


def view_of(picture: VideoFrame) -> View:
    """An upright view of a decoded frame."""
    turns = round(picture.rotation / 90) % 4
    shares = _SHARES.get(int(picture.colorspace))
    even = picture.width % 2 == picture.height % 2 == 0
    if picture.format.name in ("yuv420p", "yuvj420p") and shares and even:
        full = picture.format.name == "yuvj420p" or int(picture.color_range) == ColorRange.JPEG
        return _Planes(picture, turns, _to_rgb(*shares, full), _to_gray(full))
    return Plain(_rgb(picture, turns))


def _rgb(picture: VideoFrame, turns: int) -> Pixels:
    pixels = np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


class _Planes:
    """The view of a frame in yuv420p with even sides."""

    def __init__(self, picture: VideoFrame, turns: int, matrix: npt.NDArray[np.float64], levels: Gray) -> None:
        self._picture, self._turns, self._matrix, self._levels = picture, turns, matrix, levels
        planes = (_plane(picture, number) for number in range(3))
        self._planes = [np.rot90(plane, turns) if turns else plane for plane in planes]
        self.shape = self._planes[0].shape[0], self._planes[0].shape[1]

    @cached_property
    def _pixels(self) -> Pixels:
        return _rgb(self._picture, self._turns)

    def whole(self) -> Pixels:
        return self._pixels

    def part(self, left: int, top: int, right: int, bottom: int, *, colour: bool = True) -> Pixels | Gray:
        left, top, right, bottom = (max(side, 0) for side in (left, top, right, bottom))
        brightness, *colours = (
            plane[top // scale : -(-bottom // scale), left // scale : -(-right // scale)]
            for plane, scale in zip(self._planes, (1, 2, 2), strict=True)
        )
        if not brightness.size:
            return np.empty((*brightness.shape, 3), dtype=np.uint8)
        if not colour:
            return np.asarray(cv2.LUT(brightness, self._levels), dtype=np.uint8)
        x, y = left % 2, top % 2
        height, width = brightness.shape
        merged = cv2.merge([brightness, *(_doubled(plane)[y : y + height, x : x + width] for plane in colours)])
        return np.asarray(cv2.transform(merged, self._matrix), dtype=np.uint8)

    def sampled(self, step: int) -> Gray:
        return self._planes[0][step // 2 :: step, step // 2 :: step].copy()


def _plane(picture: VideoFrame, number: int) -> Gray:
    """uint8 (H, W), not copied; it keeps the frame."""
    plane = picture.planes[number]
    return np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]  # type: ignore[call-overload, no-any-return]


def _doubled(plane: Gray) -> Gray:
    """Every pixel four times; quicker than OpenCV's nearest, as pairs are written as numbers of 16 bits."""
    pairs = plane.astype(np.uint16, order="C") * np.uint16(257)
    return np.repeat(pairs.view(np.uint8), 2, axis=0)


@lru_cache
def _to_rgb(red: float, blue: float, full: bool) -> npt.NDArray[np.float64]:
    """float64 (3, 4): from brightness and the differences of blue and red to it, as stored, to RGB in 0..255.

    `full` says that all of 0..255 is used, not brightness in 16..235 and differences in 16..240 (ITU-T H.273, 8.3).
    """
    green = 1 - red - blue
    differences = np.array([[0, 1 - red], [-blue * (1 - blue) / green, -red * (1 - red) / green], [1 - blue, 0]])
    matrix = np.column_stack([np.full(3, 255 / (255 if full else 219)), 2 * differences * 255 / (255 if full else 224)])
    return np.column_stack([matrix, -matrix @ [0 if full else 16, 128, 128]])


@lru_cache
def _to_gray(full: bool) -> Gray:
    """uint8 (256,): from brightness as stored to 0..255; see `_to_rgb`."""
    stored = np.arange(256)
    return np.asarray(stored if full else np.clip(np.rint((stored - 16) * 255 / 219), 0, 255), dtype=np.uint8)
