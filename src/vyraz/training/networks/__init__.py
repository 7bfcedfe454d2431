"""The networks, one file each, in one dict."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from vyraz.errors import UsageError
from vyraz.training.networks import small
from vyraz.training.networks.recipe import Recipe

__all__ = ["NETWORKS", "Network", "get"]


@dataclass(frozen=True, slots=True)
class Network:
    """`build(**options)` makes the untrained graph; `recipe` is how it is trained by default."""

    build: Callable[..., keras.Model]
    recipe: Recipe


NETWORKS: dict[str, Network] = {
    "small": Network(small.build, small.RECIPE),
}


def get(name: str) -> Network:
    """The network of that name.

    Raises:
        UsageError: no such network.
    """
    try:
        return NETWORKS[name]
    except KeyError:
        raise UsageError(f"no network is called {name!r}; there are: {', '.join(sorted(NETWORKS))}") from None
