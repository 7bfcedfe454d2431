"""Ways to calibrate: a temperature, vector scaling, and label smoothing undone after either; held out on PublicTest.

    python benchmarks/scaling.py RUN... --data fer2013.npz -o docs/scaling.json

Each fifth of the faces is scored with what was fitted to the other four. Needs the extra `train`.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from vyraz import metrics
from vyraz.crop import to_input
from vyraz.dataset import load_faces
from vyraz.labelled import LabelledFaces
from vyraz.training.calibrate import folds, scaled, temperature_and_smoothing, vector_scaling
from vyraz.training.export import load_network
from vyraz.training.run import Run
from vyraz.training.targets import validation_faces
from vyraz.types import Float, Labels

WAYS = ("none", "temperature", "vector scaling", "unsmoothed", "both")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ways to calibrate, cross-validated.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    faces = load_faces(chosen.data).split("PublicTest")
    table = {run.name: compared(Run(run), faces) for run in chosen.runs}
    runs = " ".join(f"runs/{run.name}" for run in chosen.runs)
    command = f"python benchmarks/scaling.py {runs} --data fer2013.npz -o {chosen.output}"
    chosen.output.write_text(json.dumps({"command": command, "PublicTest": table}, indent=1) + "\n")


def compared(run: Run, faces: LabelledFaces) -> dict[str, dict[str, float]]:
    """Figures of held-out scores: as they are, with a temperature, with slopes and offsets, with smoothing undone and a
    temperature, and with all of these."""
    known = validation_faces(faces, run.read()["settings"].get("labels", "fer"))
    scores: Float = np.asarray(load_network(run).predict(to_input(known.images), batch_size=512, verbose=0))
    found = {way: np.empty_like(scores) for way in WAYS}
    for held, rest in folds(len(known)):
        for way, change in ways(scores[rest], known.labels[rest]).items():
            found[way][held] = change(scores[held])
    return {name: figures_of(held_out, known.labels) for name, held_out in found.items()}


def ways(scores: Float, labels: Labels) -> dict[str, Callable[[Float], Float]]:
    """What each way, fitted to these faces, does to scores."""
    likeliest, fitted = metrics.fit_temperature(scores, labels), vector_scaling(scores, labels)
    alone, after = (temperature_and_smoothing(each, labels) for each in (scores, scaled(scores, *fitted)))
    changes = (
        lambda scores: scores,
        lambda scores: metrics.calibrated(scores, likeliest),
        lambda scores: scaled(scores, *fitted),
        lambda scores: metrics.calibrated(scores, *alone),
        lambda scores: metrics.calibrated(scaled(scores, *fitted), *after),
    )
    return dict(zip(WAYS, changes, strict=True))


def figures_of(scores: Float, labels: Labels) -> dict[str, Any]:
    return {
        "accuracy": round(float((scores.argmax(axis=1) == labels).mean()), 4),
        "nll": round(metrics.nll(scores, labels), 4),
        "ece": round(metrics.expected_calibration_error(scores, labels), 4),
    }


if __name__ == "__main__":
    main()
