"""Weights to start a training from: those of a run, of an .onnx, such as a shipped one, or of several side by side."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vyraz import models
from vyraz.classify import Classifier
from vyraz.crop import to_input
from vyraz.errors import UsageError
from vyraz.labelled import LabelledFaces
from vyraz.training.build import build
from vyraz.training.export import load_network
from vyraz.training.run import Run, Settings, digest_of
from vyraz.training.targets import LABELS, names_of
from vyraz.training.unfold import unfold
from vyraz.types import Float

__all__ = ["Weights", "started"]

#: As `keras.Model.get_weights` gives them.
Weights = list[Float]

#: Faces by which the channels are measured, and the network is compared with the file.
_FACES = 2048


def started(settings: Settings, sources: Sequence[str], training: LabelledFaces) -> tuple[Settings, Weights | None]:
    """Settings that tell from where they start, and the weights; none for no source.

    Options of the network that are not given are those of what it begins with. Where that has other labels, those that
    both have keep their scores; one that it has not starts at a logit of 0. Several are put side by side, see
    `vyraz.training.unfold`.

    Args:
        settings: of the training.
        sources: folder of a complete run, or names of shipped models or paths of .onnx files by `vyraz export`.
        training: the Training split.

    Raises:
        UsageError: no such model, or it is of another network, or quantized; or several, of which one is a run.
        RunError: the run is not complete.
        ModelError: the file is damaged.
    """
    if not sources:
        return settings, None
    keras.config.set_dtype_policy("float32")
    first, is_run = sources[0], any(map(_is_run, sources))
    if is_run and len(sources) > 1:
        raise UsageError("several to start from must be .onnx files: export the runs first (vyraz export)")
    settings = replace(settings, options=_options(settings.network, first, is_run) | settings.options)
    labels, faces = _labels(first, is_run), to_input(training.images[:_FACES])
    network = build(replace(settings, labels=labels))
    taken = _copy(network, first) if is_run else unfold(network, sources, faces)
    if taken is None:
        raise _other(" and ".join(sources), network)
    weights = _relabelled(network.get_weights(), names_of(labels), names_of(settings.labels))
    # Of what the source holds: what is measured of the channels may differ in the last digit between machines.
    return replace(settings, start=digest_of(*taken)[:16]), weights


def _is_run(source: str) -> bool:
    # A shipped name comes first, as everywhere: a folder of that name is ./NAME.
    return source not in models.names() and Path(source).is_dir()


def _options(network: str, source: str, is_run: bool) -> dict[str, Any]:
    """Those that the source was built with, where they are known and it is of this network."""
    if is_run:
        known = Run(Path(source)).read()["settings"]
    else:
        known = models.facts(source)["training"] if source in models.names() else {}
    return known["options"] if known.get("network") == network else {}


def _labels(source: str, is_run: bool) -> str:
    if is_run:
        return Run(Path(source)).settings().labels
    known = Classifier(source).card.labels
    return next((labels for labels, names in LABELS.items() if names == known), "fer")


def _relabelled(weights: Weights, had: tuple[str, ...], wanted: tuple[str, ...]) -> Weights:
    """The weights with a last layer for other labels: kernel (in, labels) and bias, the last two."""
    *rest, kernel, bias = weights
    places = [had.index(name) if name in had else len(had) for name in wanted]
    return [*rest, *(np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, 1)])[..., places] for values in (kernel, bias))]


def _copy(network: keras.Model, source: str) -> Weights | None:
    """Give the network the weights of a run; None where they do not fit."""
    weights: Weights = load_network(Run(Path(source))).get_weights()
    try:
        network.set_weights(weights)
    except ValueError:
        return None
    return weights


def _other(source: str, network: keras.Model) -> UsageError:
    shipped = [name for name in models.names() if _is_whole(models.facts(name), network)]
    hint = f"; shipped ones of it: {', '.join(shipped)}" if shipped else ""
    return UsageError(f"{source}: its weights do not fit {network.name} with these options{hint}")


def _is_whole(facts: dict[str, Any], network: keras.Model) -> bool:
    return bool(facts["network"] == network.name and facts["precision"] == "float32")
