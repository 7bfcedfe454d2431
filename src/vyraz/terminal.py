"""What a camera sees, as a table that stays in its place."""

import time
from collections import deque
from collections.abc import Iterable, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vyraz.draw import colour_of
from vyraz.types import EMOTIONS, Frame, Record

__all__ = ["live_table", "show_live"]

#: Times a second that the table is drawn, letters across a full bar, frames over which the rate is taken.
_RATE, _BAR, _FRAMES = 10, 8, 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show_live(frames: Iterable[tuple[Frame, list[Record]]], console: Console | None = None) -> None:
    """Show the people of each frame until the frames end; raises what they raise.

    Args:
        frames: of a camera, with their records.
        console: where; None is stdout.
    """
    times: deque[float] = deque(maxlen=_FRAMES)
    with Live(Text("waiting for the first picture"), console=console, refresh_per_second=_RATE) as shown:
        for frame, records in frames:
            times.append(time.monotonic())
            shown.update(live_table(frame, records, _rate(times)))


def live_table(frame: Frame, records: Sequence[Record], rate: float) -> Group:
    """A row a person, a bar a score, and a line about the frame."""
    people = [record for record in records if record.box is not None]
    line = frame.error or (f"{len(people)} in view" if people else "nobody in view")
    clock = "" if frame.timestamp is None else f"{frame.timestamp:.1f} s  "
    return Group(Text(f"{clock}{rate:.1f} frames/s  {line}", style="dim"), *([_people(people)] if people else []))


def _people(people: Sequence[Record]) -> Table:
    labels = list(people[0].scores) or list(EMOTIONS)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "shows", *labels):
        table.add_column(name, no_wrap=True)
    for record in people:
        doubt = record.status != "ok"
        shown = Text(
            f"{record.label}{'?' if doubt else ''} {record.confidence or 0:.0%}", style="dim" if doubt else "bold"
        )
        table.add_row(
            str(record.face_id or ""), shown, *(_bar(label, record.steady.get(label, 0.0)) for label in labels)
        )
    return table


def _bar(label: str, score: float) -> Text:
    full, part = divmod(round(min(max(score, 0.0), 1.0) * _BAR * 8), 8)
    red, green, blue = colour_of(label)
    return Text(("█" * full + (_EIGHTHS[part] if part else "")).ljust(_BAR), style=f"rgb({red},{green},{blue})")


def _rate(times: Sequence[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0
