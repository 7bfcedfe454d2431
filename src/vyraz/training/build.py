"""The untrained network that settings ask for."""

import keras

from vyraz.errors import UsageError
from vyraz.training import networks
from vyraz.training.run import Settings
from vyraz.training.targets import names_of

__all__ = ["build"]


def build(settings: Settings) -> keras.Model:
    """Float32 (n, 48, 48, 1) in [0, 1] -> float32 (n, classes), rows sum to 1; in Keras's present precision.

    Raises:
        UsageError: no such network, or options that it has not.
    """
    if "classes" in settings.options:
        raise UsageError("the number of classes follows from the labels; leave it out of --set")
    try:
        return networks.get(settings.network).build(classes=len(names_of(settings.labels)), **settings.options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{settings.network} cannot be built with {settings.options}: {error}") from error
