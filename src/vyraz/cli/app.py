"""The application that all commands are part of, how it fails, and the options that commands share."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import vyraz
from vyraz.console import print_error
from vyraz.errors import VyrazError

__all__ = ["Data", "DetectorName", "Device", "Every", "Ignore", "MinFaceScore", "Model", "Quiet", "Smooth", "app"]


class _Commands(TyperGroup):
    """The one place where errors become a line on stderr and an exit code."""

    def main(self, *args: Any, **options: Any) -> Any:
        options["standalone_mode"] = False
        try:
            code = super().main(*args, **options)
        except VyrazError as error:
            code = _complain(str(error), error.exit_code)
        except OSError as error:
            code = _stdout_failed(error)
        except Exception as error:
            # Typer's errors about the call share no public base; anything else is a bug and shows itself.
            if not hasattr(error, "format_message"):
                raise
            code = _complain(f"{error.format_message().rstrip('.')}; see {_path_of(error)} --help", 2)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        # Caught here, for Typer turns it into something else on the way to `main`.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(_complain("stopped; what was finished is kept", 130)) from None


def _complain(message: str, code: int) -> int:
    print_error(message)
    return code


def _path_of(error: Any) -> str:
    """The command that a usage error is about."""
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "vyraz"


def _stdout_failed(error: OSError) -> int:
    """Results cannot be printed; a reader that has gone (as with `| head`) needs no message."""
    # Python would complain again when it flushes stdout at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 1 if isinstance(error, BrokenPipeError) else _complain(f"stdout cannot be written ({error.strerror})", 1)


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Model = Annotated[str, typer.Option(help="Name of a shipped model, or an .onnx made by vyraz export.")]
DetectorName = Annotated[str, typer.Option("--detector", help="yunet or haar.")]
MinFaceScore = Annotated[float | None, typer.Option(help="Drop faces that the detector scores lower (yunet: 0.7).")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Every = Annotated[int, typer.Option(min=1, help="Of videos, analyse every Nth frame.")]
Smooth = Annotated[
    float | None, typer.Option(min=0, help="Seconds over which scores of videos are smoothed (0.4; 0: not).")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Data = Annotated[Path, typer.Option(help="fer2013.csv, an .npz, or a folder of class folders.")]
Ignore = Annotated[list[str] | None, typer.Option(help="Leave a class out; may be given several times.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """Read the apparent facial expression of people in pictures, video and live cameras, on this machine."""
    if version:
        typer.echo(f"vyraz {vyraz.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
