"""Distillation: the teachers whose scores a smaller network learns (Hinton, Vinyals, Dean 2015, arXiv 1503.02531)."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from vyraz.crop import to_input
from vyraz.errors import DataError, RunError, UsageError
from vyraz.labelled import LabelledFaces
from vyraz.metrics import calibrated
from vyraz.training.augment import Augmentation, augment
from vyraz.training.export import load_network
from vyraz.training.run import Run, Settings
from vyraz.training.targets import names_of, training_faces
from vyraz.types import Float

__all__ = ["Teachers", "taught", "write_scores"]

_BATCH = 256
#: Views are no harder than what a detector hands over: nothing is covered.
_VIEW = Augmentation(erase=0)


@dataclass(frozen=True, slots=True)
class Teachers:
    """Either networks, which see what the student sees, or their stored scores of each training picture.

    `stored`: float32 (n, classes), in the order of the Training split, or None. `fingerprint` tells which they are.
    """

    networks: tuple[keras.Model, ...]
    stored: Float | None
    classes: int
    fingerprint: str

    def __call__(self, inputs: Float, temperature: float) -> Float:
        """Mean of the networks' softened scores: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes)."""
        scores = [np.asarray(network.predict_on_batch(inputs), dtype=np.float32) for network in self.networks]
        mean: Float = np.mean([calibrated(each, temperature) for each in scores], axis=0, dtype=np.float32)
        return mean


def taught(settings: Settings, paths: Sequence[Path], training: LabelledFaces) -> tuple[Settings, Teachers | None]:
    """Settings with their teachers: folders of complete runs, or one file of scores; nobody for no path.

    Raises:
        RunError: a run is not complete.
        UsageError: both kinds at once, or teachers of other labels.
        DataError: a file of scores that is damaged, or of other pictures.
    """
    if not paths:
        return settings, None
    faces = training_faces(training, settings.labels)
    teachers = _stored(paths[0], faces) if [path.suffix for path in paths] == [".npz"] else _at_hand(paths)
    if teachers.classes != len(names_of(settings.labels)):
        raise UsageError(
            f"the teachers give {teachers.classes} scores; the labels are {len(names_of(settings.labels))}"
        )
    return replace(settings, teacher=teachers.fingerprint), teachers


def _stored(path: Path, faces: LabelledFaces) -> Teachers:
    scores = _read_scores(path, faces)
    return Teachers((), scores, scores.shape[1], _digest(scores.tobytes()))


def _at_hand(paths: Sequence[Path]) -> Teachers:
    if any(path.suffix == ".npz" for path in paths):
        raise UsageError("--teacher takes folders of runs, or one .npz of scores")
    runs = [Run(path) for path in paths]
    networks = tuple(load_network(run) for run in runs)
    classes = {network.output_shape[-1] for network in networks}
    if len(classes) > 1:
        raise UsageError("the teachers must have the same labels")
    return Teachers(networks, None, classes.pop(), "+".join(_digest(run.model.read_bytes()) for run in runs))


def write_scores(paths: Sequence[Path], training: LabelledFaces, output: Path, *, views: int, seed: int = 1) -> None:
    """Store what networks say of each training picture on average over random views of it.

    Args:
        paths: folders of complete runs.
        training: the Training split.
        output: an .npz: `scores` float16 (n, classes), `pictures` the hash of the split.
        views: of each picture; half of them mirrored on average.
        seed: of the views.

    Raises:
        RunError: a run is not complete, or the file cannot be written.
        UsageError: the networks have different labels, or the file is to be no .npz.
    """
    if output.suffix != ".npz":
        raise UsageError(f"{output}: scores of teachers are an .npz")
    teachers = _at_hand(paths)
    faces = training_faces(training, Run(paths[0]).read()["settings"].get("labels", "fer"))
    rng = np.random.default_rng(seed)
    total = np.zeros(1, dtype=np.float64)
    for _ in range(views):
        inputs = to_input(augment(faces.images, _VIEW, rng))
        parts = [teachers(inputs[start : start + _BATCH], 1.0) for start in range(0, len(inputs), _BATCH)]
        total = total + np.concatenate(parts)
    scratch = output.with_name(f"scratch-{output.name}")
    try:
        np.savez_compressed(scratch, scores=(total / views).astype(np.float16), pictures=_pictures(faces))
        scratch.replace(output)
    except OSError as error:
        raise RunError(f"{output}: cannot be written ({error.strerror})") from error


def _read_scores(path: Path, faces: LabelledFaces) -> Float:
    try:
        with np.load(path) as stored:
            scores, pictures = stored["scores"].astype(np.float32), str(stored["pictures"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: is not a file of teachers' scores ({error})") from error
    if scores.ndim != 2 or len(scores) != len(faces) or pictures != _pictures(faces):
        raise DataError(f"{path}: holds scores of other pictures than the {len(faces)} of this Training split")
    result: Float = scores / scores.sum(axis=1, keepdims=True)
    return result


def _pictures(faces: LabelledFaces) -> str:
    return _digest(faces.images.tobytes())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
