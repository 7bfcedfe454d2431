"""The command line: parse, call, print."""

from collections.abc import Callable

from vyraz.cli import analysis, archives, serving, training
from vyraz.cli.app import app

__all__ = ["analysis", "app", "archives", "main", "serving", "training"]

main: Callable[[], None] = app
