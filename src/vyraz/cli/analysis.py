"""The commands that use a network: analyze, demo, models, evaluate."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

import vyraz
from vyraz import models
from vyraz.cli.app import DetectorName, Device, Ignore, MinFaceScore, Model, Quiet, app
from vyraz.console import (
    AnalysisProgress,
    print_error,
    print_models,
    print_report,
    print_reports,
    print_summary,
    print_written,
)
from vyraz.errors import UsageError, VyrazError
from vyraz.sources import Source

__all__ = ["analyze", "demo", "evaluate", "list_models"]

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE", help="Picture, folder, glob, video, URL, camera number, or - for stdin."),
]


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
    smooth: Annotated[
        float | None, typer.Option(min=0, help="Seconds over which scores are smoothed (0.4 for videos; 0: not).")
    ] = None,
    blur: Annotated[bool, typer.Option("--blur", help="Make faces unrecognisable in what is drawn.")] = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Find the faces of pictures and videos and score their expression."""
    from vyraz import pipeline
    from vyraz.sinks import Setup, open_sink
    from vyraz.sources import expand

    targets = output or []
    if len(set(targets)) < len(targets):
        raise UsageError("the same result is asked for twice; give each -o a name of its own")
    recognizer = vyraz.Recognizer(model, detector, min_face_score=min_face_score, device=device)
    found = expand(sources)
    setup = Setup(recognizer.labels, smoothed=_smoothed(found, smooth), blur=blur)
    with ExitStack() as stack:
        sinks = [stack.enter_context(open_sink(to, found, setup)) for to in targets]
        progress = stack.enter_context(AnalysisProgress(found, quiet=quiet))
        failed = pipeline.run(recognizer, found, sinks, progress, every=every, smooth=smooth)
    if not output:
        print_summary(progress.summary)
    if failed:
        raise typer.Exit(1)


def _smoothed(sources: Sequence[Source], smooth: float | None) -> bool:
    """Whether the results have columns of smoothed scores: where anything can be smoothed."""
    return smooth != 0 and not all(source.is_picture for source in sources)


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
    print_written([*(picture.with_name(f"{picture.stem}-annotated.png") for picture in pictures), *forms])


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
    data: Annotated[
        list[Path], typer.Option(help="fer2013.csv, an .npz, or a folder of class folders; may be given several times.")
    ],
    model: Annotated[
        list[str] | None, typer.Option(help="Shipped model or .onnx (small); may be given several times.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Training, PublicTest, PrivateTest, PrivateTest-dedup or val; else all.")
    ] = None,
    detect: Annotated[bool, typer.Option("--detect", help="Find the face first, in pictures of any size.")] = False,
    detector: DetectorName = "yunet",
    ignore: Ignore = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: one object, or a list of several.")] = False,
) -> None:
    """Accuracy, calibration and cost of a model on a labelled set; of several, a table of how they generalise."""
    from vyraz.evaluate import evaluate_set

    pairs = [(path, name) for path in data for name in model or ["small"]]
    reports: list[dict[str, Any]] = []
    options: dict[str, Any] = {"split": split, "ignore": ignore or (), "detector": detector if detect else None}
    for path, name in pairs:
        try:
            reports.append(evaluate_set(name, path, device=device, **options))
        except VyrazError as error:
            # Of several, the others are still wanted.
            if len(pairs) == 1:
                raise
            print_error(error)
    if as_json:
        typer.echo(json.dumps(reports if len(pairs) > 1 else reports[0]))
    elif len(pairs) > 1:
        print_reports(reports)
    else:
        print_report(reports[0])
    if len(reports) < len(pairs):
        raise typer.Exit(1)
