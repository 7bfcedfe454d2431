"""The commands that use a network: analyze, demo, models, evaluate."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

import vyraz
from vyraz import models
from vyraz.cli.app import DetectorName, Device, Every, Ignore, MinFaceScore, Model, Quiet, Smooth, app
from vyraz.console import (
    AnalysisProgress,
    print_error,
    print_models,
    print_note,
    print_report,
    print_reports,
    print_summary,
    print_written,
)
from vyraz.errors import UsageError, VyrazError
from vyraz.journal import Journal, Place
from vyraz.sources import Source, state_of

__all__ = ["analyze", "demo", "evaluate", "list_models"]

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...", help="Picture, folder (without subfolders), glob, video, URL, camera number, - for stdin."
    ),
]


@app.command()
def analyze(
    sources: Sources,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o", "--output", help="Result: .csv .jsonl .parquet .mp4 .png .jpg .html .eaf, or - for JSON lines."
        ),
    ] = None,
    model: Model = "small",
    detector: DetectorName = "yunet",
    min_face_score: MinFaceScore = None,
    every: Every = 1,
    smooth: Smooth = None,
    segments: Annotated[
        str | None, typer.Option(help="Also a .csv of who shows which expression from when to when.")
    ] = None,
    blur: Annotated[
        bool, typer.Option("--blur", help="Make faces that are found unrecognisable in what is drawn.")
    ] = False,
    no_faces: Annotated[bool, typer.Option("--no-faces", help="No pictures of faces in reports.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with tables that were interrupted.")] = False,
    device: Device = "auto",
    threads: Annotated[int, typer.Option(min=1, help="Threads of the networks; 2 or more also decode ahead.")] = 1,
    quiet: Quiet = False,
) -> None:
    """Find the faces of pictures and videos and score their expression."""
    from vyraz import pipeline
    from vyraz.sinks import Setup, open_segments, open_sink, shows_pictures
    from vyraz.sources import expand

    targets = output or []
    named = [*targets, *([segments] if segments else [])]
    if len(set(named)) < len(named):
        raise UsageError("the same result is asked for twice; give each a name of its own")
    if blur and not any(map(shows_pictures, targets)):
        raise UsageError("--blur is for results that show pictures: add -o NAME.mp4, .png, .jpg or .html")
    recognizer = vyraz.Recognizer(model, detector, min_face_score=min_face_score, device=device, threads=threads)
    found = expand(sources)
    about = _about(recognizer, model, detector, every, smooth)
    if min_face_score is not None:
        about["Least face score"] = f"{min_face_score:g}"
    setup = Setup(recognizer.labels, smoothed=_smoothed(found, smooth), blur=blur, faces=not no_faces, about=about)
    journal = _journal(recognizer, found, about, named)
    place = _place(journal, targets) if resume else None
    if resume and place is None and Path(targets[0]).exists():
        print_note(f"{targets[0]}: is complete; nothing to go on with")
        return
    sizes: Sequence[int | None] = place.sizes if place else [None] * len(targets)
    with ExitStack() as stack:
        sinks = [stack.enter_context(open_sink(to, found, setup, at=at)) for to, at in zip(targets, sizes, strict=True)]
        sinks += [stack.enter_context(open_segments(segments, found))] if segments else []
        progress = stack.enter_context(AnalysisProgress(found, quiet=quiet))
        options: dict[str, Any] = {"every": every, "smooth": smooth, "journal": journal, "place": place}
        failed = pipeline.run(recognizer, found, sinks, progress, **options)
    if journal is not None:
        journal.remove()
    if not named:
        print_summary(progress.summary)
    if failed:
        raise typer.Exit(1)


def _journal(
    recognizer: vyraz.Recognizer, sources: Sequence[Source], about: Mapping[str, str], targets: Sequence[str]
) -> Journal | None:
    """Beside the first table; None where not everything could be gone on with."""
    from vyraz.sinks import is_resumable

    lasting = all(source.kind in ("picture", "video", "missing") for source in sources)
    if not (targets and lasting and all(map(is_resumable, targets))):
        return None
    settings = {
        "settings": dict(about),
        "model": recognizer.classifier.fingerprint,
        "sources": [[source.name, *state_of(Path(source.name))] for source in sources],
        "results": list(targets),
    }
    return Journal(Path(f"{targets[0]}.resume.json"), settings)


def _place(journal: Journal | None, targets: Sequence[str]) -> Place | None:
    if journal is None or not targets:
        raise UsageError("only tables of files can be gone on with: give -o .csv, .jsonl or .parquet, nothing else")
    return journal.load()


def _smoothed(sources: Sequence[Source], smooth: float | None) -> bool:
    """Whether the results have columns of smoothed scores: where anything can be smoothed."""
    return smooth != 0 and not all(source.is_picture for source in sources)


def _about(recognizer: vyraz.Recognizer, model: str, detector: str, every: int, smooth: float | None) -> dict[str, str]:
    """What a report says of the model and the settings, without any path of this machine."""
    from vyraz.smooth import DEFAULT_SECONDS

    card, seconds = recognizer.classifier.card, DEFAULT_SECONDS if smooth is None else smooth
    return {
        "Model": Path(model).name,
        "Network": f"{card.network}, {card.parameters:,} parameters",
        "Uncertain below": f"{card.uncertain_below:.0%}",
        "Face detector": detector,
        "Frames": "all" if every == 1 else f"one in {every}",
        "Smoothing": f"{seconds:g} s" if seconds else "off",
        "vyraz": vyraz.__version__,
    }


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
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="Score each face and its mirror image, and take the mean.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: one object, or a list of several.")] = False,
) -> None:
    """Accuracy, calibration and cost of a model on a labelled set; of several, a table of how they generalise."""
    from vyraz.evaluate import evaluate_set

    pairs = [(path, name) for path in data for name in model or ["small"]]
    reports: list[dict[str, Any]] = []
    options: dict[str, Any] = {"split": split, "ignore": ignore or (), "detector": detector if detect else None}
    for path, name in pairs:
        try:
            reports.append(evaluate_set(name, path, device=device, mirrored=mirrored, **options))
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
