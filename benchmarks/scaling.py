"""Vector scaling beyond one temperature, and a consistent temperature beyond that: cross-validated on PublicTest.

    python benchmarks/scaling.py RUN... --data fer2013.npz -o docs/scaling.json

Each fifth of the faces is scored with what was fitted to the other four. Needs the extra `train`.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from vyraz import metrics
from vyraz.crop import to_input
from vyraz.dataset import load_faces
from vyraz.labelled import LabelledFaces
from vyraz.training.calibrate import consistent_temperature, scaled, vector_scaling
from vyraz.training.export import load_network
from vyraz.training.run import Run
from vyraz.training.targets import validation_faces
from vyraz.types import Float, Labels

FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Vector scaling against one temperature.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    faces = load_faces(chosen.data).split("PublicTest")
    table = {run.name: compared(Run(run), faces) for run in chosen.runs}
    runs = " ".join(f"runs/{run.name}" for run in chosen.runs)
    command = f"python benchmarks/scaling.py {runs} --data fer2013.npz -o {chosen.output}"
    chosen.output.write_text(json.dumps({"command": command, "folds": FOLDS, "PublicTest": table}, indent=1) + "\n")


def compared(run: Run, faces: LabelledFaces) -> dict[str, dict[str, float]]:
    """Figures of held-out scores: as they are, with the likeliest temperature, with slopes and offsets, and with these
    and a consistent temperature."""
    known = validation_faces(faces, run.read()["settings"].get("labels", "fer"))
    scores: Float = np.asarray(load_network(run).predict(to_input(known.images), batch_size=512, verbose=0))
    found = {"none": scores} | {name: np.empty_like(scores) for name in ("temperature", "vector scaling", "consistent")}
    folds = np.random.default_rng(0).permutation(len(known)) % FOLDS
    for fold in range(FOLDS):
        held, rest = folds == fold, folds != fold
        temperature = metrics.fit_temperature(scores[rest], known.labels[rest])
        found["temperature"][held] = metrics.calibrated(scores[held], temperature)
        fitted = vector_scaling(scores[rest], known.labels[rest])
        found["vector scaling"][held] = scaled(scores[held], *fitted)
        temperature = consistent_temperature(scaled(scores[rest], *fitted), known.labels[rest])
        found["consistent"][held] = metrics.calibrated(found["vector scaling"][held], temperature)
    return {name: figures_of(held_out, known.labels) for name, held_out in found.items()}


def figures_of(scores: Float, labels: Labels) -> dict[str, Any]:
    return {
        "accuracy": round(float((scores.argmax(axis=1) == labels).mean()), 4),
        "nll": round(metrics.nll(scores, labels), 4),
        "ece": round(metrics.expected_calibration_error(scores, labels), 4),
    }


if __name__ == "__main__":
    main()
