"""The commands that show what a camera sees: live, serve."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vyraz
from vyraz.cli.app import DetectorName, MinFaceScore, Model, Smooth, app
from vyraz.console import print_note
from vyraz.errors import MissingExtraError
from vyraz.terminal import show_live

if TYPE_CHECKING:
    from vyraz.live.settings import Settings

__all__ = ["live", "serve"]

Camera = Annotated[str | None, typer.Option(help="A camera that this machine reads: its number, or rtsp://...")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 is a free one.")]


@app.command()
def live(
    camera: Camera = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="A table here in place of the page.")] = False,
    model: Model = "small",
    detector: DetectorName = "yunet",
    min_face_score: MinFaceScore = None,
    smooth: Smooth = None,
    port: Port = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Show what a camera sees, on a page of this machine that nobody else can open."""
    options: dict[str, Any] = {"model": model, "detector": detector, "min_face_score": min_face_score}
    if terminal:
        recognizer = vyraz.Recognizer(**options)
        show_live(recognizer.frames(camera or "0", smooth=smooth))
        return
    settings = _settings(port=port, camera=camera, smooth=smooth, **options)
    _serve(settings, open_browser=browser)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Beyond 127.0.0.1 a token is needed.")] = "127.0.0.1",
    port: Port = 8000,
    token: Annotated[str | None, typer.Option(envvar="VYRAZ_TOKEN", help="A secret that clients must know.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM); with it, https.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    camera: Camera = None,
    notice: Annotated[str, typer.Option(help="What the page tells people in view; else its own words.")] = "",
    model: Model = "small",
    detector: DetectorName = "yunet",
    min_face_score: MinFaceScore = None,
    smooth: Smooth = None,
) -> None:
    """Serve the page and an API to this machine, or with a token to others."""
    settings = _settings(
        host=host, port=port, token=token, certificate=tls_cert, key=tls_key, camera=camera, notice=notice,
        model=model, detector=detector, min_face_score=min_face_score, smooth=smooth,
    )  # fmt: skip
    _serve(settings)


def _settings(**values: Any) -> "Settings":
    from vyraz.live.settings import Settings

    return Settings(**values)


def _serve(settings: "Settings", *, open_browser: bool = False) -> None:
    try:
        from vyraz.live.serve import serve as run
    except ImportError as error:
        raise MissingExtraError("the page", "serve") from error
    run(settings, ready=lambda address: print_note(f"{address}  (Ctrl-C ends it)"), open_browser=open_browser)
