"""The shipped networks: *.onnx, and one table of facts about them."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from vyraz.errors import UsageError

__all__ = ["facts", "model_file", "names"]

_HERE = Path(__file__).parent


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = json.loads((_HERE / "facts.json").read_text(encoding="utf-8"))
    return table


def names() -> tuple[str, ...]:
    """What is shipped."""
    return tuple(_table())


def facts(name: str) -> dict[str, Any]:
    """The row of one model: file, sha256, labels, data, licence, figures and what else is known.

    Raises:
        UsageError: no model of that name is shipped.
    """
    try:
        return _table()[name]
    except KeyError:
        raise UsageError(
            f"no model is called {name!r}; there are: {', '.join(names())}, or a path to an .onnx"
        ) from None


def model_file(name: str) -> Path:
    """Where the weights of a shipped model lie."""
    return _HERE / str(facts(name)["file"])
