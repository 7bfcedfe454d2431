"""How a network is trained unless the user says otherwise."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Optimizer", "Recipe", "Schedule"]

#: See `vyraz.training.optimizers`.
Optimizer = Literal["sgd", "adam", "muon"]

#: Of the learning rate, see `vyraz.training.schedule`.
Schedule = Literal["constant", "step", "cosine"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The default training of one network, from its source.

    `mixup` is alpha of its Beta distribution (Zhang et al. 2018, arXiv 1710.09412), `votes` the weight of a
    second head that learns the votes of FER+, `degrade` the chance that a picture is made worse where
    pictures are changed at all; 0 is without.

    `validation` names the splits whose loss and accuracy are kept for every epoch. Our own networks look at
    PublicTest only, so that PrivateTest stays unseen until their one final figure; the paper's look at its val
    set too, which holds PrivateTest.
    """

    optimizer: Optimizer
    learning_rate: float
    batch: int
    epochs: int
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    ema: float = 0.0
    nesterov: bool = True
    mixup: float = 0.0
    votes: float = 0.0
    degrade: float = 0.0
    precision: str = "float32"
    augment: bool = False
    validation: tuple[str, ...] = ("val", "PublicTest")
