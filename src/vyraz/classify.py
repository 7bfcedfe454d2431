"""Score faces with a network, by ONNX Runtime."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vyraz import models
from vyraz.crop import SIDE
from vyraz.errors import ModelError, UsageError
from vyraz.metrics import calibrated
from vyraz.runtime import open_session, providers
from vyraz.types import Float

__all__ = ["DEVICES", "METADATA_KEY", "Classifier", "ModelCard"]

DEVICES = ("auto", "cpu", "cuda")

#: The one entry of an ONNX file's metadata in which `vyraz export` writes what prediction must know.
METADATA_KEY = "vyraz"

_BATCH = 256


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a network file says about itself.

    The network's scores are rid of label `smoothing` (see `vyraz.metrics.unsmoothed`), then `temperature` divides their
    logits (Guo et al. 2017, arXiv 1706.04599); scores below `uncertain_below` are not to be trusted. `parameters` and
    `macs` (multiply-adds a face) are counted on the Keras graph.
    """

    network: str
    labels: tuple[str, ...]
    parameters: int
    macs: int
    smoothing: float = 0.0
    temperature: float = 1.0
    uncertain_below: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "ModelCard":
        """Read the metadata of an ONNX file; raises ValueError, KeyError or TypeError where it is malformed."""
        values: Mapping[str, Any] = json.loads(text)
        card = cls(
            network=str(values["network"]),
            labels=tuple(str(label) for label in values["labels"]),
            parameters=int(values["parameters"]),
            macs=int(values["macs"]),
            # Files of before there was one have none.
            smoothing=float(values.get("smoothing", 0.0)),
            temperature=float(values["temperature"]),
            uncertain_below=float(values["uncertain_below"]),
        )
        if not card.labels or len(set(card.labels)) < len(card.labels):
            raise ValueError("labels must be there, and differ")
        if not (card.temperature > 0 and math.isfinite(card.temperature)):
            raise ValueError("the temperature must be above 0")
        if not 0 <= card.smoothing < 1:
            raise ValueError("the smoothing must be in [0, 1)")
        return card


class Classifier:
    """A network ready to score faces.

    Args:
        model: the name of a shipped model, or the path of an .onnx made by `vyraz export`.
        device: "cuda" needs onnxruntime-gpu; "auto" takes it where it is.
        threads: of one prediction.
        mirrored: score each face and its mirror image, and give the mean: twice the work, a little more accurate.

    Raises:
        UsageError: no such model, or a device that is not there.
        ModelError: the file is damaged, or not one of ours.
    """

    def __init__(
        self, model: str | Path = "small", *, device: str = "auto", threads: int = 1, mirrored: bool = False
    ) -> None:
        self.file, data = _load(model)
        self.fingerprint = hashlib.sha256(data).hexdigest()
        self._session = _open_session(self.file, data, device, threads)
        self.card = _card(self.file, self._session)
        self._input = self._session.get_inputs()[0].name
        self.mirrored = mirrored

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of the scores."""
        return self.card.labels

    def __call__(self, faces: Float) -> Float:
        """Calibrated scores.

        Args:
            faces: float32 (n, 48, 48, 1) in [0, 1], see `vyraz.crop`.

        Returns:
            float32 (n, labels), rows sum to 1; (0, labels) for no face.
        """
        if not len(faces):
            return np.empty((0, len(self.labels)), dtype=np.float32)
        parts = [self._run(faces[start : start + _BATCH]) for start in range(0, len(faces), _BATCH)]
        return np.concatenate(parts)

    def _run(self, faces: Float) -> Float:
        scores = self._calibrated(faces)
        return np.float32(0.5) * (scores + self._calibrated(faces[:, :, ::-1])) if self.mirrored else scores

    def _calibrated(self, faces: Float) -> Float:
        (scores,) = self._session.run(None, {self._input: np.ascontiguousarray(faces)})
        return calibrated(scores, self.card.temperature, self.card.smoothing)


def _load(model: str | Path) -> tuple[Path, bytes]:
    """A shipped model by name, else a file; read whole, so that what is checked is what is used."""
    if isinstance(model, str) and model in models.names():
        path = models.model_file(model)
        data = _read(path)
        if hashlib.sha256(data).hexdigest() != models.facts(model)["sha256"]:
            raise ModelError(f"{path}: the shipped weights of {model} are damaged; reinstall vyraz")
        return path, data
    path = Path(model)
    if path.suffix != ".onnx":
        models.facts(str(model))
    return path, _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read ({error.strerror})") from error


def _open_session(path: Path, data: bytes, device: str, threads: int) -> Any:
    chosen = _providers(device)
    try:
        return open_session(data, threads=threads, on=chosen)
    except Exception as error:  # ONNX Runtime's own errors share no public base
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: is not a network that ONNX Runtime can load ({reason})") from error


def _providers(device: str) -> list[str]:
    if device not in DEVICES:
        raise UsageError(f"no device is called {device!r}; there are: {', '.join(DEVICES)}")
    has_cuda = "CUDAExecutionProvider" in providers()
    if device == "cuda" and not has_cuda:
        raise UsageError("the device cuda needs a CUDA build of ONNX Runtime: pip install onnxruntime-gpu")
    return (
        ["CUDAExecutionProvider", "CPUExecutionProvider"] if has_cuda and device != "cpu" else ["CPUExecutionProvider"]
    )


def _card(path: Path, session: Any) -> ModelCard:
    """What the file says about itself, checked against its shapes."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [_form(entry) for entry in inputs] != [("tensor(float)", [SIDE, SIDE, 1])]:
        shapes = ", ".join(f"{entry.type} {entry.shape}" for entry in inputs)
        raise ModelError(
            f"{path}: takes {shapes}, not float (n, {SIDE}, {SIDE}, 1) for any n; write it with vyraz export"
        )
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(f"{path}: does not say what its scores mean; write it with vyraz export")
    try:
        card = ModelCard.parse(text)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: its description is malformed ({error!r}); write it with vyraz export") from error
    if [_form(entry) for entry in outputs] != [("tensor(float)", [len(card.labels)])]:
        shapes = ", ".join(f"{entry.type} {entry.shape}" for entry in outputs)
        raise ModelError(f"{path}: gives {shapes}, not float (n, {len(card.labels)}); write it with vyraz export")
    return card


def _form(entry: Any) -> tuple[str, list[int | str]]:
    """Type and shape of an input or output without its first side, which must be open: any number of faces."""
    first, *rest = entry.shape or [1]
    return (entry.type, rest) if not isinstance(first, int) else ("one batch size", rest)
