"""How a network is trained unless the user says otherwise."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The default training of one network, from its source.

    `validation` names the splits whose loss and accuracy are kept for every epoch; networks that we
    ship look at PublicTest only, so that PrivateTest stays unseen until their one final figure.
    """

    optimizer: Literal["sgd", "adam"]
    learning_rate: float
    batch: int
    epochs: int
    schedule: Literal["cosine", "constant"] = "constant"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    ema: float = 0.0
    nesterov: bool = True
    precision: str = "float32"
    augment: bool = False
    validation: tuple[str, ...] = ("val", "PublicTest")
