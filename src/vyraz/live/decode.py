"""One picture of a stream -> pixels, quickly: what is not spent here is left for more faces or more clients."""

import io
import warnings

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from vyraz.errors import SourceError
from vyraz.pictures import refuse_giants
from vyraz.types import Pixels

__all__ = ["decode_frame"]

#: Where a JPEG says which way up it is, if it does: in its first segment, which is no longer.
_FIRST = 1 << 16


def decode_frame(data: bytes, name: str, *, most: int) -> Pixels:
    """One picture of a stream as RGB uint8 (H, W, 3), upright.

    Args:
        data: JPEG, PNG or WebP.
        name: what errors call it.
        most: pixels.

    Raises:
        SourceError: too large, damaged beyond what OpenCV forgives, or not a picture.
    """
    if data.startswith(b"\xff\xd8") and data.find(b"Exif\0\0", 0, _FIRST) < 0:
        try:
            return _plain_jpeg(data, name, most)
        except (ValueError, KeyError):
            # Damaged, or of a rare kind: OpenCV forgives more.
            pass
    return _any_picture(data, name, most)


def _plain_jpeg(data: bytes, name: str, most: int) -> Pixels:
    height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    refuse_giants(width, height, name, most)
    return np.asarray(simplejpeg.decode_jpeg(data, "RGB"), dtype=np.uint8)


def _any_picture(data: bytes, name: str, most: int) -> Pixels:
    try:
        with warnings.catch_warnings(action="ignore"):
            image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        refuse_giants(*image.size, name, most)
        bgr = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, Image.DecompressionBombError, cv2.error):
        bgr = None
    if bgr is None:
        raise SourceError(f"{name}: is not a picture that can be read (JPEG, PNG, WebP)")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
