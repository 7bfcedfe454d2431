"""What a terminal shows: progress and errors on stderr, short tables on stdout."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    track,
)
from rich.table import Table
from rich.text import Text

from vyraz.errors import VyrazError
from vyraz.sources import Source, length_of
from vyraz.summary import Person, Summary
from vyraz.types import Frame, Record

__all__ = [
    "AnalysisProgress",
    "Bar",
    "TrainingProgress",
    "duration",
    "print_comparison",
    "print_epochs",
    "print_error",
    "print_models",
    "print_note",
    "print_report",
    "print_reports",
    "print_summary",
    "print_written",
    "track_views",
]

errors = Console(stderr=True, highlight=False)
results = Console(highlight=False)


def print_error(error: VyrazError | str) -> None:
    """One line on stderr."""
    errors.print(f"[red]vyraz:[/red] {_plain(str(error))}", soft_wrap=True)


def print_note(message: str) -> None:
    """One line on stderr that is no error."""
    errors.print(f"vyraz: {_plain(message)}", soft_wrap=True)


class Bar:
    """A progress bar on stderr, where that is a terminal. A context manager.

    Args:
        columns: of rich.
        quiet: show nothing.
    """

    def __init__(self, *columns: ProgressColumn, quiet: bool) -> None:
        hidden = quiet or not errors.is_terminal
        self._bar = Progress(*columns, console=errors, transient=True, disable=hidden)
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


class AnalysisProgress(Bar):
    """Shows frames a second and time left, and adds up what was read. A context manager."""

    def __init__(self, sources: Sequence[Source], *, quiet: bool) -> None:
        self.summary = Summary()
        self._total, self._started = len(sources), 0
        super().__init__(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate("frames"),
            TimeRemainingColumn(), quiet=quiet,
        )  # fmt: skip

    def begin(self, source: Source) -> None:
        self._started += 1
        place = f"{self._started}/{self._total} " if self._total > 1 else ""
        self._bar.reset(self._task, total=length_of(source).frames, description=_plain(place + source.name))

    def frame(self, frame: Frame, records: Sequence[Record]) -> None:
        self.summary.add(records)
        self._bar.update(self._task, completed=frame.index + 1)

    def failed(self, message: str) -> None:
        print_error(message)


class TrainingProgress(Bar):
    """A bar over the steps of an epoch and a line an epoch, with the time left. A context manager."""

    def __init__(self, epochs: int, *, quiet: bool) -> None:
        self._epochs, self._quiet = epochs, quiet
        super().__init__(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate("steps"),
            TimeRemainingColumn(), quiet=quiet,
        )  # fmt: skip

    def step(self, epoch: int, done: int, total: int, logs: Mapping[str, float]) -> None:
        if done == 1:
            self._bar.reset(self._task, total=total)
        words = f"epoch {epoch}/{self._epochs}  loss {logs['loss']:.3f}  accuracy {logs['accuracy']:.3f}"
        self._bar.update(self._task, completed=done, description=words)

    def epoch(self, row: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        left = (self._epochs - row["epoch"]) * row["seconds"]
        parts = [f"{name} {value['accuracy']:.4f}" for name, value in row.items() if isinstance(value, Mapping)]
        errors.print(
            f"epoch {row['epoch']}/{self._epochs}  accuracy: {', '.join(parts)}  "
            f"({row['seconds']:.0f} s, {duration(left)} left)",
            soft_wrap=True,
        )


def track_views(views: int, *, quiet: bool) -> Iterable[int]:
    """0, 1, ... with a bar."""
    return track(range(views), "views", console=errors, transient=True, disable=quiet or not errors.is_terminal)


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} {self._unit}/s" if task.speed else "", style="dim")


def print_summary(summary: Summary) -> None:
    """What was read, on stdout: a row a face or person, the three strongest mean scores."""
    table = _table("source", "face", "seen", "expression", "then")
    for person in summary.people.values():
        first, *others = (f"{label} {score:.0%}" for label, score in list(person.mean_scores().items())[:3])
        doubt = " (uncertain)" if 2 * person.uncertain > person.frames else ""
        table.add_row(_plain(person.source), str(person.number), _seen(person), first + doubt, ", ".join(others))
    if summary.people:
        results.print(table)
    for source, frames in summary.frames.items():
        empty = summary.without_face[source]
        if empty:
            note = "no face found" if frames == 1 else f"no face in {empty} of {frames} frames"
            results.print(f"{_plain(source)}: {note}", soft_wrap=True)


def print_models(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """The shipped models with their figures, on stdout."""
    table = _table("model", "labels", "params", "MACs", "size", "PublicTest", "PrivateTest", "ECE", right=True)
    for name, row in rows.items():
        public, private = (row["figures"][split] for split in ("PublicTest", "PrivateTest"))
        cost = (f"{row['parameters'] / 1e6:.2f} M", f"{row['macs'] / 1e6:.1f} M", f"{row['bytes'] / 1e6:.2f} MB")
        figures = (f"{public['accuracy']:.2%}", f"{private['accuracy']:.2%}", f"{private['ece']:.3f}")
        labels = "FER+" if private["truth"] == "ferplus" else "FER"
        table.add_row(name, labels, *cost, *figures)
    results.print(table)


def print_report(report: Mapping[str, Any]) -> None:
    """One evaluation, on stdout."""
    counted = f"{report['count']} pictures" + (", by their FER+ votes" if report["truth"] == "ferplus" else "")
    results.print(f"{report['model']} on {report['data']}, {report['split'] or 'all'}: {counted}")
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in (
        "accuracy", "macro_f1", "nll", "ece", "brier", "coverage", "certain_accuracy", "votes_kl",
        "parameters", "macs", "bytes", "ms_per_face",
    ):  # fmt: skip
        value = report.get(name)
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if value is not None else "-")
    if "not_found" in report:
        table.add_row("not_found", str(report["not_found"]))
    results.print(table)
    results.print(_confusion(report))


def print_reports(reports: Sequence[Mapping[str, Any]]) -> None:
    """Several models or data sets beside one another, on stdout."""
    lost = ["no face"] if any("not_found" in report for report in reports) else []
    table = _table("data", "model", "labels", "pictures", "accuracy", "macro-F1", "ECE", *lost, right=True)
    for report in reports:
        name = report["data"] + (f", {report['split']}" if report["split"] else "")
        calibration = "-" if report["ece"] is None else f"{report['ece']:.3f}"
        figures = (f"{report['count']:,}", f"{report['accuracy']:.2%}", f"{report['macro_f1']:.3f}", calibration)
        kind = (_plain(name), _plain(report["model"]), "FER+" if report["truth"] == "ferplus" else "given")
        table.add_row(*kind, *figures, *(str(report.get("not_found", "-")) for _ in lost))
    results.print(table)


def print_comparison(rows: Sequence[Mapping[str, Any]]) -> None:
    """Runs side by side, on stdout; the files hold more columns."""
    names = ("train", "val", "PublicTest", "PrivateTest", "paper")
    table = _table("run", "epochs", "parameters", *names, right=True)
    for row in rows:
        shares = ["-" if row[name] is None else f"{row[name]:.1%}" for name in names]
        parameters = "-" if row["parameters"] is None else f"{row['parameters'] / 1e6:.2f} M"
        table.add_row(_plain(row["run"]), str(row["epochs"]), parameters, *shares)
    results.print(table)


def print_epochs(epochs: Mapping[str, int]) -> None:
    """How far each run is, on stderr."""
    errors.print("drawn: " + ", ".join(f"{_plain(name)} {count}" for name, count in epochs.items()), soft_wrap=True)


def print_written(paths: Sequence[Path]) -> None:
    """Where the results are, on stdout."""
    results.print("\nwritten:")
    for path in paths:
        results.print(f"  {_plain(str(path))}", soft_wrap=True)


def _confusion(report: Mapping[str, Any]) -> Table:
    table = _table("", *report["per_class"], "recall", right=True)
    table.title = "true (rows), predicted (columns)"
    for (label, recall), row in zip(report["per_class"].items(), report["confusion"], strict=True):
        table.add_row(label, *map(str, row), "-" if recall is None else f"{recall:.3f}")
    return table


def _table(*columns: str, right: bool = False) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(
            column,
            overflow="fold" if index == 0 else "ellipsis",
            no_wrap=index > 0,
            justify="right" if right and index else "left",
        )
    return table


def _seen(person: Person) -> str:
    if person.first is None or person.last is None:
        return f"{person.box.width:.0f} px wide"
    return f"{person.first:.1f}-{person.last:.1f} s"


def duration(seconds: float) -> str:
    """In words, by the largest unit that fits and the next one."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _plain(text: str) -> str:
    """File names may hold square brackets, which rich takes for markup, and bytes that are no UTF-8."""
    return escape(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
