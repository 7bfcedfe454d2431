"""What the first layer of a network is given."""

import keras
from keras import ops

__all__ = ["standardized"]


def standardized(faces: keras.KerasTensor) -> keras.KerasTensor:
    """Each picture to mean 0 and standard deviation 1, whatever its light: float32 (n, 48, 48, 1) -> the same."""
    centred = faces - ops.mean(faces, axis=(1, 2, 3), keepdims=True)
    spread = ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True))
    return centred / (spread + 1e-3)
