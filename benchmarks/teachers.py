"""How well teachers and their mean read a split: as it is, with the mirror image, and with moved faces beside.

    python benchmarks/teachers.py RUN... --data fer2013.npz -o docs/teachers.json

Ten views are the face and its mirror image, as they are and moved by two pixels each way. PublicTest, if no other
`--split` is given: PrivateTest is for those that are chosen already. Needs the extra `train`.
"""

import argparse
import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from vyraz import metrics
from vyraz.crop import to_input
from vyraz.dataset import load_faces
from vyraz.training.augment import Views
from vyraz.training.export import load_network
from vyraz.training.run import Run
from vyraz.types import Float, Gray, Labels

MOVES = ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2))
#: How many of the views, in the order of `seen`, are averaged.
COUNTS = {"one view": 1, "mirrored": 2, "ten views": 2 * len(MOVES)}


def main() -> None:
    parser = argparse.ArgumentParser(description="How well teachers and their mean read a split.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("-o", "--output", type=Path, required=True)
    chosen = parser.parse_args()
    faces = load_faces(chosen.data).split(chosen.split)
    views = seen(faces.images)
    scores = {run.name: scores_of(Run(run), views) for run in chosen.runs}
    if len(scores) > 1:
        scores["mean"] = np.mean(list(scores.values()), axis=0)
    table = {name: figures_of(found, faces.labels) for name, found in scores.items()}
    runs = " ".join(f"runs/{run.name}" for run in chosen.runs)
    split = "" if chosen.split == "PublicTest" else f"--split {chosen.split} "
    command = f"python benchmarks/teachers.py {runs} --data fer2013.npz {split}-o {chosen.output}"
    chosen.output.write_text(json.dumps({"command": command, chosen.split: table}, indent=1) + "\n")


def seen(faces: Gray) -> list[Gray]:
    """uint8 (n, 48, 48) of each view: after each moved face its mirror image."""
    moved = [_moved(faces, *move) for move in MOVES]
    return [view for each in moved for view in (each, each[:, :, ::-1])]


def _moved(faces: Gray, right: int, down: int) -> Gray:
    matrices = np.broadcast_to(np.array([[1.0, 0.0, right], [0.0, 1.0, down]]), (len(faces), 2, 3))
    light = (len(faces), 1, 1)
    return Views(matrices, gain=np.ones(light, np.float32), bias=np.zeros(light, np.float32))(faces)


def scores_of(run: Run, views: list[Gray]) -> Float:
    """float32 (views, n, classes)."""
    network = load_network(run)
    return np.stack([network.predict(to_input(view), batch_size=512, verbose=0) for view in views])


def figures_of(scores: Float, labels: Labels) -> dict[str, dict[str, float]]:
    means = {name: scores[:count].mean(axis=0) for name, count in COUNTS.items()}
    return {
        name: {
            "accuracy": round(float((mean.argmax(axis=1) == labels).mean()), 4),
            "nll": round(metrics.nll(mean, labels), 4),
        }
        for name, mean in means.items()
    }


if __name__ == "__main__":
    main()
