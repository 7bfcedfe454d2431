"""How far the shipped models' scores can be trusted, on PublicTest: figures and two curves.

    python benchmarks/calibration.py --data fer2013.npz -o docs/calibration.json

Writes a .png of the same name: the reliability diagram (Guo et al. 2017) and the risk-coverage curve (El-Yaniv
and Wiener 2010). Needs the extra `plots`, and an .npz
with FER+ votes for `votes_kl`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vyraz import ferplus, metrics, models
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
    {"color": "#cc79a7", "ls": (0, (3, 1, 1, 1, 1, 1))},
    {"color": "#e69f00", "ls": (0, (8, 2))},
)


def main() -> None:
    parser = argparse.ArgumentParser(description="How far the scores can be trusted.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    everything = load_faces(chosen.data)
    faces = everything.split("PublicTest")
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    panels = figure.subplots(1, 2)
    # An int8 network's curves lie on those of the other.
    drawn = dict(zip((name for name in models.names() if not name.endswith("-int8")), STYLES, strict=True))
    table = {name: figures_of(name, faces, panels, drawn.get(name)) for name in models.names()}
    dress(*panels)
    figure.savefig(chosen.output.with_suffix(".png"), dpi=150)
    found = {
        "command": f"python benchmarks/calibration.py --data fer2013.npz -o {chosen.output}",
        "labels_with_votes_majority": agreement(everything),
        "PublicTest": table,
    }
    chosen.output.write_text(json.dumps(found, indent=1) + "\n")


def figures_of(name: str, faces: LabelledFaces, panels: Any, style: dict[str, Any] | None) -> dict[str, Any]:
    """A model's figures; its curves are drawn, in the style given."""
    classifier = Classifier(name)
    report = evaluate_faces(classifier, faces)
    known = faces.by_votes() if report["truth"] == "ferplus" else faces
    scores = classifier(to_input(known.images))
    confidence, right = bins_of(scores, scores.argmax(axis=1) == known.labels)
    if style:
        panels[0].plot(confidence, right, marker="o", ms=3.5, lw=1.5, label=name, **style)
        coverage, risk = metrics.risk_coverage(scores, known.labels)
        # Of the first few the error rate is noise.
        panels[1].plot(coverage[100:], risk[100:], lw=1.6, label=name, **style)
        panels[1].plot(report["coverage"], 1 - report["certain_accuracy"], "o", ms=6, color=style["color"])
    curve = [[round(float(value), 3) for value in pair] for pair in zip(confidence, right, strict=True)]
    below = {"uncertain_below": classifier.card.uncertain_below}
    chance = {"ece_of_chance": ece_of_chance(scores)}
    return {key: report[key] for key in FIGURES} | below | chance | {"confidence_and_accuracy": curve}


def ece_of_chance(scores: Float, times: int = 200) -> float:
    """The mean ECE of labels that are drawn by the scores: what a perfectly calibrated network has of so many faces."""
    rng, limits = np.random.default_rng(0), scores.cumsum(axis=1)
    drawn = ((rng.random((len(scores), 1)) > limits).sum(axis=1).clip(max=scores.shape[1] - 1) for _ in range(times))
    return round(float(np.mean([metrics.expected_calibration_error(scores, labels) for labels in drawn])), 4)


def agreement(faces: LabelledFaces) -> float:
    """Share of the pictures whose label is that of the majority of the votes, of those that have one."""
    majorities = ferplus.majorities(faces.needed_votes())
    known = majorities != ferplus.UNKNOWN
    return round(float((majorities == faces.labels)[known].mean()), 3)


def bins_of(scores: Float, right: Any) -> tuple[Float, Float]:
    """Mean confidence and accuracy, in bins of as many faces each."""
    confidence = scores.max(axis=1)
    parts = np.array_split(np.argsort(confidence), BINS)
    return (
        np.array([confidence[part].mean() for part in parts], dtype=np.float32),
        np.array([right[part].mean() for part in parts], dtype=np.float32),
    )


def dress(reliability: Any, risk: Any) -> None:
    reliability.plot([0.2, 1], [0.2, 1], color="0.7", lw=1, zorder=0)
    reliability.set(xlabel="confidence", ylabel="accuracy", xlim=(0.2, 1), ylim=(0.2, 1))
    reliability.set_title(f"Reliability diagram, PublicTest ({BINS} bins of equal size)", loc="left", fontsize=10)
    risk.set(xlabel="coverage (share of faces kept)", ylabel="error rate of those", xlim=(0, 1), ylim=(0, None))
    risk.set_title("Risk-coverage curve (dot: threshold of uncertain)", loc="left", fontsize=10)
    for panel in (reliability, risk):
        panel.legend(frameon=False, fontsize=9, loc="upper left")
        panel.grid(color="0.92", lw=0.8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


if __name__ == "__main__":
    main()
