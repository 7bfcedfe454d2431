"""What a network reads right by what its normalisation was measured on: `vyraz.training.settle`.

    python benchmarks/settling.py docs/runs/small-second --data fer2013.npz -o docs/settling.json

The run is to be one whose model.keras has the statistics of its last steps, as those had before they were measured.
Needs the extra `train`.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from robustness import CHANGES, SEED

from vyraz.crop import to_input
from vyraz.dataset import load_faces
from vyraz.labelled import LabelledFaces
from vyraz.training.augment import augmentation_of
from vyraz.training.export import load_network
from vyraz.training.run import Run
from vyraz.training.settle import measure_normalisation, measured_on


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on PublicTest by what normalisation was measured on.")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    faces, run = load_faces(chosen.data), Run(chosen.run)
    kept = augmentation_of(run.settings())
    network = load_network(run)
    before = network.get_weights()
    table = {"last steps": accuracies(network, faces.split("PublicTest"))}
    for name, changes in {"as they are": None, "half of each": kept}.items():
        network.set_weights(before)
        measure_normalisation(network, measured_on(faces.split("Training"), changes))
        table[name] = accuracies(network, faces.split("PublicTest"))
    command = f"python benchmarks/settling.py {chosen.run} --data fer2013.npz -o {chosen.output}"
    chosen.output.write_text(json.dumps({"command": command, "PublicTest": table}, indent=1) + "\n")


def accuracies(network: Any, faces: LabelledFaces) -> dict[str, float]:
    """Of the pictures as they are and made worse."""
    found = {}
    for name, change in CHANGES.items():
        inputs = to_input(change(faces.images, np.random.default_rng(SEED)))
        scores = np.asarray(network.predict(inputs, batch_size=512, verbose=0))
        found[name] = round(float((scores.argmax(axis=1) == faces.labels).mean()), 4)
    return found


if __name__ == "__main__":
    main()
