"""What the tests share: sample faces, clips made on the spot, the command line in process."""

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image
from typer.testing import CliRunner, Result

from vyraz.dataset import load_faces
from vyraz.labelled import LabelledFaces
from vyraz.types import Pixels

_ROOT = Path(__file__).resolve().parents[1]
_CLOCK = Fraction(1, 16_000)

# A shell starts what runs in its background deaf to Ctrl-C, and so would be the commands that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _of_package(package: str, *parts: str) -> Path:
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent.joinpath(*parts) if spec and spec.origin else Path(package)
    if not path.is_file():
        pytest.skip(f"the sample picture of {package} is not installed")
    return path


@pytest.fixture(scope="session")
def grace_hopper() -> Path:
    """Matplotlib's sample picture (public domain): one face, 512x600."""
    return _of_package("matplotlib", "mpl-data", "sample_data", "grace_hopper.jpg")


@pytest.fixture(scope="session")
def astronaut() -> Path:
    """Scikit-image's sample picture (public domain): one face, smiling, 512x512."""
    return _of_package("skimage", "data", "astronaut.png")


@pytest.fixture(scope="session")
def face(grace_hopper: Path) -> Pixels:
    """Grace Hopper, RGB uint8 (240, 205, 3): the face is some 70 pixels wide."""
    return np.asarray(Image.open(grace_hopper).convert("RGB").resize((205, 240)))


@pytest.fixture(scope="session")
def video_folder() -> Path:
    """Clips of real people that lie beside a checkout, not in it."""
    folder = _ROOT.parent / "shared" / "data" / "video"
    if not folder.is_dir():
        pytest.skip("the clips of ../shared/data/video are not here")
    return folder


class MakeClip(Protocol):
    def __call__(
        self,
        name: str = ...,
        *,
        times: Sequence[float] = ...,
        pictures: Sequence[Pixels] | None = ...,
        size: tuple[int, int] = ...,
        codec: str = ...,
        pixel_format: str = ...,
        gop: int = ...,
        options: dict[str, str] | None = ...,
    ) -> Path: ...


def gray_levels(count: int, size: tuple[int, int]) -> list[Pixels]:
    """`count` plain pictures of size (width, height), each of another gray."""
    width, height = size
    return [np.full((height, width, 3), 20 + 215 * i // max(count - 1, 1), dtype=np.uint8) for i in range(count)]


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Makes a video file in the test's folder: a picture for each of `times` (seconds); plain grays unless given."""

    def make(
        name: str = "clip.mp4",
        *,
        times: Sequence[float] = tuple(i / 25 for i in range(10)),
        pictures: Sequence[Pixels] | None = None,
        size: tuple[int, int] = (64, 48),
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        gop: int = 12,
        options: dict[str, str] | None = None,
    ) -> Path:
        shown = list(pictures) if pictures is not None else gray_levels(len(times), size)
        path = tmp_path / name
        with av.open(str(path), "w", options=options or {}) as container:
            stream = cast(VideoStream, container.add_stream(codec, rate=25))
            stream.height, stream.width = shown[0].shape[:2]
            stream.pix_fmt = pixel_format
            stream.gop_size = gop
            stream.codec_context.time_base = Fraction(1, 100) if codec == "gif" else _CLOCK
            for seconds, pixels in zip(times, shown, strict=True):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pixel_format)
                frame.time_base = stream.codec_context.time_base
                frame.pts = round(seconds / frame.time_base)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


class Cli(Protocol):
    def __call__(self, *arguments: object, stdin: bytes | None = ...) -> Result: ...


@pytest.fixture
def cli() -> Cli:
    """The command line in process; anything it raises but an exit code fails the test."""
    from vyraz.cli import app

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.stderr
        return result

    return run


def complaints(result: Result) -> list[str]:
    """The lines on stderr that say what is wrong."""
    return [line for line in result.stderr.splitlines() if line.strip()]


@pytest.fixture(scope="session")
def fer2013(tmp_path_factory: pytest.TempPathFactory) -> LabelledFaces:
    """FER-2013 as its own script unpacks it, from beside the checkout."""
    script = _ROOT.parent / "shared" / "data" / "fer2013" / "unpack.py"
    if not script.is_file():
        pytest.skip("the data set of ../shared/data/fer2013 is not here")
    path = tmp_path_factory.mktemp("fer2013") / "fer2013.npz"
    subprocess.run([sys.executable, script, "npz", path], check=True)
    return load_faces(path)
