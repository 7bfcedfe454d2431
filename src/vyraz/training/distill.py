"""Distillation: the teachers whose scores a smaller network learns (Hinton, Vinyals, Dean 2015, arXiv 1503.02531)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from vyraz.crop import SIDE, to_input
from vyraz.dataset import read_arrays
from vyraz.errors import DataError, RunError, UsageError
from vyraz.labelled import LabelledFaces
from vyraz.metrics import calibrated
from vyraz.training.augment import Augmentation, draw
from vyraz.training.data import Seen
from vyraz.training.export import load_network
from vyraz.training.run import Run, Settings, digest_of
from vyraz.training.targets import names_of, training_faces
from vyraz.training.whole import whole
from vyraz.types import Float

__all__ = ["Teachers", "taught", "write_scores"]

_BATCH = 256
#: Nothing is covered: what a teacher says of a face is learnt for the same face behind a hand.
_VIEW = Augmentation(erase=0)


@dataclass(frozen=True, slots=True)
class Teachers:
    """Either networks, which see what the student sees, or their stored scores of each training picture.

    networks: compiled or not, as many classes each. stored: in the order of the Training split, of views of each
    picture, or float32 (n, classes), rows sum to 1, of the pictures whatever the view; None where the networks are
    at hand. classes: how many. fingerprint: tells which they are.
    """

    networks: tuple[keras.Model, ...]
    stored: Seen | Float | None
    classes: int
    fingerprint: str

    def __call__(self, inputs: Float, temperature: float) -> Float:
        """Mean of the networks' softened scores: float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes)."""
        scores = [np.asarray(network.predict_on_batch(inputs), dtype=np.float32) for network in self.networks]
        mean: Float = np.mean([calibrated(each, temperature) for each in scores], axis=0, dtype=np.float32)
        return mean


def taught(settings: Settings, paths: Sequence[Path], training: LabelledFaces) -> tuple[Settings, Teachers | None]:
    """Settings with their teachers: folders of complete runs, or files of scores; nobody for no path.

    Raises:
        RunError: a run is not complete, or learnt from other pictures: it may know those held out here.
        UsageError: both kinds at once, several files of which one is of single views, or teachers of other labels.
        DataError: a file of scores that is damaged, or of other pictures.
    """
    if not paths:
        return settings, None
    stored = all(path.suffix == ".npz" for path in paths)
    precision = settings.precision
    teachers = _stored(paths, training, settings.labels) if stored else _at_hand(paths, training, precision)
    classes = len(names_of(settings.labels))
    if teachers.classes != classes:
        raise UsageError(f"the teachers give {teachers.classes} scores, not one for each of the {classes} labels")
    return replace(settings, teacher=teachers.fingerprint), teachers


def _stored(paths: Sequence[Path], training: LabelledFaces, labels: str) -> Teachers:
    faces = training_faces(training, labels)
    files = [_read_scores(path, faces) for path in paths]
    stored = files[0] if len(files) == 1 else _mean(files)
    scores = stored.targets if isinstance(stored, Seen) else stored
    return Teachers((), stored, scores.shape[-1], digest_of(scores)[:16])


def _mean(files: Sequence[Seen | Float]) -> Float:
    scores = [each for each in files if not isinstance(each, Seen)]
    if len(scores) < len(files):
        raise UsageError("of several files of scores none may be of single views (vyraz teach --each)")
    if len({each.shape for each in scores}) > 1:
        raise UsageError("the teachers must have the same labels")
    mean: Float = np.mean(scores, axis=0, dtype=np.float32)
    return mean


def _at_hand(paths: Sequence[Path], training: LabelledFaces, precision: str = "float32") -> Teachers:
    if any(path.suffix == ".npz" for path in paths):
        raise UsageError("--teacher takes folders of runs or .npz files of scores, not both")
    networks = tuple(_in_precision(_teacher(Run(path), training), precision) for path in paths)
    classes = {network.output_shape[-1] for network in networks}
    if len(classes) > 1:
        raise UsageError("the teachers must have the same labels")
    # Of the weights, not of the file: that holds the time at which it was written.
    return Teachers(
        networks, None, classes.pop(), "+".join(digest_of(*network.get_weights())[:16] for network in networks)
    )


def _teacher(run: Run, training: LabelledFaces) -> keras.Model:
    network = load_network(run)
    if not run.has_learnt_from(training):
        raise RunError(f"{run.folder}: learnt from other pictures than this Training split, so it cannot teach it")
    return network


def _in_precision(network: keras.Model, precision: str) -> keras.Model:
    """The network as a run of this precision trains its own: a teacher that takes longer than its student is slow."""

    def layer_of(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        # The last one is in float32 whatever the precision, and what is no layer has none.
        chosen = {"dtype": precision} if "dtype" in config and layer.name != network.output_names[0] else {}
        return layer.from_config(config | chosen)

    if precision == "float32":
        return network
    copied = keras.models.clone_model(network, clone_function=layer_of)
    copied.set_weights(network.get_weights())
    copied.jit_compile = False
    return copied


def write_scores(
    paths: Sequence[Path],
    training: LabelledFaces,
    output: Path,
    *,
    views: Iterable[int],
    each: bool = False,
    seed: int = 1,
) -> None:
    """Store what networks say of random views of each training picture.

    Scores are averaged as they are and softened when they are learnt, where teachers at hand are softened first.

    Args:
        paths: folders of complete runs.
        training: the Training split.
        output: an .npz: `scores` float16 (n, classes), or (views, n, classes) for `each`, `pictures` the hash of
            the split, and by what the views are drawn: `limits`, JSON, and `seed`.
        views: 0, 1, 2...: one number for each random view of all pictures.
        each: keep the scores of each view, so that a student is shown these views and no others; else only their
            mean, for the picture however the student sees it.
        seed: of the views.

    Raises:
        RunError: a run is not complete, or the file cannot be written.
        UsageError: the networks have different labels, or the file is to be no .npz in a folder that is there.
    """
    if output.suffix != ".npz" or not output.parent.is_dir():
        raise UsageError(f"{output}: scores of teachers are an .npz in a folder that is there")
    teachers = _at_hand(paths, training)
    faces = training_faces(training, Run(paths[0]).read()["settings"].get("labels", "fer"))
    scores = np.stack([_scores(teachers, faces, (seed, view)) for view in views])
    scores = (scores if each else scores.mean(axis=0)).astype(np.float16)
    limits = np.array(json.dumps(asdict(_VIEW)))
    with whole(output) as scratch:
        np.savez_compressed(
            scratch, scores=scores, pictures=np.array(digest_of(faces.images)), limits=limits, seed=seed
        )


def _scores(teachers: Teachers, faces: LabelledFaces, seed: tuple[int, int]) -> Float:
    inputs = to_input(draw(len(faces), faces.images.shape[1], _VIEW, np.random.default_rng(seed))(faces.images))
    return np.concatenate([teachers(inputs[start : start + _BATCH], 1.0) for start in range(0, len(inputs), _BATCH)])


def _read_scores(path: Path, faces: LabelledFaces) -> Seen | Float:
    arrays = read_arrays(path, ("scores", "pictures", "limits", "seed"))
    scores = arrays.get("scores", np.empty(0))
    if scores.ndim not in (2, 3) or not _are_scores(scores) or not scores.size:
        raise DataError(f"{path}: is not a file of teachers' scores; vyraz teach writes one")
    if scores.shape[-2] != len(faces) or str(arrays.get("pictures")) != digest_of(faces.images):
        raise DataError(f"{path}: holds scores of other pictures than the {len(faces)} of this Training split")
    scores = scores.astype(np.float32)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores if scores.ndim == 2 else _seen(path, scores, arrays)


def _are_scores(scores: npt.NDArray[Any]) -> bool:
    if scores.dtype.kind != "f" or not np.isfinite(scores).all():
        return False
    return bool((scores >= 0).all() and (scores.sum(axis=-1) > 0).all())


def _seen(path: Path, scores: Float, arrays: Mapping[str, npt.NDArray[Any]]) -> Seen:
    try:
        seen = Seen(scores, Augmentation(**json.loads(str(arrays["limits"]))), int(arrays["seed"]))
        seen.views(0, SIDE)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path}: does not say which views its scores are of; vyraz teach writes it") from error
    return seen
