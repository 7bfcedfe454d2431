"""Accuracy, calibration, confusion and cost of a model on a labelled set."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vyraz import ferplus, metrics
from vyraz.classify import Classifier
from vyraz.crop import SIDE, to_input
from vyraz.dataset import LabelledPicture, load_faces, load_pictures, pictures_of
from vyraz.errors import DataError, ModelError, UsageError
from vyraz.labelled import LabelledFaces
from vyraz.pictures import read_picture
from vyraz.recognize import Recognizer
from vyraz.types import Float, Labels

__all__ = ["evaluate_faces", "evaluate_pictures", "evaluate_set"]

_TIMED_RUNS = 200


def evaluate_set(
    model: str | Path,
    data: Path,
    *,
    split: str | None = None,
    ignore: Sequence[str] = (),
    detector: str | None = None,
    device: str = "auto",
    mirrored: bool = False,
) -> dict[str, Any]:
    """A model on a labelled set: what `vyraz evaluate --json` prints.

    Args:
        model: name of a shipped model, or path of an .onnx.
        data: a .csv, an .npz or a folder, see `vyraz.dataset.load_faces`.
        split: one of `vyraz.labelled.SPLITS`; None is all of it.
        ignore: classes that are left out.
        detector: find the face first, with this detector; then data must be a folder.
        device: for the network.
        mirrored: see `vyraz.classify.Classifier`.

    Raises:
        UsageError, ModelError, DataError, SourceError: as their names say.
    """
    heading = {"model": str(model), "data": str(data), "split": split}
    if detector is None:
        classifier = Classifier(model, device=device, mirrored=mirrored)
        return heading | evaluate_faces(classifier, load_faces(data, ignore).split(split))
    if not data.is_dir():
        raise UsageError(f"{data}: finding faces first needs a folder of class folders with whole pictures")
    recognizer = Recognizer(model, detector, device=device, mirrored=mirrored)
    return heading | evaluate_pictures(recognizer, pictures_of(load_pictures(data, ignore), split))


def evaluate_faces(classifier: Classifier, faces: LabelledFaces) -> dict[str, Any]:
    """Score faces of 48x48 as they are; by their votes where the model has more labels than the data.

    Returns:
        The fields of `vyraz evaluate --json` that do not depend on where the data came from: count,
        accuracy, macro_f1, per_class, confusion, nll, ece, brier, coverage and certain_accuracy (of the faces
        that are not `uncertain`), parameters, macs, bytes, ms_per_face, mirrored, truth ("fer", or "ferplus"
        where the majority of the FER+ votes is taken for it), votes_kl (mean divergence from the FER+ votes
        in nats, over all faces whose votes say something; None without votes).

    Raises:
        ModelError: the model lacks one of the data's labels.
    """
    scores = classifier(to_input(faces.images))
    divergence = {"votes_kl": _from_votes(classifier.labels, scores, faces)}
    if faces.votes is None or not set(classifier.labels) >= set(ferplus.LABELS):
        return _report(classifier, scores, faces.labels, faces.names, lost=None) | divergence
    known, scores = faces.by_votes(), scores[ferplus.majorities(faces.votes) != ferplus.UNKNOWN]
    return _report(classifier, scores, known.labels, known.names, lost=None) | divergence | {"truth": "ferplus"}


def evaluate_pictures(recognizer: Recognizer, pictures: Sequence[LabelledPicture]) -> dict[str, Any]:
    """Find the largest face of each picture first, then score it.

    Args:
        recognizer: detector and model.
        pictures: of any size.

    Returns:
        As `evaluate_faces`, with `not_found`: pictures without a face, which count as errors.
    """
    found: list[Float] = []
    labels: list[int] = []
    lost: list[int] = []
    for picture in pictures:
        faces = recognizer(read_picture(picture.path))
        if faces:
            found.append(np.array([faces[0].scores[label] for label in recognizer.labels], dtype=np.float32))
            labels.append(picture.label)
        else:
            lost.append(picture.label)
    scores = np.array(found, dtype=np.float32).reshape(len(found), len(recognizer.labels))
    missed = np.array(lost, dtype=np.int64)
    return _report(recognizer.classifier, scores, np.array(labels, dtype=np.int64), ferplus.LABELS, lost=missed)


def _report(
    classifier: Classifier, scores: Float, labels: Labels, given: Sequence[str], lost: Labels | None
) -> dict[str, Any]:
    names = classifier.labels
    truth, missed = (_places(each, given, names) for each in (labels, np.empty(0, np.int64) if lost is None else lost))
    counts = metrics.confusion(truth, scores.argmax(axis=1), len(names))
    totals = counts.sum(axis=1) + np.bincount(missed, minlength=len(names))
    if not totals.sum():
        raise DataError("there is nothing to evaluate")
    report = {
        "count": int(totals.sum()),
        "accuracy": float(counts.trace() / totals.sum()),
        "macro_f1": metrics.macro_f1(counts, totals),
        "per_class": dict(zip(names, metrics.recalls(counts, totals), strict=True)),
        "confusion": counts.tolist(),
        **_probabilities(scores, truth, classifier.card.uncertain_below),
        "mirrored": classifier.mirrored,
        "truth": "fer",
        "votes_kl": None,
        "parameters": classifier.card.parameters,
        "macs": classifier.card.macs,
        "bytes": classifier.file.stat().st_size,
        "ms_per_face": _milliseconds(classifier),
    }
    return report if lost is None else report | {"not_found": len(lost)}


def _places(labels: Labels, given: Sequence[str], names: Sequence[str]) -> Labels:
    """The labels, as indexes into the model's names in place of the data's."""
    missing = [given[label] for label in np.unique(labels) if given[label] not in names]
    if missing:
        left_out = " ".join(f"--ignore {name}" for name in missing)
        raise ModelError(
            f"the model has no label {', '.join(missing)}; take another model, or leave out with {left_out}"
        )
    places = np.array([names.index(name) if name in names else -1 for name in given], dtype=np.int64)
    return places[labels]


def _probabilities(scores: Float, truth: Labels, threshold: float) -> dict[str, float | None]:
    if not len(truth):
        return dict.fromkeys(("nll", "ece", "brier", "coverage", "certain_accuracy"))
    coverage, right = metrics.selective(scores, truth, threshold)
    return {
        "nll": metrics.nll(scores, truth),
        "ece": metrics.expected_calibration_error(scores, truth),
        "brier": metrics.brier(scores, truth),
        "coverage": coverage,
        "certain_accuracy": right,
    }


def _from_votes(names: Sequence[str], scores: Float, faces: LabelledFaces) -> float | None:
    """Divergence of the scores from the votes, over the labels that both have."""
    if faces.votes is None:
        return None
    shared = [name for name in ferplus.LABELS if name in names]
    shares = ferplus.distributions(faces.votes)[:, [ferplus.LABELS.index(name) for name in shared]]
    telling = shares.sum(axis=1) > 0
    if not telling.any():
        return None
    told = shares[telling] / shares[telling].sum(axis=1, keepdims=True)
    return metrics.divergence(told, scores[telling][:, [list(names).index(name) for name in shared]])


def _milliseconds(classifier: Classifier) -> float:
    """Median time of scoring one face, in milliseconds."""
    face = np.zeros((1, SIDE, SIDE, 1), dtype=np.float32)
    times = []
    for _ in range(_TIMED_RUNS):
        began = time.perf_counter()
        classifier(face)
        times.append(time.perf_counter() - began)
    return round(1000 * float(np.median(times)), 4)
