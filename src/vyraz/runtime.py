"""ONNX Runtime, told to be silent: since 1.29 its wheels report what they run to their maker, unless told not to.

Nothing else here imports it, for it looks only once, when it is loaded.
"""

import os
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

# Where a program had loaded it before us, this stops all but its first message.
ort.disable_telemetry_events()

__all__ = ["open_session", "providers"]

_SILENT = 4


def open_session(network: bytes, *, threads: int = 1, on: list[str] | None = None) -> Any:
    """A session for a network; errors are ONNX Runtime's own, which share no public base.

    Args:
        network: an ONNX file.
        threads: of one prediction.
        on: execution providers, the best first; None is the processor.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _SILENT
    return ort.InferenceSession(network, options, providers=on or ["CPUExecutionProvider"])


def providers() -> list[str]:
    """What networks can run on here."""
    return list(ort.get_available_providers())
