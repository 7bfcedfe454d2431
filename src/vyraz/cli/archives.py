"""The command for archives: batch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyraz.cli.app import DetectorName, Every, MinFaceScore, Model, Quiet, Smooth, app
from vyraz.console import print_error, print_note, print_written, results
from vyraz.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from vyraz.archive.local import Engine
    from vyraz.archive.task import Settings
    from vyraz.monitor import BatchProgress

__all__ = ["batch"]

_ENGINES = ("local", "ray")


@app.command()
def batch(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE...", help="Folder (with all below it), glob, list (.txt) or .csv, recording."),
    ] = None,
    out: Annotated[str | None, typer.Option("-d", "--out", help="Folder or URL of the results.")] = None,
    form: Annotated[str, typer.Option("--format", help="parquet, csv or jsonl.")] = "parquet",
    jobs: Annotated[int | None, typer.Option(min=1, help="Workers (one a core).")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray for a cluster.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="The cluster: auto, HOST:PORT or ray://HOST:10001 (else a new one here).")
    ] = None,
    cpus_per_task: Annotated[float, typer.Option(min=0.01, help="Cores of the cluster that a worker takes.")] = 1.0,
    split: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="MINUTES", help="Split recordings of 1.5 times this or more into pieces of it."),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="Longest for a recording (10 min and 20 times its length)."),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Do again what failed.")] = False,
    manifest: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the manifest (OUT/manifest).")] = None,
    summary: Annotated[str | None, typer.Option(metavar="OUT", help="Only show what is in OUT, and write it.")] = None,
    model: Model = "small",
    detector: DetectorName = "yunet",
    min_face_score: MinFaceScore = None,
    every: Every = 1,
    smooth: Smooth = None,
    quiet: Quiet = False,
) -> None:
    """Analyse an archive: one result a recording. The same command goes on where it stopped."""
    if summary is not None:
        _summarise(summary, manifest)
        return
    if not sources or out is None:
        raise UsageError("say which recordings, and where the results go: vyraz batch SOURCE... -d OUT")
    if engine not in _ENGINES:
        raise UsageError(f"--engine {engine}: there are {' and '.join(_ENGINES)}")
    from vyraz.archive.run import Job, run
    from vyraz.archive.task import Settings
    from vyraz.monitor import BatchProgress

    settings = Settings(_absolute(model), detector, min_face_score, every, smooth, form)
    job = Job(sources, out, settings, manifest, split, retry_failed)
    options = {"jobs": jobs, "time_limit": time_limit, "address": address, "cpus": cpus_per_task}
    with BatchProgress(quiet=quiet) as progress:
        try:
            states = run(job, lambda: _engine(engine, settings, progress, options), progress)
        except KeyboardInterrupt:
            raise typer.Exit(_stopped(progress.line)) from None
    _report(states, out, retry_failed)
    if states.keys() - {"done"}:
        raise typer.Exit(1)


def _stopped(line: str) -> int:
    print_error(f"stopped after {line}; what is done is kept, and the same command goes on")
    return 130


def _absolute(model: str) -> str:
    """A model that is a file, for workers may stand elsewhere."""
    return str(Path(model).absolute()) if model.endswith(".onnx") else model


def _engine(name: str, settings: "Settings", progress: "BatchProgress", options: dict[str, Any]) -> "Engine":
    from vyraz.archive.hand import Limit
    from vyraz.archive.local import Local

    limit = Limit(options["time_limit"])
    if name == "local":
        return Local(settings, options["jobs"], limit, progress.beat)
    try:
        from vyraz.cluster import Cluster
    except ImportError as error:
        raise MissingExtraError("the engine ray", "cluster") from error
    return Cluster(settings, options["jobs"], limit, address=options["address"], cpus=options["cpus"])


def _report(states: dict[str, int], out: str, retried: bool) -> None:
    counts = ", ".join(f"{count:,} {name}" for name, count in states.items())
    results.print(f"{sum(states.values()):,} recordings in {out}: {counts}", soft_wrap=True, markup=False)
    if states.keys() - {"done"} and not retried:
        print_note(f"vyraz batch --summary {out} says why; --retry-failed does them again")


def _summarise(out: str, manifest: Path | None) -> None:
    from vyraz.archive.run import manifest_folder
    from vyraz.archive.summary import summarise
    from vyraz.monitor import print_archive

    rows, path = summarise(manifest_folder(out, manifest))
    print_archive(rows)
    print_written([path])
