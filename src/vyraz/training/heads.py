"""What a network learns beside its labels: the votes of FER+, and the scores of teachers.

Both are further outputs of the graph while it is fitted; the network that is kept has none of them.
"""

from typing import Any

import keras
from keras import layers

from vyraz import ferplus
from vyraz.training.run import Settings

__all__ = ["loss_weights", "losses", "with_heads"]


def with_heads(model: keras.Model, settings: Settings) -> keras.Model:
    """The network with all outputs that its settings ask for; the network itself where they ask for none.

    Returns:
        A graph that shares the network's layers. Its outputs, all float32 and with rows that sum to 1:
        `scores` (n, classes); `votes` (n, 8), columns as `ferplus.LABELS`, from a dense layer of its own on
        what the network's last one sees; `softened` (n, classes), the scores at the teachers' temperature.
    """
    if not (settings.votes or settings.teacher):
        return model
    logits = model.get_layer("scores").input
    outputs = {"scores": model.output}
    if settings.votes:
        seen = logits._keras_history.operation.input
        votes = layers.Dense(len(ferplus.LABELS), name="votes_dense")(seen)
        outputs["votes"] = layers.Softmax(dtype="float32", name="votes")(votes)
    if settings.teacher:
        cooled = layers.Rescaling(1 / settings.temperature, dtype="float32", name="cooled")(logits)
        outputs["softened"] = layers.Softmax(dtype="float32", name="softened")(cooled)
    return keras.Model(model.input, outputs, name=model.name)


def losses(settings: Settings, smoothing: float) -> dict[str, keras.losses.Loss]:
    """Cross-entropy of each output; only FER-2013's labels are smoothed: votes and teachers are soft already."""
    smoothed = 0.0 if settings.labels == "ferplus" else smoothing
    named = {"scores": keras.losses.CategoricalCrossentropy(label_smoothing=smoothed)}
    return named | {name: keras.losses.CategoricalCrossentropy() for name in loss_weights(settings) if name != "scores"}


def loss_weights(settings: Settings) -> dict[str, Any]:
    """How much each output counts.

    Source of the teachers' share and of the square: Hinton, Vinyals, Dean 2015 (arXiv 1503.02531, section 2).
    """
    taught = settings.share if settings.teacher else 0.0
    weights = {"scores": 1 - taught}
    weights |= {"votes": settings.votes} if settings.votes else {}
    return weights | ({"softened": taught * settings.temperature**2} if settings.teacher else {})
