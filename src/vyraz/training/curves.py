"""The paper's figures of training: figure 3 (one run) and figure 1 (several), as PNG and SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vyraz.draw import COLOURS
from vyraz.errors import RunError
from vyraz.training.compare import Result

__all__ = ["draw_accuracies", "draw_history"]

#: Okabe and Ito's colours that are dark enough for a line on white paper, and a black.
_COLOURS = [tuple(part / 255 for part in COLOURS[name]) for name in ("sad", "angry", "disgust", "fear", "surprise")]
_COLOURS += [(0.0, 0.0, 0.0), tuple(part / 255 for part in COLOURS["contempt"])]
#: Told apart in black and white as well.
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
#: Least distance of two labels, as a fraction of the axis.
_LABEL_GAP = 0.05


def draw_history(result: Result, stem: Path) -> list[Path]:
    """The paper's figure 3: Model Accuracy and Model Loss over epochs, train and held-out.

    Args:
        result: a run with at least one epoch.
        stem: STEM.png and STEM.svg are written.

    Raises:
        RunError: a file cannot be written.
    """
    figure = _figure(9.5, 3.8)
    panels = figure.subplots(1, 2)
    for panel, name in zip(panels, ("accuracy", "loss"), strict=True):
        for index, split in enumerate(("train", result.held_out)):
            _line(panel, result.curve(split, name), index)
        _label_ends(panel, [(split, result.curve(split, name)[-1]) for split in ("train", result.held_out)])
        _dress(panel, f"Model {name.capitalize()}", name)
    figure.suptitle(result.name, x=0.01, ha="left", fontsize=11)
    return _save(figure, stem)


def draw_accuracies(results: Sequence[Result], stem: Path) -> list[Path]:
    """The paper's figure 1: held-out accuracy over epochs, one line a run.

    Args:
        results: runs with at least one epoch each.
        stem: STEM.png and STEM.svg are written.

    Raises:
        RunError: a file cannot be written.
    """
    figure = _figure(8.0, 4.6)
    panel = figure.subplots()
    ends = []
    longest = max(len(result.history) for result in results)
    for index, result in enumerate(results):
        values = result.curve(result.held_out, "accuracy")
        changed = ", augmented" if result.settings["augment"] and "augment" not in result.name else ""
        _line(panel, values, index)
        mark = "" if result.held_out == "val" else f" ({result.held_out})"
        short = f" after {len(values)}" if len(values) < longest else ""
        ends.append((f"{result.name}{mark}{changed}: {100 * values[-1]:.1f}{short}", values[-1]))
    _label_ends(panel, ends)
    _dress(panel, "Accuracy on val (PublicTest and PrivateTest together)", "accuracy")
    return _save(figure, stem)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _line(panel: Any, values: Sequence[float], index: int) -> None:
    style = _DASHES[index % len(_DASHES)] if len(values) > 1 else "-"
    marker = "o" if len(values) == 1 else None
    panel.plot(
        range(1, len(values) + 1), values, linewidth=1.6, marker=marker,
        color=_COLOURS[index % len(_COLOURS)], linestyle=style,
    )  # fmt: skip


def _label_ends(panel: Any, ends: Sequence[tuple[str, float]]) -> None:
    """Names at the right end of the lines, moved apart where lines end close together."""
    low, high = panel.get_ylim()
    places = _spread([value for _, value in ends], _LABEL_GAP * (high - low), high)
    for index, (text, value) in enumerate(ends):
        colour = _COLOURS[index % len(_COLOURS)]
        panel.annotate(
            text, (1, value), xycoords=("axes fraction", "data"), xytext=(1.03, places[index]),
            textcoords=("axes fraction", "data"), va="center", fontsize=9, color=colour, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkB": 0, "relpos": (0, 0.5)},
        )  # fmt: skip


def _spread(values: Sequence[float], gap: float, most: float) -> list[float]:
    """Places at least `gap` apart, up to `most`: those that lie too close are moved apart about their middle."""
    groups: list[list[int]] = []
    for index in sorted(range(len(values)), key=lambda index: values[index]):
        groups.append([index])
        while len(groups) > 1 and _low(groups[-1], values, gap) < _low(groups[-2], values, gap) + gap * len(groups[-2]):
            groups[-2:] = [groups[-2] + groups[-1]]
    places, ceiling = [0.0] * len(values), most
    for group in reversed(groups):
        low = min(_low(group, values, gap), ceiling - gap * (len(group) - 1))
        for number, index in enumerate(group):
            places[index] = low + gap * number
        ceiling = low - gap
    return places


def _low(group: Sequence[int], values: Sequence[float], gap: float) -> float:
    """The lowest place of a group that is spread about its mean."""
    return sum(values[index] for index in group) / len(group) - gap * (len(group) - 1) / 2


def _dress(panel: Any, title: str, name: str) -> None:
    panel.set_title(title, fontsize=10, loc="left")
    panel.set(xlabel="epoch", ylabel=name)
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.margins(x=0.01)
    panel.grid(axis="y", color="0.9", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    if name == "accuracy":
        panel.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


def _save(figure: Any, stem: Path) -> list[Path]:
    import matplotlib

    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    try:
        # No date and fixed ids: the same histories give the same files.
        with matplotlib.rc_context({"svg.hashsalt": "vyraz", "svg.fonttype": "none"}):
            figure.savefig(paths[0], dpi=150)
            figure.savefig(paths[1], metadata={"Date": None})
    except OSError as error:
        raise RunError(f"{stem}: cannot be written ({error.strerror})") from error
    return paths
