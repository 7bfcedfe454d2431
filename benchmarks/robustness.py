"""Accuracy on PublicTest when faces arrive worse than they are there.

python benchmarks/robustness.py --data fer2013.npz -o docs/robustness.json [--model NAME|FILE.onnx ...]
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vyraz import models
from vyraz.classify import Classifier
from vyraz.dataset import load_faces
from vyraz.evaluate import evaluate_faces
from vyraz.training.augment import Augmentation, augment
from vyraz.training.degrade import blur, coarse, compress, darken
from vyraz.types import Gray

STILL = Augmentation(mirror=False, shift=0, scale=0, rotation=0, brightness=0, contrast=0, erase=0)
SEED = 1

Change = Callable[[Gray, np.random.Generator], Gray]


def moved(limits: Augmentation) -> Change:
    """Changes drawn from [-limit, limit]."""
    return lambda faces, rng: augment(faces, limits, rng)


def each(change: Callable[[Gray, np.random.Generator], Gray]) -> Change:
    return lambda faces, rng: np.stack([change(face, rng) for face in faces])


CHANGES: dict[str, Change] = {
    "as they are": lambda faces, _: faces,
    "mirrored": lambda faces, _: np.ascontiguousarray(faces[:, :, ::-1]),
    "shifted by up to 10 %": moved(replace(STILL, shift=0.10)),
    "scaled by up to 20 %": moved(replace(STILL, scale=0.20)),
    "turned by up to 15 degrees": moved(replace(STILL, rotation=15.0)),
    "blurred, sigma 1": each(lambda face, _: blur(face, 1.0)),
    "blurred, sigma 2": each(lambda face, _: blur(face, 2.0)),
    "a quarter of the light": each(lambda face, rng: darken(face, 0.25, rng)),
    "a tenth of the light": each(lambda face, rng: darken(face, 0.10, rng)),
    "JPEG, quality 30": each(lambda face, _: compress(face, 30)),
    "JPEG, quality 10": each(lambda face, _: compress(face, 10)),
    "30 pixels wide": each(lambda face, _: coarse(face, 30)),
    "20 pixels wide": each(lambda face, _: coarse(face, 20)),
    "a rectangle covered": moved(replace(STILL, erase=1.0)),
}

#: Tables in the file, by what they hold of a report; the last two are of the faces that are not `uncertain`.
KEPT = {"PublicTest": "accuracy", "coverage": "coverage", "accuracy of those": "certain_accuracy"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on PublicTest when faces arrive worse.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", action="append", help="shipped models, unless given")
    chosen = parser.parse_args()
    faces = load_faces(chosen.data).split("PublicTest")
    classifiers = {name: Classifier(name) for name in chosen.model or models.names()}
    tables: dict[str, dict[str, dict[str, float]]] = {name: {} for name in KEPT}
    for name, change in CHANGES.items():
        changed = replace(faces, images=change(faces.images, np.random.default_rng(SEED)))
        reports = {model: evaluate_faces(classifier, changed) for model, classifier in classifiers.items()}
        for table, figure in KEPT.items():
            tables[table][name] = {model: round(report[figure], 4) for model, report in reports.items()}
        print(f"{name:28}", *(f"{model} {100 * report['accuracy']:.1f}" for model, report in reports.items()))
    command = " ".join(["python", *sys.argv])
    chosen.output.write_text(json.dumps({"command": command, **tables}, indent=1) + "\n")


if __name__ == "__main__":
    main()
