"""The report: one self-contained .html a recording, which opens without network."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from vyraz.overview import Overview
from vyraz.sinks.base import Names, Setup, Sink, readable, told
from vyraz.sources import Source
from vyraz.types import Frame, Record

__all__ = ["HtmlReport"]


class HtmlReport(Sink):
    """A report of each recording: timelines, segments, shares, moments, and how much could be read.

    It is written when the recording is over, or with what there is when something stops it; pictures are left out.
    """

    def __init__(self, path: Path, sources: Sequence[Source], setup: Setup) -> None:
        self._names, self._setup = Names(path, sources), setup
        self._overview: Overview | None = None

    def begin(self, source: Source) -> None:
        self._source, self._overview = source, None
        if not source.is_picture:
            self._target = self._names.take(source)
            self._overview = Overview(self._setup.labels, pictures=self._setup.faces, blur=self._setup.blur)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if self._overview is not None:
            self._overview.take(frame, records)

    def end(self) -> None:
        overview, self._overview = self._overview, None
        if overview is not None and not overview.is_empty:
            name = _title(self._source.name)
            data = overview.data() | {"source": name, "about": dict(self._setup.about)}
            with told(self._target):
                self._target.write_text(_page(name, data), encoding="utf-8", newline="\n")

    def close(self) -> None:
        self.end()


def _title(source: str) -> str:
    """The file's name without its folder: a report is passed on, and whose folder it was is nobody's business."""
    return readable(Path(source).name or source)


def _page(title: str, data: Mapping[str, Any]) -> str:
    """The template filled in, in one pass, so that nothing put in is taken for a place to fill."""
    style, script = _template("report.css"), _template("report.js")
    # In JSON, "<" can only stand in a string, where its escape means the same; so no file name ends the island.
    island = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "title": html.escape(title),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "data": island,
    }
    return re.sub("@@([a-z_]+)@@", lambda found: parts[found[1]], _template("report.html"))


def _template(name: str) -> str:
    return files("vyraz").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a Content-Security-Policy allows a script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
