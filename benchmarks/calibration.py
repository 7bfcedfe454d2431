"""How far the shipped models' scores can be trusted, on PublicTest: figures and two curves.

    python benchmarks/calibration.py --data fer2013.npz -o docs/calibration.json

Writes a .png of the same name: how often predictions of a confidence are right (the reliability diagram of Guo
et al. 2017), and how many are wrong among the surest (risk over coverage). Needs the extra `plots`, and an .npz
with FER+ votes for `votes_kl`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vyraz import metrics, models
from vyraz.classify import Classifier
from vyraz.crop import to_input
from vyraz.dataset import load_faces
from vyraz.evaluate import evaluate_faces
from vyraz.labelled import LabelledFaces
from vyraz.types import Float

BINS = 10
FIGURES = ("count", "accuracy", "ece", "nll", "brier", "coverage", "certain_accuracy", "votes_kl")
#: Okabe and Ito's, told apart by their dashes too.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0072b2"},
    {"color": "#d55e00", "ls": (0, (5, 1.5))},
    {"color": "#009e73", "ls": (0, (1, 1))},
    {"color": "#000000", "ls": (0, (6, 1.5, 1, 1.5))},
)


def main() -> None:
    parser = argparse.ArgumentParser(description="How far the scores can be trusted.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    faces = load_faces(chosen.data).split("PublicTest")
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    reliability, risk = figure.subplots(1, 2)
    table: dict[str, dict[str, Any]] = {}
    for name, style in zip(models.names(), STYLES, strict=False):
        classifier = Classifier(name)
        report = evaluate_faces(classifier, faces)
        table[name] = {key: report[key] for key in FIGURES} | {"uncertain_below": classifier.card.uncertain_below}
        draw(reliability, risk, name, style, classifier, faces, table[name])
    dress(reliability, risk)
    figure.savefig(chosen.output.with_suffix(".png"), dpi=150)
    command = f"python benchmarks/calibration.py --data fer2013.npz -o {chosen.output}"
    chosen.output.write_text(json.dumps({"command": command, "PublicTest": table}, indent=1) + "\n")


def draw(
    reliability: Any, risk: Any, name: str, style: dict[str, Any], classifier: Classifier, faces: LabelledFaces,
    row: dict[str, Any],
) -> None:  # fmt: skip
    scores = classifier(to_input(faces.images))
    reliability.plot(*bins_of(scores, scores.argmax(axis=1) == faces.labels), marker="o", ms=3.5, lw=1.5, **style)
    coverage, wrong = metrics.risk_coverage(scores, faces.labels)
    # Of the first few the error rate is noise.
    risk.plot(coverage[100:], wrong[100:], lw=1.6, label=name, **style)
    risk.plot(row["coverage"], 1 - row["certain_accuracy"], "o", ms=6, color=style["color"])


def bins_of(scores: Float, right: Any) -> tuple[Float, Float]:
    """Mean confidence and share of right ones, in bins of as many faces each."""
    confidence = scores.max(axis=1)
    parts = np.array_split(np.argsort(confidence), BINS)
    return (
        np.array([confidence[part].mean() for part in parts], dtype=np.float32),
        np.array([right[part].mean() for part in parts], dtype=np.float32),
    )


def dress(reliability: Any, risk: Any) -> None:
    reliability.plot([0.2, 1], [0.2, 1], color="0.7", lw=1, zorder=0)
    reliability.set(xlabel="confidence", ylabel="accuracy", xlim=(0.2, 1), ylim=(0.2, 1))
    reliability.set_title("Reliability", loc="left", fontsize=10)
    risk.set(xlabel="coverage (the surest faces)", ylabel="risk (read wrongly)", xlim=(0, 1), ylim=(0, None))
    risk.set_title("Risk over coverage; the dot is what is not uncertain", loc="left", fontsize=10)
    risk.legend(frameon=False, fontsize=9)
    for panel in (reliability, risk):
        panel.grid(color="0.92", lw=0.8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


if __name__ == "__main__":
    main()
