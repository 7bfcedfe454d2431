"""What moves the weights: SGD, Adam and Muon."""

from typing import Any

import keras

from vyraz.training.networks.recipe import Recipe
from vyraz.training.run import Settings
from vyraz.training.schedule import rate_of

__all__ = ["Muon", "optimizer_of"]

#: Of channels, in or out: where there are fewer, little is to be made orthogonal, and Adam does.
_FEWEST = 8


@keras.saving.register_keras_serializable(package="vyraz")
class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Muon for convolutions, where Keras's own is for dense layers alone.

    A kernel (height, width, in, out) is taken for a matrix (height * width * in, out), and its momentum made
    orthogonal. Biases, batch normalisation, dense layers, and convolutions from or to fewer than 8 channels, such as
    the first, go by Adam.

    Source: Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon); Liu et al. 2025 (arXiv 2502.16982,
    section 2.2, by which steps are as large as Adam's).
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4 or min(variable.shape[-2:]) < _FEWEST

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, gradient + m * (self.momentum - 1))
        matrix = keras.ops.reshape(gradient + m * self.momentum, (-1, variable.shape[-1]))
        step = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, keras.ops.reshape(step, variable.shape))


def optimizer_of(settings: Settings, recipe: Recipe, per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer that a training asks for, with its rate, weight decay and moving average.

    Args:
        settings: epochs, the peak rate, and what is not the recipe's.
        recipe: of the network.
        per_epoch: steps.
    """
    rate = rate_of(settings, recipe, per_epoch)
    ema = recipe.ema if settings.ema is None else settings.ema
    decay = recipe.weight_decay if settings.weight_decay is None else settings.weight_decay
    common = {"weight_decay": decay or None, "use_ema": ema > 0, "ema_momentum": ema or 0.99}
    match settings.optimizer or recipe.optimizer:
        case "sgd":
            optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=recipe.nesterov, **common)
        case "muon":
            optimizer = Muon(rate, adam_weight_decay=decay or None, **common)
        case _:
            optimizer = keras.optimizers.Adam(rate, **common)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
