"""The networks, one file each, in one dict."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from vyraz.errors import UsageError
from vyraz.training.networks import a, b, c0, c_conv, c_pool, p, resnet18, resnet34, small, tiny, vgg, wide
from vyraz.training.networks.recipe import Recipe

__all__ = ["NETWORKS", "Network", "get"]


@dataclass(frozen=True, slots=True)
class Network:
    """`build(**options)` makes the untrained graph; `recipe` is how it is trained by default."""

    build: Callable[..., keras.Model]
    recipe: Recipe


NETWORKS: dict[str, Network] = {
    "small": Network(small.build, small.RECIPE),
    "tiny": Network(tiny.build, tiny.RECIPE),
    "a": Network(a.build, a.RECIPE),
    "b": Network(b.build, b.RECIPE),
    "c": Network(c_pool.build, c_pool.RECIPE),
    "c0": Network(c0.build, c0.RECIPE),
    "c_pool": Network(c_pool.build, c_pool.RECIPE),
    "c_conv": Network(c_conv.build, c_conv.RECIPE),
    "p": Network(p.build, p.RECIPE),
    "resnet18": Network(resnet18.build, resnet18.RECIPE),
    "resnet34": Network(resnet34.build, resnet34.RECIPE),
    "wide": Network(wide.build, wide.RECIPE),
    "vgg": Network(vgg.build, vgg.RECIPE),
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
