"""Plots of results over time (extra: plots)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vyraz.draw import colour_of
from vyraz.errors import MissingExtraError, SinkError
from vyraz.types import Record

__all__ = ["Timeline", "require_plots"]

#: Only so many people are drawn, those seen longest; the plot says how many it leaves out.
_MOST_PEOPLE = 6
#: A line is broken where nothing was seen for longer, in seconds.
_GAP = 1.0


def require_plots() -> None:
    """Raises MissingExtraError unless matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtraError("drawing a timeline", "plots") from None


class Timeline:
    """Gathers the records of a recording, as plain floats, and draws the scores of each person over time."""

    def __init__(self, labels: Sequence[str], title: str) -> None:
        self._labels, self._title = tuple(labels), title
        self._points: defaultdict[int, list[tuple[float, ...]]] = defaultdict(list)
        self._statuses: Counter[str] = Counter()
        self._end = 0.0

    def add(self, record: Record) -> None:
        """Take one record; those without a time or a face only count."""
        self._statuses[record.status] += 1
        self._end = max(self._end, record.timestamp or 0.0)
        if record.face_id is not None and record.timestamp is not None:
            scores = (record.steady[label] for label in self._labels)
            self._points[record.face_id].append((record.timestamp, *scores))

    def save(self, path: Path) -> None:
        """Draw to a picture file.

        Raises:
            MissingExtraError: matplotlib is not installed.
            SinkError: the file cannot be written.
        """
        require_plots()
        from matplotlib.figure import Figure

        people = sorted(self._points, key=lambda number: -len(self._points[number]))[:_MOST_PEOPLE]
        figure = Figure(figsize=(10, 1.3 + 1.9 * max(len(people), 1)), layout="constrained")
        panels = figure.subplots(max(len(people), 1), 1, sharex=True, squeeze=False)[:, 0]
        for panel, number in zip(panels, sorted(people), strict=False):
            self._draw_person(panel, number)
        if not people:
            panels[0].text(0.5, 0.5, "no face was found", ha="center", transform=panels[0].transAxes)
        self._dress(figure, panels, len(self._points) - len(people))
        try:
            figure.savefig(path, dpi=150)
        except OSError as error:
            raise SinkError(f"{path}: cannot be written ({error.strerror})") from error

    def _draw_person(self, panel: Any, number: int) -> None:
        points = np.array(self._points[number])
        breaks = np.flatnonzero(np.diff(points[:, 0]) > _GAP) + 1
        for part in np.split(points, breaks):
            if len(part) == 1:
                part = np.repeat(part, 2, axis=0)
            colours = [_fraction(label) for label in self._labels]
            panel.stackplot(part[:, 0], part[:, 1:].T, colors=colours, edgecolor="white", linewidth=0.3)
        panel.set_ylabel(f"person {number}", rotation=0, ha="right", va="center", labelpad=12)

    def _dress(self, figure: Any, panels: Any, left_out: int) -> None:
        for panel in panels:
            panel.set(ylim=(0, 1), xlim=(0, self._end or 1), yticks=(0, 0.5, 1))
            panel.spines[["top", "right"]].set_visible(False)
        panels[-1].set_xlabel("seconds")
        figure.supylabel("calibrated score, stacked", fontsize=9)
        total = sum(self._statuses.values()) or 1
        doubt, empty = self._statuses["uncertain"] / total, self._statuses["no_face"] / total
        note = f"{doubt:.0%} uncertain, {empty:.0%} without a face"
        note += f", {left_out} people seen more briefly are not drawn" if left_out > 0 else ""
        figure.suptitle(f"{self._title}: apparent expression over time", fontsize=12, x=0.01, ha="left")
        panels[0].set_title(note, fontsize=9, loc="right", color="0.35")
        figure.legend(handles=_key(self._labels), loc="outside lower center", ncols=len(self._labels), frameon=False)


def _key(labels: Sequence[str]) -> list[Any]:
    from matplotlib.patches import Patch

    return [Patch(color=_fraction(label), label=label) for label in labels]


def _fraction(label: str) -> tuple[float, float, float]:
    red, green, blue = colour_of(label)
    return red / 255, green / 255, blue / 255
