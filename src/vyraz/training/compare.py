"""Runs side by side: one row each, as a table in Markdown, CSV and JSON.

Only histories and figures that are on disk are read, so a comparison can be drawn anew without the data.
"""

import csv
import io
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vyraz.errors import RunError, UsageError
from vyraz.training.history import read_history
from vyraz.training.run import Run

__all__ = ["COLUMNS", "Result", "read_results", "rows_of", "write_table"]

#: The paper's own accuracy on its val set, by network; both readings of its C stand beside the same figure.
PAPER = {"a": 0.63, "b": 0.54, "c": 0.64, "c_pool": 0.64, "c_conv": 0.64}

COLUMNS = (
    "run", "network", "epochs", "parameters", "macs", "bytes", "ms_per_face", "seconds_per_epoch",
    "train", "val", "PublicTest", "PrivateTest", "PrivateTest-dedup", "macro_f1", "paper",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one run.

    `history` has a row for every finished epoch; `figures` is empty until the network was measured.
    """

    name: str
    facts: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    figures: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.facts["settings"]
        return settings

    @property
    def complete(self) -> bool:
        """Whether every epoch is there."""
        return len(self.history) >= int(self.settings["epochs"])

    def curve(self, split: str, figure: str) -> list[float]:
        """One figure (`accuracy`, a fraction, or `loss`, nats) of a split over the epochs; empty if it was not kept."""
        return [row[split][figure] for row in self.history if split in row]

    @property
    def held_out(self) -> str:
        """The split to draw beside train: val, or PublicTest for networks that never look at the rest."""
        return "val" if self.history and "val" in self.history[0] else "PublicTest"


def read_results(folders: Sequence[Path]) -> list[Result]:
    """Runs, in the order given.

    Raises:
        RunError: a folder holds no run, or a damaged one.
        UsageError: the same run is named twice.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("the same run is named twice")
    names = _names(folders)
    return [_read(name, Run(folder)) for name, folder in zip(names, folders, strict=True)]


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their paths where names are equal."""
    names = [folder.resolve().name for folder in folders]
    return [str(folder) if names.count(name) > 1 else name for folder, name in zip(folders, names, strict=True)]


def _read(name: str, run: Run) -> Result:
    facts, history = run.read(), read_history(run.history)
    for number, row in enumerate(history, start=1):
        if not (isinstance(row, dict) and row.keys() >= {"epoch", "seconds", "train"}):
            raise RunError(f"{run.history}: line {number} is damaged; the run cannot be read")
    return Result(name, facts, history, run.read_figures())


def rows_of(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row a run with the keys of COLUMNS; None where something is not known.

    Accuracies are fractions: `train` and those of the splits without a figure of their own are the last
    epoch's; `train` is measured while fitting, as Keras does, with dropout on. `macro_f1` is PrivateTest's.
    """
    return [_row(result) for result in results]


def _row(result: Result) -> dict[str, Any]:
    settings, figures = result.settings, result.figures
    splits = figures.get("splits", {})
    last = {name: part["accuracy"] for name, part in (result.history or [{}])[-1].items() if isinstance(part, dict)}
    accuracies = {name: part["accuracy"] for name, part in splits.items()}
    cost = result.facts.get("cost", {}) | {key: figures[key] for key in ("bytes", "ms_per_face") if key in figures}
    seconds = [row["seconds"] for row in result.history]
    known = last | accuracies | cost | {
        "run": result.name,
        "network": _title(settings),
        "epochs": len(result.history),
        "seconds_per_epoch": round(statistics.median(seconds), 1) if seconds else None,
        "macro_f1": splits.get("PrivateTest", {}).get("macro_f1"),
        "paper": PAPER.get(settings["network"]),
    }  # fmt: skip
    return {column: known.get(column) for column in COLUMNS}


def _title(settings: Mapping[str, Any]) -> str:
    """The network, with what sets this run apart from its recipe's plain one."""
    parts = [f"{name}={value}" for name, value in settings["options"].items()]
    parts += ["augmented"] if settings["augment"] else []
    parts += [str(settings["optimizer"])] if settings.get("optimizer") else []
    parts += [f"{settings['schedule']} schedule"] if settings.get("schedule") else []
    parts += [f"ema {settings['ema']:g}"] if settings.get("ema") is not None else []
    decay = settings.get("weight_decay")
    parts += [f"weight decay {decay:g}"] if decay is not None else []
    parts += [f"strength {settings['strength']:g}"] if settings.get("strength", 1) != 1 else []
    parts += [f"{name} {settings[name]:g}" for name in ("degrade", "mixup", "votes", "sharpness") if settings.get(name)]
    parts += ["taught"] if settings.get("teacher") else []
    parts += ["from trained weights"] if settings.get("start") else []
    parts += ["averaged"] if settings.get("averaged") else []
    parts += ["by FER+ votes"] if settings.get("labels") == "ferplus" else []
    return f"{settings['network']} ({', '.join(parts)})" if parts else str(settings["network"])


def write_table(rows: Sequence[Mapping[str, Any]], stem: Path) -> list[Path]:
    """Write STEM.md, STEM.csv and STEM.json; the last two hold fractions, the first percent.

    Raises:
        RunError: a file cannot be written.
    """
    texts = {".md": _markdown(rows), ".csv": _csv(rows), ".json": json.dumps(list(rows), indent=1) + "\n"}
    try:
        for suffix, text in texts.items():
            stem.with_suffix(suffix).write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{stem}: cannot be written ({error.strerror})") from error
    return [stem.with_suffix(suffix) for suffix in texts]


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


_HEADINGS = {
    "parameters": "parameters", "macs": "multiply-adds", "bytes": "file, MB", "ms_per_face": "ms a face",
    "seconds_per_epoch": "s an epoch", "PrivateTest-dedup": "de-duplicated", "macro_f1": "macro-F1", "paper": "paper",
}  # fmt: skip


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| " + " | ".join(_HEADINGS.get(name, name) for name in COLUMNS) + " |"]
    lines += ["| --- | --- |" + " ---: |" * (len(COLUMNS) - 2)]
    lines += ["| " + " | ".join(_shown(name, row[name]) for name in COLUMNS) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    shapes = {"epochs": "{:d}", "parameters": "{:,d}", "macs": "{:,d}", "ms_per_face": "{:.2f}"}
    shapes |= {"seconds_per_epoch": "{:.0f}", "bytes": "{:.2f}"}
    scale = {"bytes": 1e-6}.get(name, 1) if name in shapes else 100
    return shapes.get(name, "{:.1f}").format(value * scale)
