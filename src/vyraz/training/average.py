"""The mean of several networks' weights: one network, at the cost of one, that reads better than each.

It holds for trainings that went together for long enough (`train --branch`). The mean of networks that parted early is
worse than each, and that of networks that began with other random weights reads nothing.

Source: Wortsman et al. 2022 (arXiv 2203.05482, uniform soup); Frankle et al. 2020 (arXiv 1912.05671, for which).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vyraz.errors import RunError, UsageError
from vyraz.labelled import LabelledFaces
from vyraz.training.augment import augmentation_of
from vyraz.training.build import options_of
from vyraz.training.cost import cost_of
from vyraz.training.export import load_network
from vyraz.training.run import Run, Settings, digest_of
from vyraz.training.settle import measure_normalisation, measured_on
from vyraz.training.targets import training_faces

__all__ = ["average"]


def average(runs: Sequence[Run], faces: LabelledFaces, run: Run) -> None:
    """Write a run whose network has the mean of other runs' weights, and batch normalisation measured for them.

    Args:
        runs: complete, of the same network, options and labels.
        faces: the set they were fitted to, for its Training split.
        run: the one to write. Its settings are the first's, but without epochs, and with the fingerprints of
            all as `averaged`.

    Raises:
        UsageError: fewer than two runs, or networks that differ.
        RunError: a run is not complete or learnt from other pictures, or the new one is there already or cannot be
            written.
        DataError: the Training split or its votes are missing.
    """
    first, faces = _common(runs), faces.with_splits()
    _refuse_others(runs, faces.split("Training"))
    networks = [load_network(known) for known in runs]
    run.make()
    weights = [network.get_weights() for network in networks]
    mean = networks[0]
    mean.set_weights([np.mean(values, axis=0) for values in zip(*weights, strict=True)])
    training = training_faces(faces.split("Training"), first.labels)
    measure_normalisation(mean, measured_on(training, augmentation_of(first)))
    prints = "+".join(digest_of(*values)[:16] for values in weights)
    # In this order: run.json alone would be a run to be finished by --resume, which a mean cannot be.
    run.save(mean, run.model)
    run.create(replace(first, epochs=0, averaged=prints), faces, cost_of(mean))


def _common(runs: Sequence[Run]) -> Settings:
    """Settings of the first; the others' may differ in how they were fitted, not in what is."""
    if len(runs) < 2:
        raise UsageError("a mean is of two runs at least: give more")
    settings = [known.settings() for known in runs]
    for known, other in zip(runs, settings, strict=True):
        if _kind(other) != _kind(settings[0]):
            raise UsageError(f"{known.folder}: is of another network, options or labels than {runs[0].folder}")
    return settings[0]


def _refuse_others(runs: Sequence[Run], training: LabelledFaces) -> None:
    """The mean is said to have learnt from this split, and may teach others of it."""
    for run in runs:
        if not run.has_learnt_from(training):
            raise RunError(f"{run.folder}: learnt from other pictures than this Training split")


def _kind(settings: Settings) -> tuple[object, ...]:
    return settings.network, options_of(settings), settings.labels
