"""Fit a network: every epoch kept, every epoch resumable."""

import math
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import keras
import numpy as np

from vyraz.ahead import ahead
from vyraz.crop import to_input
from vyraz.errors import RunError
from vyraz.labelled import LabelledFaces
from vyraz.metrics import calibrated
from vyraz.training import networks
from vyraz.training.augment import augmentation_of
from vyraz.training.build import build
from vyraz.training.cost import cost_of
from vyraz.training.data import Batch, Epochs, Seen, one_hot
from vyraz.training.distill import Teachers
from vyraz.training.heads import loss_weights, losses, with_heads
from vyraz.training.history import append_epoch, truncate_history
from vyraz.training.networks.recipe import Recipe
from vyraz.training.optimizers import optimizer_of
from vyraz.training.run import Run, Settings
from vyraz.training.settle import measured_on, settled
from vyraz.training.sharpness import flattened
from vyraz.training.start import Weights
from vyraz.training.targets import training_faces, training_targets, validation_faces
from vyraz.types import Float

__all__ = ["Reporter", "fit"]

_EVALUATION_BATCH = 512
#: With several outputs, what Keras says of `scores` is what is said of a network that has no other.
_NAMES = {"loss": "total_loss", "scores_loss": "loss", "scores_accuracy": "accuracy"}


class Reporter(Protocol):
    """Told of progress while a network is fitted."""

    def step(self, epoch: int, done: int, total: int, logs: Mapping[str, float]) -> None: ...

    def epoch(self, row: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class _Model:
    """`network` is what is kept; `fitted` shares its layers and has the outputs that it learns beside."""

    network: keras.Model
    fitted: keras.Model


def fit(
    settings: Settings,
    faces: LabelledFaces,
    run: Run,
    reporter: Reporter,
    *,
    teachers: Teachers | None = None,
    start: Weights | None = None,
    resume: bool = False,
) -> None:
    """Train a network and leave its run behind.

    Args:
        settings: what to train and how.
        faces: a set with a Training split, and the validation splits of the network's recipe; a set
            without splits is split first.
        run: where everything is written.
        reporter: told of every step and epoch.
        teachers: whose scores are learnt, if any; `settings.teacher` is their fingerprint.
        start: weights to begin with, see `vyraz.training.start`; `settings.start` is their fingerprint.
        resume: go on with the run that is there; where none is, begin.

    Raises:
        RunError: the run exists already, was begun with other settings, cannot be written, or its loss is no number.
        UsageError: the network cannot be built with its options.
        DataError: a split or the votes are missing.
    """
    assert (teachers is None) == (not settings.teacher), "settings and teachers come together, see `distill.taught`"
    recipe, faces = networks.get(settings.network).recipe, faces.with_splits()
    validation = {name: validation_faces(faces.split(name), settings.labels) for name in recipe.validation}
    epochs = _epochs(faces.split("Training"), settings, teachers)
    typical = measured_on(epochs.faces, epochs.augmentation)
    _make_deterministic(settings)
    model, done = _begin(settings, recipe, faces, run, len(epochs), resume)
    if start is not None and not done:
        model.network.set_weights(start)
    for epoch in range(done, settings.epochs):
        began = time.monotonic()
        logs = _train_epoch(model.fitted, epochs, settings, epoch, teachers, reporter)
        row = {"epoch": epoch + 1, "seconds": round(time.monotonic() - began, 2), "train": logs}
        with settled(model.fitted, typical):
            row |= {name: _evaluate(model.network, part) for name, part in validation.items()}
        append_epoch(run.history, row)
        run.save(model.fitted, run.checkpoint)
        reporter.epoch(row)
    if done < settings.epochs or not run.model.exists():
        _finish(model, settings, typical, run)


def _epochs(training: LabelledFaces, settings: Settings, teachers: Teachers | None) -> Epochs:
    chosen = training_faces(training, settings.labels)
    targets = training_targets(chosen, settings)
    seen = None
    match teachers and teachers.stored:
        case Seen() as stored:
            seen = replace(stored, targets=calibrated(stored.targets, settings.temperature))
        case np.ndarray() as stored:
            targets["softened"] = calibrated(stored, settings.temperature)
    changes = augmentation_of(settings)
    return Epochs(chosen, targets, settings.batch, settings.seed, changes, settings.mixup, seen)


def _make_deterministic(settings: Settings) -> None:
    keras.utils.set_random_seed(settings.seed)
    keras.config.set_dtype_policy(settings.precision)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()


def _begin(
    settings: Settings, recipe: Recipe, faces: LabelledFaces, run: Run, per_epoch: int, resume: bool
) -> tuple[_Model, int]:
    """The model to go on with and the number of epochs it has behind it."""
    model = _compiled(settings, recipe, per_epoch)
    if not (resume and run.facts.exists()):
        run.create(settings, faces, cost_of(model.network))
        return model, 0
    run.resume(settings, faces)
    done = _restore(model.fitted, run) // per_epoch if run.checkpoint.exists() else 0
    truncate_history(run.history, done)
    return model, done


def _compiled(settings: Settings, recipe: Recipe, per_epoch: int) -> _Model:
    network = build(settings)
    fitted = flattened(with_heads(network, settings), settings.sharpness)
    loss = losses(settings, recipe.label_smoothing)
    if fitted is not network:
        network.compile(loss=loss["scores"], metrics=["accuracy"], jit_compile=False)
    fitted.compile(
        optimizer_of(settings, recipe, per_epoch),
        loss,
        loss_weights=loss_weights(settings),
        metrics={"scores": ["accuracy"]},
        jit_compile=False,
    )
    return _Model(network, fitted)


def _restore(model: keras.Model, run: Run) -> int:
    """Weights and optimizer of the checkpoint, into a model that is compiled as at first; the steps behind it.

    Only values are taken from the file: a saved optimizer forgets which weights it must not decay.
    """
    model.optimizer.build(model.trainable_variables)
    try:
        model.load_weights(run.checkpoint)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{run.checkpoint}: cannot be loaded ({error}); start the run anew") from error
    # Keras only warns of an optimizer with other variables, and leaves the new one as it is.
    if not int(model.optimizer.iterations):
        raise RunError(f"{run.checkpoint}: was trained with another optimizer; start the run anew")
    return int(model.optimizer.iterations)


def _train_epoch(
    model: keras.Model, epochs: Epochs, settings: Settings, epoch: int, teachers: Teachers | None, reporter: Reporter
) -> dict[str, float]:
    seed = settings.seed_at(epoch)
    _seed_dropout(model, seed, epoch)
    batches = ahead(replace(epochs, seed=seed)(epoch))
    sums: Counter[str] = Counter()
    seen = 0
    for done, (inputs, targets) in enumerate(_taught(batches, settings, teachers), start=1):
        logs = _named(model.train_on_batch(inputs, targets, return_dict=True))
        if not all(map(math.isfinite, logs.values())):
            raise RunError(f"the loss is no number any more, in epoch {epoch + 1}: begin anew with a lower --lr")
        seen += len(inputs)
        sums.update({name: value * len(inputs) for name, value in logs.items()})
        reporter.step(epoch + 1, done, len(epochs), {name: value / seen for name, value in sums.items()})
    return {name: value / seen for name, value in sums.items()}


def _named(logs: Mapping[str, Any]) -> dict[str, float]:
    names = _NAMES if "scores_loss" in logs else {}
    return {names.get(name, name): float(value) for name, value in logs.items()}


def _taught(epoch: Iterator[Batch], settings: Settings, teachers: Teachers | None) -> Iterator[tuple[Float, Any]]:
    """Batches with what teachers at hand say of the very same pictures; a lone target without its name."""
    for inputs, targets in epoch:
        if teachers is not None and teachers.stored is None:
            targets["softened"] = teachers(inputs, settings.temperature)
        yield inputs, targets if len(targets) > 1 else targets["scores"]


def _seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Random state as a function of (seed, epoch), so that no checkpoint need hold it."""
    if keras.backend.backend() == "torch":
        # There, dropout without a seed of its own takes its numbers from Torch.
        keras.utils.set_random_seed((seed + epoch * 2**16) % 2**32)
    states = [variable for variable in model.variables if variable.path.endswith("seed_generator_state")]
    for index, state in enumerate(states):
        state.assign([(seed + index) % 2**32, (epoch * 2**16) % 2**32])


def _evaluate(model: keras.Model, faces: LabelledFaces) -> dict[str, float]:
    inputs, targets = to_input(faces.images), one_hot(faces.labels, len(faces.names))
    logs = model.evaluate(inputs, targets, batch_size=_EVALUATION_BATCH, verbose=0, return_dict=True)
    return {name: float(value) for name, value in logs.items()}


def _finish(model: _Model, settings: Settings, inputs: Float, run: Run) -> None:
    keras.config.set_dtype_policy("float32")
    final = build(settings)
    with settled(model.fitted, inputs):
        final.set_weights(model.network.get_weights())
    run.save(final, run.model)
