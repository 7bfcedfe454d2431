"""Put a trained run into the package: the network as src/vyraz/models/NAME.onnx, its figures in facts.json.

    python tools/ship.py NAME --run RUN --data fer2013.npz [--int8]
    python tools/ship.py NAME --data fer2013.npz                      # measure what is shipped again
    python tools/ship.py NAME --data fer2013.npz --recalibrate        # its probabilities are fitted again first

Slopes and offsets, smoothing, temperature and the threshold of `uncertain` are fitted on PublicTest; PrivateTest is
looked at here and nowhere before, but for the paper's networks, whose val set holds it.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from vyraz.classify import Classifier
from vyraz.crop import SIDE, to_input
from vyraz.dataset import load_faces
from vyraz.evaluate import evaluate_faces
from vyraz.labelled import LabelledFaces
from vyraz.training.export import export, recalibrate
from vyraz.training.run import Run
from vyraz.training.targets import validation_faces

ROOT = Path(__file__).parent.parent
MODELS, GOLDEN = ROOT / "src" / "vyraz" / "models", ROOT / "tests" / "golden"
SPLITS = ("PublicTest", "PrivateTest", "PrivateTest-dedup")
FIGURES = (
    "count", "accuracy", "macro_f1", "per_class", "confusion", "nll", "ece", "brier",
    "coverage", "certain_accuracy", "votes_kl", "truth",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name")
    parser.add_argument("--run", type=Path, help="else the shipped file is measured again")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--recalibrate", action="store_true", help="of the shipped file")
    chosen = parser.parse_args()
    faces = load_faces(chosen.data)
    path = MODELS / f"{chosen.name}.onnx"
    table = MODELS / "facts.json"
    rows = json.loads(table.read_text()) if table.exists() else {}
    if chosen.run:
        export(Run(chosen.run), path, faces, int8=chosen.int8)
        rows[chosen.name] = describe(path, Run(chosen.run).read(), precision="int8" if chosen.int8 else "float32")
    elif chosen.recalibrate:
        row = rows[chosen.name]
        recalibrate(path, validation_faces(faces.split("PublicTest"), row["training"].get("labels", "fer")))
        rows[chosen.name] = describe(path, {"settings": row["training"]}, precision=row["precision"])
    if chosen.run or chosen.recalibrate:
        (GOLDEN / f"{chosen.name}.json").write_text(json.dumps(golden(Classifier(path))) + "\n")
    rows[chosen.name]["figures"] = figures = measured(Classifier(path), faces)
    table.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{chosen.name}: PublicTest {figures['PublicTest']['accuracy']:.4f}")


def measured(classifier: Classifier, faces: LabelledFaces) -> dict[str, dict[str, Any]]:
    """By split, what the table keeps of a report."""
    reports = {split: evaluate_faces(classifier, faces.split(split)) for split in SPLITS}
    return {split: {name: report[name] for name in FIGURES} for split, report in reports.items()}


def golden(classifier: Classifier, seed: int = 11) -> dict[str, Any]:
    """Scores of fixed pictures, by which the tests know the network again."""
    pictures = np.random.default_rng(seed).integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    return {"seed": seed, "scores": [[round(float(x), 6) for x in row] for row in classifier(to_input(pictures))]}


def describe(path: Path, run: dict[str, Any], *, precision: str) -> dict[str, Any]:
    """All of a row but its figures."""
    card = Classifier(path).card
    return {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "network": card.network,
        "precision": precision,
        "labels": list(card.labels),
        "input": [SIDE, SIDE, 1],
        "parameters": card.parameters,
        "macs": card.macs,
        "smoothing": card.smoothing,
        "temperature": card.temperature,
        "uncertain_below": card.uncertain_below,
        "data": data_of(run["settings"]),
        "licence": "MIT",
        "training": run["settings"],
    }


def data_of(settings: dict[str, Any]) -> str:
    """What was learnt from; a run of before there were votes says nothing of them."""
    voted = settings.get("votes") or settings.get("labels") == "ferplus"
    return "FER-2013 Training" + (", FER+ votes" if voted else "")


if __name__ == "__main__":
    main()
