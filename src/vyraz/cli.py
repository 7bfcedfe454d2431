"""The command line: parse, call, print."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import vyraz
from vyraz import models
from vyraz.console import (
    AnalysisProgress,
    TrainingProgress,
    print_error,
    print_models,
    print_report,
    print_summary,
    results,
)
from vyraz.errors import MissingExtraError, UsageError, VyrazError

__all__ = ["app", "main"]


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
            raise typer.Exit(_complain("stopped; what was done until now is kept", 130)) from None


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


_BACKENDS = ("tensorflow", "jax", "torch")

app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE", help="Picture, folder, glob, video, URL, camera number, or - for stdin."),
]
Model = Annotated[str, typer.Option(help="Name of a shipped model, or an .onnx made by vyraz export.")]
DetectorName = Annotated[str, typer.Option("--detector", help="yunet or haar.")]
MinFaceScore = Annotated[float | None, typer.Option(help="Drop faces that the detector scores lower (yunet: 0.7).")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
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


@app.command()
def analyze(
    sources: Sources,
    output: Annotated[
        list[str] | None,
        typer.Option("-o", "--output", help="Result: .csv .jsonl .parquet .mp4 .png .jpg, or - for JSON lines."),
    ] = None,
    model: Model = "small",
    detector: DetectorName = "yunet",
    min_face_score: MinFaceScore = None,
    every: Annotated[int, typer.Option(min=1, help="Of videos, analyse every Nth frame.")] = 1,
    blur: Annotated[bool, typer.Option("--blur", help="Make faces unrecognisable in what is drawn.")] = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Find the faces of pictures and videos and score their expression."""
    from vyraz import pipeline
    from vyraz.sinks import open_sink
    from vyraz.sources import expand

    targets = output or []
    if len(set(targets)) < len(targets):
        raise UsageError("the same result is asked for twice; give each -o a name of its own")
    recognizer = vyraz.Recognizer(model, detector, min_face_score=min_face_score, device=device)
    found = expand(sources)
    with ExitStack() as stack:
        sinks = [stack.enter_context(open_sink(to, found, recognizer.labels, blur=blur)) for to in targets]
        progress = stack.enter_context(AnalysisProgress(found, quiet=quiet))
        failed = pipeline.run(recognizer, found, sinks, progress, every=every)
    if not output:
        print_summary(progress.summary)
    if failed:
        raise typer.Exit(1)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for what the demo writes.")] = Path("demo"),
    quiet: Quiet = False,
) -> None:
    """Run the main job on a real face and on a clip made from it."""
    from vyraz.demo import prepare

    pictures, clip = prepare(output)
    forms = [output / name for name in ("clip.csv", "annotated.mp4", "timeline.png")]
    for picture in pictures:
        analyze([str(picture)], [str(picture.with_name(f"{picture.stem}-annotated.png"))], quiet=quiet)
    analyze([str(clip)], [str(path) for path in forms], quiet=quiet)
    analyze([*map(str, pictures), str(clip)], quiet=quiet)
    results.print("\nwritten:")
    for path in [*(picture.with_name(f"{picture.stem}-annotated.png") for picture in pictures), *forms]:
        results.print(f"  {path}", soft_wrap=True)


@app.command(name="models")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """What is shipped, with its figures."""
    rows = {name: models.facts(name) for name in models.names()}
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        print_models(rows)


@app.command()
def evaluate(
    data: Data,
    model: Model = "small",
    split: Annotated[
        str | None, typer.Option(help="Training, PublicTest, PrivateTest, PrivateTest-dedup or val; else all.")
    ] = None,
    detect: Annotated[bool, typer.Option("--detect", help="Find the face first, in pictures of any size.")] = False,
    detector: DetectorName = "yunet",
    ignore: Ignore = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Accuracy, calibration and cost of a model on a labelled set."""
    from vyraz.evaluate import evaluate_set

    report = evaluate_set(
        model, data, split=split, ignore=ignore or (), detector=detector if detect else None, device=device
    )
    if as_json:
        typer.echo(json.dumps(report))
    else:
        print_report(report)


@app.command()
def train(
    network: Annotated[str, typer.Argument(help="Name of a network.")],
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run.")],
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch: Annotated[int | None, typer.Option(min=1)] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    augment: Annotated[bool | None, typer.Option("--augment/--no-augment")] = None,
    precision: Annotated[str | None, typer.Option(help="float32, mixed_bfloat16 or mixed_float16.")] = None,
    backend: Annotated[str, typer.Option(help="tensorflow, jax or torch.")] = "tensorflow",
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Option of the network, such as filters=10.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that is there.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a network on labelled faces; options left out are those of the network's own recipe."""
    _choose_backend(backend)
    fit = _training("fit")
    settings = _training("run").settings_for(
        network, options=options or (),
        epochs=epochs, batch=batch, learning_rate=lr, seed=seed, augment=augment, precision=precision,
    )  # fmt: skip
    from vyraz.dataset import load_faces

    faces = load_faces(data)
    with TrainingProgress(settings.epochs, quiet=quiet) as progress:
        fit.fit(settings, faces, _training("run").Run(output), progress, resume=resume)
    results.print(f"trained: {output / 'model.keras'}", soft_wrap=True)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a complete run.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .onnx to write.")],
    calibrate: Annotated[
        Path | None, typer.Option(help="Labelled set whose PublicTest split fits the temperature.")
    ] = None,
) -> None:
    """Write a trained network as an .onnx for analyze and evaluate."""
    _choose_backend("tensorflow")
    exporter = _training("export")
    from vyraz.dataset import load_faces

    held_out = load_faces(calibrate).split("PublicTest") if calibrate else None
    exporter.export(_training("run").Run(run), output, held_out)
    results.print(f"written: {output}", soft_wrap=True)


def _choose_backend(name: str) -> None:
    if name not in _BACKENDS:
        raise UsageError(f"no backend is called {name!r}; there are: {', '.join(_BACKENDS)}")
    if find_spec(name) is None and name != "tensorflow":
        raise UsageError(f"the backend {name} is not installed: pip install {name}")
    os.environ["KERAS_BACKEND"] = name


def _training(part: str) -> Any:
    """A module of `vyraz.training`, which needs an extra; only the commands that train load it."""
    try:
        with _silence():
            return import_module(f"vyraz.training.{part}")
    except ImportError as error:
        raise MissingExtraError("training and exporting", "train") from error


@contextmanager
def _silence() -> Iterator[None]:
    """TensorFlow's native code logs to stderr when it is loaded, whatever it is told."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


main: Callable[[], None] = app
