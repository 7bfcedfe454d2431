"""vyraz reads the apparent facial expression of people in pictures, video and live cameras.

import vyraz
recognizer = vyraz.Recognizer()
for face in recognizer("photo.jpg"):
    print(face.emotion, face.confidence, face.scores["happy"], face.box)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vyraz.errors import (
        DataError,
        MissingExtraError,
        ModelError,
        RunError,
        SinkError,
        SourceError,
        UsageError,
        VyrazError,
    )
    from vyraz.recognize import Recognizer, analyze
    from vyraz.types import EMOTIONS, Box, Face, Frame, Record

__version__ = "0.1.0"

__all__ = [
    "EMOTIONS",
    "Box",
    "DataError",
    "Face",
    "Frame",
    "MissingExtraError",
    "ModelError",
    "Recognizer",
    "Record",
    "RunError",
    "SinkError",
    "SourceError",
    "UsageError",
    "VyrazError",
    "__version__",
    "analyze",
]

_HOMES = {
    "Recognizer": "vyraz.recognize",
    "analyze": "vyraz.recognize",
    **dict.fromkeys(("EMOTIONS", "Box", "Face", "Frame", "Record"), "vyraz.types"),
}


def __getattr__(name: str) -> Any:
    # Names are loaded when first used: importing vyraz stays quick and does nothing.
    if name not in __all__:
        raise AttributeError(f"module 'vyraz' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "vyraz.errors")), name)


def __dir__() -> list[str]:
    return __all__
