"""`vyraz compare`: every figure and the table of some runs, once or for as long as they train."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from vyraz.errors import RunError
from vyraz.report import require_plots
from vyraz.training.compare import Result, read_results, rows_of, write_table
from vyraz.training.curves import draw_accuracies, draw_history

__all__ = ["redraw", "watch"]

#: Seconds between two looks at the histories.
_PATIENCE = 2.0


def redraw(results: Sequence[Result], folder: Path) -> list[Path]:
    """Write figure 3 of every run (history-NAME), figure 1 of several (accuracy) and the table (table).

    Args:
        results: runs; one without a finished epoch, such as a mean, has a row, but no curve.
        folder: is made if need be.

    Returns:
        The files written.

    Raises:
        MissingExtraError: matplotlib is not installed.
        RunError: no run has a finished epoch or is complete, or a file cannot be written.
    """
    require_plots()
    drawn = [result for result in results if result.history]
    if not drawn and not any(result.complete for result in results):
        raise RunError("no epoch is finished yet; wait for the first, or use --watch")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made ({error.strerror})") from error
    written = [path for result in drawn for path in draw_history(result, folder / f"history-{_file_name(result)}")]
    written += draw_accuracies(drawn, folder / "accuracy") if len(drawn) > 1 else []
    return written + write_table(rows_of(results), folder / "table")


def watch(runs: Sequence[Path], folder: Path) -> Iterator[list[Result]]:
    """Redraw whenever an epoch is finished, until all are.

    Yields:
        What was drawn, each time.

    Raises:
        As `read_results` and `redraw`.
    """
    seen: list[int] = []
    while True:
        results = read_results(runs)
        epochs = [len(result.history) for result in results]
        complete = [result.complete for result in results]
        if (any(epochs) or any(complete)) and epochs != seen:
            redraw(results, folder)
            yield results
            seen = epochs
        if all(complete):
            return
        time.sleep(_PATIENCE)


def _file_name(result: Result) -> str:
    return result.name.strip("/").replace("/", "-")
