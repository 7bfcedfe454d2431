"""Where results go: tables (.csv .jsonl .parquet), annotated video (.mp4), pictures (.png .jpg), reports (.html),
ELAN annotations (.eaf).

Tables hold all sources of a call. A picture, a video, a report or an annotation file shows one source: with several
sources, the source's name is put into the file's name. A picture of a recording is its timeline.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from vyraz.errors import UsageError
from vyraz.report import require_plots
from vyraz.sinks.base import Setup, Sink, told
from vyraz.sinks.intervals import Elan, SegmentsCsv
from vyraz.sinks.media import AnnotatedPicture, AnnotatedVideo
from vyraz.sinks.page import HtmlReport
from vyraz.sinks.tables import Csv, JsonLines, Parquet
from vyraz.sources import Source

__all__ = ["SUFFIXES", "Setup", "Sink", "is_resumable", "open_segments", "open_sink", "shows_pictures"]

_PICTURES = (".png", ".jpg", ".jpeg")
_TABLES = (".csv", ".jsonl", ".parquet")
SUFFIXES = (".csv", ".jsonl", ".parquet", ".mp4", ".png", ".jpg", ".html", ".eaf")


def open_sink(target: str, sources: Sequence[Source], setup: Setup | None = None, *, at: int | None = None) -> Sink:
    """The sink that a file's suffix asks for; `-` is JSON lines on stdout.

    Args:
        target: the file.
        sources: all that will come.
        setup: labels and options; None is FER-2013's labels and no option.
        at: bytes of a table to keep and go on from; None begins anew.

    Raises:
        UsageError: a suffix that is not known, a file that is one of the sources, or nothing to draw.
        MissingExtraError: the form needs a package that is not installed.
        SinkError: the file cannot be written.
    """
    setup = setup or Setup()
    if target == "-":
        return JsonLines(None, setup)
    path = Path(target)
    _refuse_overwriting(path, sources)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".jsonl"):
        return (Csv if suffix == ".csv" else JsonLines)(path, setup, at=at)
    if suffix == ".parquet":
        return Parquet(path, setup, at=at)
    if suffix == ".mp4":
        return _video_sink(path, sources, setup)
    if suffix in _PICTURES:
        return _picture_sink(path, sources, setup)
    if suffix in (".html", ".eaf"):
        return _recording_sink(path, sources, setup)
    raise UsageError(f"{target}: no form of result has this suffix; there are: {', '.join(SUFFIXES)}, or - for stdout")


def is_resumable(target: str) -> bool:
    """Whether a result is one that can be gone on with: a table."""
    return target != "-" and Path(target).suffix.lower() in _TABLES


def shows_pictures(target: str) -> bool:
    """Whether faces can be seen in a result."""
    return Path(target).suffix.lower() in (*_PICTURES, ".mp4", ".html")


def open_segments(target: str, sources: Sequence[Source]) -> Sink:
    """The table of segments of all recordings.

    Raises:
        UsageError: not a .csv, a file that is one of the sources, or no recording among them.
        SinkError: the file cannot be written.
    """
    path = Path(target)
    if path.suffix.lower() != ".csv":
        raise UsageError(f"{target}: segments are a table; give --segments a name that ends in .csv")
    _refuse_overwriting(path, sources)
    _need_recording(f"{path}: segments need a video", sources)
    return SegmentsCsv(_open_text(path))


def _refuse_overwriting(path: Path, sources: Sequence[Source]) -> None:
    if any(_same(path, Path(source.name)) for source in sources if source.kind in ("picture", "video")):
        raise UsageError(f"{path}: is one of the sources; choose another name for the result")


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _video_sink(path: Path, sources: Sequence[Source], setup: Setup) -> Sink:
    _need_recording(f"{path}: an annotated video needs a video", sources)
    _check_writable(path)
    return AnnotatedVideo(path, sources, setup)


def _recording_sink(path: Path, sources: Sequence[Source], setup: Setup) -> Sink:
    report = path.suffix.lower() == ".html"
    _need_recording(f"{path}: {'a report' if report else 'an annotation file'} needs a video", sources)
    sink = (HtmlReport if report else Elan)(path, sources, setup)
    _check_writable(path)
    return sink


def _need_recording(what: str, sources: Sequence[Source]) -> None:
    videos = [source for source in sources if not source.is_picture and not source.problem]
    if sources and not videos and any(source.is_picture for source in sources):
        raise UsageError(f"{what}; for pictures use .png or .jpg")


def _picture_sink(path: Path, sources: Sequence[Source], setup: Setup) -> Sink:
    if any(not source.is_picture and not source.problem for source in sources):
        require_plots()
    _check_writable(path)
    return AnnotatedPicture(path, sources, setup)


def _open_text(path: Path) -> IO[str]:
    with told(path):
        return path.open("w", newline="", encoding="utf-8")


def _check_writable(path: Path) -> None:
    with told(path):
        existed = os.path.lexists(path)
        path.open("ab").close()
        if not existed:
            path.unlink()
