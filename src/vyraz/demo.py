"""The demo: the main job on a real face and on a clip made from it."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from vyraz.encode import VideoWriter
from vyraz.errors import MissingExtraError, SinkError
from vyraz.pictures import read_picture
from vyraz.types import Pixels

__all__ = ["make_clip", "prepare", "sample_pictures"]

_SIZE = (640, 480)
_RATE = 25
_SECONDS = 3
_SAMPLES = (("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"), ("skimage", "data/astronaut.png"))


def sample_pictures() -> list[Path]:
    """Pictures of real faces that installed packages bring: matplotlib's always, scikit-image's where present.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    found = [path for package, inner in _SAMPLES if (path := _inside(package, inner)) is not None]
    if not found:
        raise MissingExtraError("the demo's picture", "plots")
    return found


def prepare(folder: Path) -> tuple[list[Path], Path]:
    """Copy the sample pictures into a folder and make a clip of them.

    Returns:
        The pictures and the clip.

    Raises:
        MissingExtraError: matplotlib is not installed.
        SinkError: the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise SinkError(f"{folder}: is a file; the demo needs a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = [folder / path.name for path in sample_pictures()]
        for source, copy in zip(sample_pictures(), pictures, strict=True):
            copy.write_bytes(source.read_bytes())
    except OSError as error:
        raise SinkError(f"{folder}: cannot be written ({error.strerror})") from error
    clip = folder / "clip.mp4"
    make_clip([read_picture(path) for path in pictures], clip)
    return pictures, clip


def make_clip(pictures: list[Pixels], path: Path) -> None:
    """A clip of 640x480 that slowly moves over each picture for three seconds, 25 frames a second."""
    writer = VideoWriter(path)
    for index, frame in enumerate(_frames(pictures)):
        writer.write(frame, index / _RATE)
    writer.close()


def _frames(pictures: list[Pixels]) -> Iterator[Pixels]:
    count = _RATE * _SECONDS
    for picture in pictures:
        move = _camera(picture)
        for index in range(count):
            yield move(index / (count - 1))


def _camera(picture: Pixels) -> Callable[[float], Pixels]:
    """Pan and zoom over a picture: from the whole width to three quarters of it, from above to the middle."""
    height, width = picture.shape[:2]
    aspect = _SIZE[0] / _SIZE[1]
    whole = min(width, height * aspect)

    def at(progress: float) -> Pixels:
        across = whole * (1 - 0.25 * progress)
        left = (width - across) * (0.5 + 0.2 * np.sin(2 * np.pi * progress))
        top = (height - across / aspect) * 0.4 * progress
        scale = across / _SIZE[0]
        matrix = np.array([[scale, 0, left], [0, scale, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(picture, matrix, _SIZE, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, dtype=np.uint8)

    return at


def _inside(package: str, inner: str) -> Path | None:
    """A file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inner
    return path if path.is_file() else None
