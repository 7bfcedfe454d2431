"""How the learning rate changes over a training."""

import keras

from vyraz.training.networks.recipe import Recipe
from vyraz.training.run import Settings

__all__ = ["rate_of"]

_WARMUP_EPOCHS = 2
#: When a stepwise schedule falls to a tenth, as a share of all epochs.
_FALL = 0.75


def rate_of(
    settings: Settings, recipe: Recipe, per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The rate, or how it follows from the number of steps done.

    "constant"; "step", constant and then a tenth of it for the last quarter; "cosine", from a tenth up within two
    epochs, then down to 0 (Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts).

    Args:
        settings: epochs, the peak rate, and the schedule where it is not the recipe's.
        recipe: of the network.
        per_epoch: steps.
    """
    peak, steps = settings.learning_rate, settings.epochs * per_epoch
    match settings.schedule or recipe.schedule:
        case "cosine":
            warmup = min(_WARMUP_EPOCHS, settings.epochs - 1) * per_epoch
            return keras.optimizers.schedules.CosineDecay(
                peak / 10, steps - warmup, warmup_target=peak, warmup_steps=warmup
            )
        case "step":
            return keras.optimizers.schedules.PiecewiseConstantDecay([round(_FALL * steps) - 1], [peak, peak / 10])
        case _:
            return peak
