"""What a training is asked for: a network's recipe, with what the user chose otherwise."""

import json
import math
from collections.abc import Sequence
from typing import Any, get_args

from vyraz.errors import UsageError
from vyraz.training import networks
from vyraz.training.networks.recipe import Optimizer, Schedule
from vyraz.training.run import Settings
from vyraz.training.targets import names_of

__all__ = ["PRECISIONS", "parse_options", "settings_for"]

PRECISIONS = ("float32", "mixed_bfloat16")

#: What may be chosen by its name, with all names.
_CHOICES = {"optimizer": get_args(Optimizer), "schedule": get_args(Schedule)}

#: What no recipe says.
_OURS = ("temperature", "share", "strength", "sharpness")

#: At twice the contrast a picture may have half of its own or 1.5 times; far beyond, its negative.
_STRONGEST = 2

#: NumPy's, which Keras sets.
_LARGEST_SEED = 2**32 - 1


def settings_for(
    network: str, *, seed: int = 1, options: Sequence[str] = (), labels: str = "fer", branch: str = "", **chosen: Any
) -> Settings:
    """The settings of a network's recipe, with what was chosen otherwise (None is not chosen).

    Args:
        network: its name.
        seed: of shuffling, augmentation, dropout and initial weights.
        options: of the network's `build`, each as NAME=VALUE.
        labels: "fer" or "ferplus".
        branch: EPOCHS:SEED, after how many epochs another seed holds; empty for never.
        chosen: epochs, batch, learning_rate, augment, precision, mixup, votes, degrade, temperature, share,
            optimizer, schedule, ema, weight_decay, strength, sharpness.

    Raises:
        UsageError: no such network, or an option that makes no sense.
    """
    recipe = networks.get(network).recipe
    names = ("epochs", "batch", "learning_rate", "augment", "precision", "mixup", "votes", "degrade")
    values = {name: getattr(recipe, name) if chosen.get(name) is None else chosen[name] for name in names}
    values |= {name: chosen[name] for name in _OURS if chosen.get(name) is not None}
    if labels == "ferplus" and not chosen.get("votes"):
        # They are the labels already.
        values["votes"] = 0.0
    if values["precision"] not in PRECISIONS:
        raise UsageError(f"no precision is called {values['precision']!r}; there are: {', '.join(PRECISIONS)}")
    if not 0 < values["learning_rate"] < math.inf:
        raise UsageError(f"the learning rate must be above 0, not {values['learning_rate']}")
    if chosen.get("optimizer") not in (None, recipe.optimizer) and chosen.get("learning_rate") is None:
        raise UsageError(f"the learning rate {recipe.learning_rate:g} is for {recipe.optimizer}: give --lr too")
    for name in (*_CHOICES, "ema", "weight_decay"):
        if chosen.get(name) not in (None, getattr(recipe, name)):
            values[name] = chosen[name]
    values["branch"] = _parse_branch(branch) if branch else None
    settings = Settings(network=network, seed=seed, options=parse_options(options), labels=labels, **values)
    _refuse_contradictions(settings)
    _refuse_seeds(seed, settings.branch, settings.epochs)
    return settings


def _refuse_contradictions(settings: Settings) -> None:
    names_of(settings.labels)
    for name, known in _CHOICES.items():
        if getattr(settings, name) not in ("", *known):
            raise UsageError(f"no {name} is called {getattr(settings, name)!r}; there are: {', '.join(known)}")
    if not 0 <= (settings.ema or 0) < 1:
        raise UsageError(f"ema must be 0 or more and below 1, not {settings.ema}")
    for name in ("mixup", "votes", "degrade", "temperature", "share", "weight_decay", "sharpness"):
        if not 0 <= (getattr(settings, name) or 0) < math.inf:
            raise UsageError(f"{name} must be 0 or more, not {getattr(settings, name)}")
    if not settings.temperature or max(settings.share, settings.degrade) > 1:
        raise UsageError("the temperature must be above 0, share and degrade at most 1")
    if not 0 <= settings.strength <= _STRONGEST:
        raise UsageError(f"strength must be from 0 to {_STRONGEST}, not {settings.strength}")
    if (settings.degrade or settings.strength != 1) and not settings.augment:
        raise UsageError(
            "pictures are degraded, or changed more or less, only where they are augmented: give --augment too"
        )
    if settings.votes and settings.labels == "ferplus":
        raise UsageError("with --labels ferplus the votes are the labels already; leave out --votes")


def _refuse_seeds(seed: int, branch: list[int] | None, epochs: int) -> None:
    after, other = branch or (0, 0)
    if max(seed, other) > _LARGEST_SEED:
        raise UsageError(f"a seed is at most {_LARGEST_SEED}, not {max(seed, other)}")
    if after >= epochs:
        raise UsageError(f"after {after} epochs nothing is left to branch off: the training has {epochs}")


def _parse_branch(text: str) -> list[int]:
    epochs, mark, seed = text.partition(":")
    if not (mark and epochs.isdecimal() and seed.isdecimal()):
        raise UsageError(f"a branch is EPOCHS:SEED, such as 70:8, not {text!r}")
    return [int(epochs), int(seed)]


def parse_options(words: Sequence[str]) -> dict[str, Any]:
    """`filters=10` -> {"filters": 10}; values are JSON, or else text."""
    found: dict[str, Any] = {}
    for word in words:
        name, mark, value = word.partition("=")
        if not (name and mark):
            raise UsageError(f"an option of a network is NAME=VALUE, not {word!r}")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
