"""The trained network of a run, measured on the splits of a set as it would be used: as ONNX, on one core."""

import json
import tempfile
from pathlib import Path

from vyraz.classify import Classifier
from vyraz.evaluate import evaluate_faces
from vyraz.labelled import LabelledFaces
from vyraz.training.export import export
from vyraz.training.run import Run
from vyraz.training.whole import whole

__all__ = ["measure"]

SPLITS = ("val", "PublicTest", "PrivateTest", "PrivateTest-dedup")
_KEPT = ("count", "accuracy", "macro_f1", "nll", "ece", "brier", "per_class", "confusion")


def measure(run: Run, faces: LabelledFaces) -> None:
    """Write figures.json: file size, time a face, and the network's figures on every held-out split.

    Args:
        run: a complete run.
        faces: a set with the splits of FER-2013; one without is split first.

    Raises:
        RunError: the run is not complete, or the figures cannot be written.
        DataError: a split is missing.
    """
    faces = faces.with_splits()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        export(run, path)
        classifier = Classifier(path)
        reports = {split: evaluate_faces(classifier, faces.split(split)) for split in SPLITS}
    cost = {key: reports["val"][key] for key in ("bytes", "ms_per_face")}
    splits = {split: {key: report[key] for key in _KEPT} for split, report in reports.items()}
    with whole(run.figures) as scratch:
        scratch.write_text(json.dumps(cost | {"splits": splits}, indent=1) + "\n", encoding="utf-8")
