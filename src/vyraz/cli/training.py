"""The commands that make networks: train, average, teach, compare, export."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from vyraz.cli.app import Data, Quiet, app
from vyraz.console import TrainingProgress, print_comparison, print_epochs, print_written, track_views
from vyraz.errors import MissingExtraError, UsageError

__all__ = ["average", "compare", "export", "teach", "train"]

_BACKENDS = ("tensorflow", "jax", "torch")


@app.command()
def train(
    network: Annotated[str, typer.Argument(help="small, tiny, a, b, c, p, or a teacher, such as vgg.")],
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run.")],
    epochs: Annotated[int | None, typer.Option(min=1, help="Times that every picture is seen.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, adam or muon; give --lr too.")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="Of the rate: constant, step (a tenth for the last quarter) or cosine.")
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(min=0, help="By which share of the rate weights shrink a step.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order, changes of pictures and dropout.")] = 1,
    branch: Annotated[
        str, typer.Option(metavar="EPOCHS:SEED", help="After so many epochs another seed, for a mean by average.")
    ] = "",
    augment: Annotated[bool | None, typer.Option("--augment/--no-augment", help="Change pictures at random.")] = None,
    strength: Annotated[
        float | None, typer.Option(min=0, max=2, help="How far augmentation goes: 0.5 for half as far, 0 mirrors only.")
    ] = None,
    degrade: Annotated[
        float | None, typer.Option(min=0, max=1, help="Chance of blur, low light, JPEG or few pixels.")
    ] = None,
    mixup: Annotated[float | None, typer.Option(min=0, help="Blend pictures in pairs, by Beta(ALPHA, ALPHA).")] = None,
    ema: Annotated[
        float | None, typer.Option(help="Momentum of the moving average of the weights, which is kept; 0 for none.")
    ] = None,
    sharpness: Annotated[
        float | None, typer.Option(min=0, help="Radius of (adaptive) sharpness-aware minimization; twice the time.")
    ] = None,
    labels: Annotated[str, typer.Option(help="fer, or ferplus: eight by the votes of FER+.")] = "fer",
    votes: Annotated[float | None, typer.Option(min=0, help="Weight of a second head that learns FER+.")] = None,
    teacher: Annotated[
        list[Path] | None, typer.Option(help="Learn its scores: a run, or an .npz by teach; several are averaged.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="By which teachers' scores are softened (4).")] = None,
    share: Annotated[
        float | None, typer.Option(help="Weight of the teachers' scores beside the label, 0 to 1 (0.9).")
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(help="Weights to begin with: a run, a shipped model or an .onnx; several .onnx go side by side."),
    ] = None,
    precision: Annotated[str | None, typer.Option(help="float32 or mixed_bfloat16.")] = None,
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
    settings = _training("settings").settings_for(
        network, options=options or (),
        epochs=epochs, batch=batch, learning_rate=lr, seed=seed, augment=augment, precision=precision,
        mixup=mixup, labels=labels, votes=votes, degrade=degrade, temperature=temperature, share=share,
        optimizer=optimizer, schedule=schedule, ema=ema, weight_decay=weight_decay, branch=branch, strength=strength,
        sharpness=sharpness,
    )  # fmt: skip
    from vyraz.dataset import load_faces

    faces = load_faces(data).with_splits()
    settings, teachers = _training("distill").taught(settings, teacher or (), faces.split("Training"))
    settings, weights = _training("start").started(settings, start or (), faces.split("Training"))
    with TrainingProgress(settings.epochs, quiet=quiet) as progress:
        fit.fit(
            settings, faces, _training("run").Run(output), progress, teachers=teachers, start=weights, resume=resume
        )
    print_written([output / "model.keras"])


@app.command()
def average(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of complete runs that went together for long: train --branch."),
    ],
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run to write.")],
) -> None:
    """Make one network of several: the mean of their weights."""
    _choose_backend("tensorflow")
    run_of = _training("run").Run
    from vyraz.dataset import load_faces

    _training("average").average(list(map(run_of, runs)), load_faces(data), run_of(output))
    print_written([output / "model.keras"])


@app.command()
def teach(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of complete runs.")],
    data: Data,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .npz to write.")],
    views: Annotated[int, typer.Option(min=1, help="Random views of each picture.")] = 8,
    each: Annotated[
        bool, typer.Option("--each", help="Keep each view's scores: the student is shown these views. Else their mean.")
    ] = False,
    backend: Annotated[str, typer.Option(help="tensorflow, jax or torch.")] = "tensorflow",
    quiet: Quiet = False,
) -> None:
    """Store what networks say of each picture of Training, for others to learn: train --teacher FILE.npz."""
    _choose_backend(backend)
    distill = _training("distill")
    from vyraz.dataset import load_faces

    training = load_faces(data).with_splits().split("Training")
    distill.write_scores(runs, training, output, views=track_views(views, quiet=quiet), each=each)
    print_written([output])


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for figures and table.")] = Path("compare"),
    data: Annotated[
        Path | None, typer.Option(help="Measure the networks that were not measured yet, on this set.")
    ] = None,
    keep_up: Annotated[bool, typer.Option("--watch", help="Redraw after every epoch until training ends.")] = False,
) -> None:
    """Draw the training of networks and put them into one table."""
    comparing, drawing = _training("compare"), _training("redraw")
    if data is not None:
        _measure(runs, data)
    for known in drawing.watch(runs, output) if keep_up else ():
        print_epochs({result.name: len(result.history) for result in known})
    results = comparing.read_results(runs)
    written = drawing.redraw(results, output)
    print_comparison(comparing.rows_of(results))
    print_written(written)


def _measure(runs: list[Path], data: Path) -> None:
    """The figures of networks that have none yet; those of incomplete runs have to wait."""
    _choose_backend("tensorflow")
    run_of, measuring = _training("run").Run, _training("measure")
    from vyraz.dataset import load_faces

    faces = load_faces(data)
    for run in map(run_of, runs):
        if run.model.exists() and not run.figures.exists():
            measuring.measure(run, faces)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a complete run.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .onnx to write.")],
    calibrate: Annotated[Path | None, typer.Option(help="Labelled set whose PublicTest split calibrates it.")] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="A quarter of the size, and faster; learns its ranges from --calibrate.")
    ] = False,
) -> None:
    """Write a trained network as an .onnx for analyze and evaluate."""
    _choose_backend("tensorflow")
    exporter = _training("export")
    from vyraz.dataset import load_faces

    faces = load_faces(calibrate) if calibrate else None
    exporter.export(_training("run").Run(run), output, faces, int8=int8)
    print_written([output])


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
            # Keras loads it whatever the backend, to seed it, and it would log then.
            if part == "fit" and find_spec("tensorflow"):
                import_module("tensorflow")
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
