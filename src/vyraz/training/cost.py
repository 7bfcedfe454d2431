"""What a network costs: parameters and multiply-adds of the built graph."""

from collections.abc import Iterable

import keras
import numpy as np

__all__ = ["cost_of", "count_macs"]


def cost_of(model: keras.Model) -> dict[str, int]:
    """`parameters` and `macs` of a built network."""
    return {"parameters": model.count_params(), "macs": count_macs(model.layers)}


def count_macs(layers: Iterable[keras.Layer]) -> int:
    """Multiply-adds of one face through convolutions and dense layers; the rest is not counted."""
    total = 0
    for layer in layers:
        if isinstance(layer, keras.Model):
            total += count_macs(layer.layers)
        elif isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D | keras.layers.Dense):
            across = layer.output.shape[1:-1] if layer.kernel.ndim == 4 else ()
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(across, dtype=np.int64))
    return total
