"""A frame of a stream: read quickly, and as the strict reader reads it."""

import io
import random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vyraz.errors import SourceError
from vyraz.live.decode import decode_frame
from vyraz.pictures import decode_picture

#: Soft colours, as a photo's: red, green / blue, white.
_QUARTERS = np.array([[(187, 60, 60), (60, 187, 60)], [(60, 60, 187), (187, 187, 187)]], dtype=np.uint8)
_SAMPLE = Image.fromarray(_QUARTERS).resize((6, 4)).resize((96, 64), Image.Resampling.BICUBIC)


def _encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("size", [(64, 48), (33, 33), (1, 1)])
@pytest.mark.parametrize("sampling", [0, 1, 2], ids=["444", "422", "420"])
def test_jpeg_is_as_strictly_read(size: tuple[int, int], sampling: int) -> None:
    data = _encoded(_SAMPLE.resize(size), "JPEG", quality=95, subsampling=sampling)
    pixels = decode_frame(data, "x", most=10**6)
    assert pixels.shape[:2] == size[::-1]
    assert _difference(pixels, decode_picture(data, "x")) < 4


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_other_forms(form: str, options: dict[str, Any]) -> None:
    data = _encoded(_SAMPLE, form, **options)
    np.testing.assert_array_equal(decode_frame(data, "x", most=10**6), decode_picture(data, "x"))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours(mode: str) -> None:
    data = _encoded(_SAMPLE.convert(mode), "JPEG", quality=95)
    assert _difference(decode_frame(data, "x", most=10**6), decode_picture(data, "x")) < 4


def test_progressive_and_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _encoded(_SAMPLE, "JPEG", quality=95, progressive=True, exif=exif)
    pixels = decode_frame(data, "x", most=10**6)
    assert pixels.shape[:2] == _SAMPLE.size
    assert _difference(pixels, decode_picture(data, "x")) < 4


def test_a_size_that_grows_behind_the_head_is_not_believed() -> None:
    """What was checked is what is decoded: a second frame of another size is not."""
    small, large = (_encoded(_SAMPLE.resize(size), "JPEG") for size in ((16, 16), (640, 480)))
    for data in (small[:-2] + large[2:], small + large):
        assert decode_frame(data, "x", most=256).shape == (16, 16, 3)


def test_giants_and_what_is_none_are_refused() -> None:
    data = _encoded(_SAMPLE, "JPEG")
    for bad in (b"", b"\xff\xd8\xff", data[:30], b"GIF89a" + bytes(30), _encoded(_SAMPLE, "BMP")):
        with pytest.raises(SourceError, match="is not a picture that can be read"):
            decode_frame(bad, "x", most=10**6)
    with pytest.raises(SourceError, match="larger than"):
        decode_frame(data, "x", most=100)


def test_damaged_bytes_raise_nothing_else() -> None:
    rng = random.Random(3)
    data = _encoded(_SAMPLE, "JPEG", quality=90)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 12)):
            damaged[rng.randrange(2, len(data))] = rng.randrange(256)
        try:
            pixels = decode_frame(bytes(damaged), "x", most=10**6)
        except SourceError:
            continue
        assert pixels.ndim == 3
        assert pixels.shape[0] * pixels.shape[1] <= 10**6
