"""Layers of Keras in fewer operations: what our own networks and their teachers are trained with."""

from typing import Any

import keras
from keras import layers

__all__ = ["AveragePooling2D", "BatchNormalization", "Conv2D"]


@keras.saving.register_keras_serializable(package="vyraz")
class Conv2D(layers.Conv2D):  # type: ignore[misc]
    """Keras's own, which for PyTorch turns the layout of each input and back; here it stays as it is."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        if keras.backend.backend() != "torch" or self._is_special():
            return super().convolution_op(inputs, kernel)
        import torch

        x, kernel = inputs.movedim(-1, 1), keras.ops.transpose(kernel, (3, 2, 0, 1))
        zeros = [_zeros(*sizes) for sizes in zip(x.shape[2:], self.kernel_size, self.strides, strict=True)]
        if any(count % 2 for count in zeros):
            # Where the zeros are odd, Keras has one more at the end.
            x = torch.nn.functional.pad(x, (0, zeros[1] % 2, 0, zeros[0] % 2))
        return torch.conv2d(x, kernel, stride=self.strides, padding=[count // 2 for count in zeros]).movedim(1, -1)

    def _is_special(self) -> bool:
        """Whether something is asked for that our networks do not need."""
        plain = self.data_format == "channels_last" and self.padding == "same" and self.groups == 1
        return not plain or self.dilation_rate != (1, 1)


def _zeros(size: int, kernel: int, stride: int) -> int:
    """How many rows or columns of zeros padding "same" adds."""
    return max((-(-size // stride) - 1) * stride + kernel - size, 0)


@keras.saving.register_keras_serializable(package="vyraz")
class AveragePooling2D(layers.AveragePooling2D):  # type: ignore[misc]
    """Keras's own, which PyTorch is slow at in bfloat16: there, a mean of each two by two as three sums."""

    def call(self, inputs: Any) -> Any:
        if keras.backend.backend() != "torch" or self._is_special(inputs.shape):
            return super().call(inputs)
        upper, lower = inputs[:, ::2], inputs[:, 1::2]
        return (upper[:, :, ::2] + upper[:, :, 1::2] + lower[:, :, ::2] + lower[:, :, 1::2]) / 4

    def _is_special(self, shape: Any) -> bool:
        """Whether it is not of each two by two of a map that they fill."""
        plain = tuple(self.pool_size) == tuple(self.strides) == (2, 2) and self.data_format == "channels_last"
        return not plain or bool(shape[1] % 2 or shape[2] % 2)


@keras.saving.register_keras_serializable(package="vyraz")
class BatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Keras's own, which is several operations in float32; TensorFlow's one where it trains, and PyTorch's always."""

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, **options)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        backend = None if self._is_special(mask) else keras.backend.backend()
        match backend, bool(training and self.trainable):
            case "torch", True:
                x, mean, variance = self._torch(inputs)
            case "torch", False:
                return self._torch_as_it_is(inputs)
            case "tensorflow", True:
                x, mean, variance = self._tensorflow(inputs)
            case _:
                return super().call(inputs, training=training, mask=mask)
        self._remember(self.moving_mean, mean)
        self._remember(self.moving_variance, variance)
        return x

    def _tensorflow(self, inputs: Any) -> tuple[Any, Any, Any]:
        import tensorflow as tf

        none = tf.zeros([0])
        weights = {"scale": self.gamma.value, "offset": self.beta.value, "mean": none, "variance": none}
        x, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(x=inputs, **weights, epsilon=self.epsilon, is_training=True)
        return x, mean, variance

    def _torch(self, inputs: Any) -> tuple[Any, Any, Any]:
        import torch

        channels_first = inputs.movedim(-1, 1)
        weights = self.gamma.value, self.beta.value
        x, mean, deviation = torch.native_batch_norm(channels_first, *weights, None, None, True, 0.0, self.epsilon)
        return x.movedim(1, -1), mean, deviation**-2 - self.epsilon

    def _torch_as_it_is(self, inputs: Any) -> Any:
        import torch

        measured = self.moving_mean.value, self.moving_variance.value
        weights = {"weight": self.gamma.value, "bias": self.beta.value, "eps": self.epsilon}
        return torch.nn.functional.batch_norm(inputs.movedim(-1, 1), *measured, **weights).movedim(1, -1)

    def _is_special(self, mask: Any) -> bool:
        """Whether something is asked for that the one operation has not."""
        plain = self.center and self.scale and self.axis == -1
        return mask is not None or self.renorm or self.synchronized or not plain

    def _remember(self, moving: Any, now: Any) -> None:
        moving.assign(moving * self.momentum + now * (1 - self.momentum))
