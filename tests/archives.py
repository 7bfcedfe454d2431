"""Archives for tests and benchmarks: short clips of a face, ten broken recordings, and one that kills its worker."""

import random
import sqlite3
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from vyraz.encode import VideoWriter
from vyraz.types import Pixels

#: Of a recording whose worker gets killed, and of one that takes for ever, under the hooks below.
KILLS, HANGS = "kills-its-worker.mp4", "hangs.mp4"

#: Python loads this in every process that has its folder in PYTHONPATH: as a codec that crashes would do.
_HOOKS = f"""
import sys
if "vyraz.archive.worker" in sys.orig_argv:
    import os, signal, time, av
    opened = av.open
    def open(name, *arguments, **options):
        if str(name).endswith("{KILLS}"):
            os.kill(os.getpid(), signal.SIGKILL)
        if str(name).endswith("{HANGS}"):
            time.sleep(3600)
        return opened(name, *arguments, **options)
    av.open = open
"""


def make_hooks(folder: Path) -> Path:
    """A folder for PYTHONPATH."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOKS)
    return folder


def make_archive(folder: Path, face: Pixels, good: int, *, seed: int = 1, frames: tuple[int, int] = (8, 30)) -> Path:
    """`good` clips in folders below, the broken ones and the killer among them.

    Args:
        folder: is made.
        face: RGB uint8 (H, W, 3), shown with small moves.
        good: how many.
        seed: of lengths and moves.
        frames: least and most of a clip.
    """
    chance = random.Random(seed)
    for number in range(good):
        place = folder / f"day-{number % 3}" / f"talk-{number:04}.mp4"
        place.parent.mkdir(parents=True, exist_ok=True)
        make_clip(place, face, chance.randint(*frames), seed=chance.randrange(1000))
    (folder / "odd").mkdir(parents=True, exist_ok=True)
    for name, spoil in BROKEN.items():
        spoil(folder / "odd" / name)
    make_clip(folder / "odd" / KILLS, face, 8)
    return folder


def make_clip(path: Path, face: Pixels, frames: int, *, seed: int = 1) -> Path:
    """A face that shakes, goes for a while and comes back."""
    chance = np.random.default_rng(seed)
    writer = VideoWriter(path)
    for index in range(frames):
        down, right = chance.integers(0, 6, 2)
        picture = face if index % 40 < 32 else face[::-1]
        writer.write(np.ascontiguousarray(picture[down:, right:][:-6, :-6]), index / 25)
    writer.close()
    return path


def _clip(path: Path) -> bytes:
    make_clip(path, np.random.default_rng(1).integers(0, 255, (70, 70, 3), dtype=np.uint8), 5)
    return path.read_bytes()


def _without_index(path: Path) -> None:
    path.write_bytes(_clip(path)[:2000])


def _undecodable(path: Path) -> None:
    whole = _clip(path)
    start, end = whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    if start > end:
        end = len(whole)
    path.write_bytes(whole[:start] + bytes(end - start) + whole[end:])


def _without_frames(path: Path) -> None:
    with av.open(str(path), "w", options={"movflags": "empty_moov"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()


def _only_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        tone = container.add_stream("aac", rate=48_000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), format="fltp", layout="mono")
        samples.sample_rate, samples.time_base, samples.pts = 48_000, Fraction(1, 48_000), 0
        container.mux(tone.encode(samples))
        container.mux(tone.encode())


def _another_file(path: Path) -> None:
    path.unlink(missing_ok=True)
    sqlite3.connect(path).execute("CREATE TABLE notes (line TEXT)").connection.close()


#: Name -> what makes a file of it of which nothing can be read.
BROKEN: dict[str, Callable[[Path], object]] = {
    "another-kind-of-file.mov": _another_file,
    "empty.mp4": lambda path: path.write_bytes(b""),
    "link-to-nothing.mp4": lambda path: path.symlink_to(path.with_name("gone")),
    "noise.mkv": lambda path: path.write_bytes(random.Random(1).randbytes(50_000)),
    "only-a-header.mp4": lambda path: path.write_bytes(_clip(path)[:28]),
    "only-sound.mp4": _only_sound,
    "text.mp4": lambda path: path.write_text("this is no video\n" * 100),
    "undecodable.mp4": _undecodable,
    "without-frames.mp4": _without_frames,
    "without-index.mp4": _without_index,
}
