"""Read one picture safely, whatever it says it is."""

import io
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from vyraz.errors import SourceError
from vyraz.types import Gray, Pixels

__all__ = ["MAX_PIXELS", "PICTURE_SUFFIXES", "decode_picture", "is_picture", "read_picture", "refuse_giants"]

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

#: A picture is refused before it is decoded if it is larger: 120 megapixels take 360 MB of memory.
MAX_PIXELS = 120_000_000

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*")


def is_picture(path: Path) -> bool:
    """Whether a file is a still picture, by its suffix or its first bytes."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    try:
        with path.open("rb") as handle:
            head = handle.read(12)
    except OSError:
        return False
    return head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def read_picture(path: Path) -> Pixels:
    """A picture file as RGB uint8 (H, W, 3), turned upright by its EXIF orientation.

    Raises:
        SourceError: missing, empty, truncated, too large, or not a picture.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str, *, most: int = MAX_PIXELS) -> Pixels:
    """The bytes of a picture file as RGB uint8 (H, W, 3), turned upright by its EXIF orientation.

    Args:
        data: JPEG, PNG, WebP, BMP, TIFF or whatever else Pillow reads.
        name: what errors call it.
        most: pixels; a picture that says it has more is refused before it is decoded.

    Raises:
        SourceError: empty, truncated, too large, or not a picture.
    """
    if not data:
        raise SourceError(f"{name}: is empty")
    try:
        # Pillow warns of large pictures and strange tags; what matters is said by an error.
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(io.BytesIO(data))
            refuse_giants(*image.size, name, most)
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise SourceError(f"{name}: is not a picture that can be read (JPEG, PNG, WebP, BMP, TIFF)") from None
    except Image.DecompressionBombError:
        raise SourceError(f"{name}: is larger than {MAX_PIXELS // 10**6} megapixels; scale it down first") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise SourceError(f"{name}: is damaged ({error})") from error


def refuse_giants(width: int, height: int, name: str, most: int) -> None:
    """Raise SourceError where a picture says that it has more than `most` pixels."""
    if width * height > most:
        raise SourceError(f"{name}: {width} x {height} is larger than {most // 10**6} megapixels; scale it down first")


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode in ("I", "F"):
        return np.repeat(_stretched(np.asarray(image, dtype=np.float64))[..., None], 3, axis=2)
    return np.asarray(image.convert("RGB"))


def _stretched(values: npt.NDArray[np.float64]) -> Gray:
    """Gray levels of any scale -> uint8: nothing in the file says which are black and white."""
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255 / (high - low) if high > low else 0.0)).round().astype(np.uint8)
