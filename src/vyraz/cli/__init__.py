"""The command line: parse, call, print."""

from collections.abc import Callable

from vyraz.cli import analysis, training
from vyraz.cli.app import app

__all__ = ["analysis", "app", "main", "training"]

main: Callable[[], None] = app
