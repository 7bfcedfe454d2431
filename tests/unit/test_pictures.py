"""Pictures of every kind come out as upright RGB, or as one sentence that says why not."""

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vyraz.errors import SourceError
from vyraz.pictures import MAX_PIXELS, decode_picture, is_picture, read_picture

#: Red, green / blue, white in its four quarters: every turn and flip of it differs.
_QUARTERS = np.zeros((40, 60, 3), dtype=np.uint8)
_QUARTERS[:20, :30] = (255, 0, 0)
_QUARTERS[:20, 30:] = (0, 255, 0)
_QUARTERS[20:, :30] = (0, 0, 255)
_QUARTERS[20:, 30:] = (255, 255, 255)

#: What a camera did to the picture it marked with an EXIF orientation.
_UNDONE = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def _encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def _png(width: int, height: int, rows: int) -> bytes:
    """A gray PNG that says it is width x height, of which `rows` black rows are there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(width + 1)) for _ in range(rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_lossless_forms_keep_every_pixel(form: str) -> None:
    pixels = decode_picture(_encoded(Image.fromarray(_QUARTERS), form), "x")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, _QUARTERS)


@pytest.mark.parametrize(("form", "options"), [("JPEG", {"quality": 95, "subsampling": 0}), ("WEBP", {"quality": 95})])
def test_lossy_forms_are_close(form: str, options: dict[str, int]) -> None:
    assert _difference(decode_picture(_encoded(Image.fromarray(_QUARTERS), form, **options), "x"), _QUARTERS) < 4


@pytest.mark.parametrize("orientation", _UNDONE)
def test_exif_orientation_is_undone(orientation: int) -> None:
    image, exif = Image.fromarray(_QUARTERS), Image.Exif()
    exif[0x0112] = orientation
    turn = _UNDONE[orientation]
    turned = image if turn is None else image.transpose(turn)
    data = _encoded(turned, "JPEG", exif=exif, quality=95, subsampling=0)
    assert _difference(decode_picture(data, "x"), _QUARTERS) < 4


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_modes_become_rgb(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    expected = np.asarray(Image.fromarray(_QUARTERS).convert(mode).convert("RGB"))
    assert _difference(decode_picture(_encoded(Image.fromarray(_QUARTERS).convert(mode), form), "x"), expected) < 4


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(form: str) -> None:
    levels = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    pixels = decode_picture(_encoded(Image.fromarray(levels), form), "x")
    assert pixels.shape == (16, 16, 3)
    np.testing.assert_array_equal(pixels[..., 0].ravel(), np.arange(256))


@pytest.mark.parametrize("values", [np.linspace(0, 1, 256, dtype=np.float32), np.arange(256, dtype=np.int32) * 1000])
def test_other_numbers_are_stretched(values: npt.NDArray[Any]) -> None:
    pixels = decode_picture(_encoded(Image.fromarray(values.reshape(16, 16)), "TIFF"), "x")
    np.testing.assert_array_equal(pixels[..., 1].ravel(), np.arange(256))


def test_a_flat_picture_of_other_numbers_is_black_not_an_error() -> None:
    flat = np.full((4, 4), 0.5, dtype=np.float32)
    assert decode_picture(_encoded(Image.fromarray(flat), "TIFF"), "x").max() == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 5000), (5000, 3)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    assert decode_picture(_encoded(Image.new("RGB", size), "PNG"), "x").shape == (size[1], size[0], 3)


def test_of_an_animation_the_first_picture() -> None:
    first = Image.new("RGB", (8, 8), (255, 0, 0))
    data = _encoded(first, "WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8))], lossless=True)
    assert tuple(decode_picture(data, "x")[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"hello\n", "is not a picture"),
        (_encoded(Image.effect_noise((64, 64), 90), "JPEG")[:1500], "is damaged"),
        (_encoded(Image.effect_noise((64, 64), 90), "PNG")[:-1000], "is damaged"),
        (_png(20_000, 20_000, rows=1), "larger than 120 megapixels"),
        (_png(12_000, 12_000, rows=1), "larger than 120 megapixels"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(data: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        decode_picture(data, "photo.jpg")
    assert str(caught.value).startswith("photo.jpg: ")
    assert "\n" not in str(caught.value)


def test_giants_are_refused_by_their_header() -> None:
    side = int(MAX_PIXELS**0.5)
    with pytest.raises(SourceError, match="megapixels"):
        decode_picture(_png(side + 1, side + 1, rows=1), "x")
    assert decode_picture(_png(1000, 1000, rows=1000), "x").shape == (1000, 1000, 3)


@pytest.mark.filterwarnings("error")  # Pillow's warnings would stand on stderr beside our sentence
def test_damaged_bytes_raise_nothing_else() -> None:
    chance = random.Random(1)
    image = Image.fromarray(_QUARTERS)
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"):
        whole = _encoded(image, form)
        for _ in range(60):
            data = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
            for _ in range(4):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                pixels = decode_picture(bytes(data), form)
            except SourceError:
                continue
            assert pixels.ndim == 3


def test_a_picture_is_known_by_suffix_or_first_bytes(tmp_path: Path) -> None:
    image = Image.fromarray(_QUARTERS)
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "BMP"):
        path = tmp_path / f"no-suffix-{form}"
        path.write_bytes(_encoded(image, form))
        assert is_picture(path), form
    (tmp_path / "notes.txt").write_text("hello")
    assert not is_picture(tmp_path / "notes.txt")
    assert not is_picture(tmp_path / "absent")
    assert is_picture(tmp_path / "absent.JPG")


def test_unreadable_paths(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Is a directory"):
        read_picture(tmp_path)
    (tmp_path / "link.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(SourceError, match="No such file"):
        read_picture(tmp_path / "link.jpg")
