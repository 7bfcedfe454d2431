"""The untrained network that settings ask for."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

import keras

from vyraz.errors import UsageError
from vyraz.training import networks
from vyraz.training.run import Settings
from vyraz.training.targets import names_of

__all__ = ["build", "options_of"]


def build(settings: Settings) -> keras.Model:
    """Float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1; in Keras's present precision.

    Raises:
        UsageError: no such network, or options that it has not.
    """
    if "classes" in settings.options:
        raise UsageError("the number of classes follows from the labels; leave it out of --set")
    network = networks.get(settings.network)
    _refuse_words(network.build, settings.options)
    try:
        return network.build(classes=len(names_of(settings.labels)), **settings.options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{settings.network} cannot be built with {settings.options}: {error}") from error


def options_of(settings: Settings) -> dict[str, Any]:
    """All options of the network, as JSON has them: those that were given, and the defaults of the others."""
    known = inspect.signature(networks.get(settings.network).build).parameters
    defaults = {name: option.default for name, option in known.items() if name != "classes"}
    options: dict[str, Any] = json.loads(json.dumps(defaults | settings.options))
    return options


def _refuse_words(builder: Callable[..., keras.Model], options: Mapping[str, Any]) -> None:
    """True and false where they are asked for, and nowhere else: any word, `False` too, would be taken as true."""
    known = inspect.signature(builder).parameters
    for name, value in options.items():
        if name in known and isinstance(value, bool) != isinstance(known[name].default, bool):
            wanted = "true or false" if isinstance(known[name].default, bool) else "neither true nor false"
            raise UsageError(f"--set {name} is {wanted}, not {value!r}")
