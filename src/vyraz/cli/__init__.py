"""The command line: parse, call, print."""

from collections.abc import Callable

from vyraz.cli import analysis, serving, training
from vyraz.cli.app import app

__all__ = ["analysis", "app", "main", "serving", "training"]

main: Callable[[], None] = app
