"""Accuracy over cost: the shipped models among what others measured on FER-2013's PrivateTest.

    python benchmarks/frontier.py -o docs/frontier.png

Draws `vyraz models --json`, those that are measured by the labels of FER-2013; needs the extra `plots`. What
others reached is quoted, not measured here.
"""

import argparse
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from vyraz import models

#: Name: multiply-adds a face, accuracy on PrivateTest. Arriaga et al. 2017 (arXiv 1710.07557) as it is installed, and
#: the best other small network with published weights.
OTHERS = {"mini-Xception": (10e6, 0.659), "best other under 1 M parameters": (66e6, 0.669)}
#: Cost unknown: Pramerdorfer and Kampel 2016 (arXiv 1612.02903), Pham et al. 2021 (Residual Masking Network).
LEVELS = {
    "MobileNetV3, distilled, 1.2 M parameters: 71.2": 0.712,
    "VGG and ResNet-18 from scratch, 10 to 20 M: 72.7 to 73.7": 0.727,
    "best single network, 143 M: 74.1": 0.741,
    "best ensemble from scratch: 75.2": 0.752,
}
OURS, THEIRS = "#0072b2", "#d55e00"
#: Where a mark's name is: points to the right of it and above it, and its alignment. The paper's networks lie close
#: together.
ABOVE = (0, 12, "center")
PLACES = {
    "a": (-9, 0, "right"),
    "c": (0, -13, "center"),
    "p": (9, 0, "left"),
    "small": (9, 6, "left"),
    "tiny": (9, 0, "left"),
    "mini-Xception": (9, 0, "left"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy over cost.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    figure = Figure(figsize=(8.0, 4.6), layout="constrained")
    panel = figure.subplots()
    # Of a network's files the first: an int8 one lies on it.
    rows = {models.facts(name)["network"]: (name, models.facts(name)) for name in reversed(models.names())
            if models.facts(name)["figures"]["PrivateTest"]["truth"] == "fer"}  # fmt: skip
    for name, row in rows.values():
        place = PLACES.get(name, ABOVE)
        put(panel, f"{name}, {row['bytes'] / 1e6:.1f} MB", row["macs"], accuracy_of(row), OURS, place)
    for name, (macs, accuracy) in OTHERS.items():
        put(panel, name, macs, accuracy, THEIRS, PLACES.get(name, ABOVE))
    for name, accuracy in LEVELS.items():
        panel.axhline(accuracy, color="0.6", lw=1, ls=(0, (5, 2)))
        panel.annotate(name, (0.995, accuracy), xycoords=("axes fraction", "data"), xytext=(0, 3),
                       textcoords="offset points", ha="right", fontsize=9, color="0.35")  # fmt: skip
    dress(panel)
    figure.savefig(chosen.output, dpi=150)


def accuracy_of(row: dict[str, Any]) -> float:
    return float(row["figures"]["PrivateTest"]["accuracy"])


def put(panel: Any, name: str, macs: float, accuracy: float, colour: str, place: tuple[int, int, str]) -> None:
    """A mark and what it is."""
    right, up, alignment = place
    panel.plot(macs, accuracy, "o" if colour == OURS else "s", ms=7, color=colour)
    panel.annotate(
        f"{name}: {100 * accuracy:.1f}", (macs, accuracy), xytext=(right, up), textcoords="offset points",
        va="center", ha=alignment, fontsize=9, color=colour,
    )  # fmt: skip


def dress(panel: Any) -> None:
    panel.set_xscale("log")
    panel.set(xlim=(5e6, 4e8), ylim=(0.59, 0.77), xlabel="multiply-adds a face", ylabel="accuracy")
    panel.set_title("FER-2013, PrivateTest (duplicates included), one view, no extra pictures", loc="left", fontsize=10)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g} M")
    panel.yaxis.set_major_locator(MultipleLocator(0.02))
    panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    panel.grid(axis="y", color="0.92", lw=0.8)
    panel.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
