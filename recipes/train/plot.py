"""A plot of the training log: the loss on training rows and on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

GREY = "#7a7a7a"  # readable on a light and on a dark page
SERIES = {"loss": "training rows", "eval_loss": "held-out rows"}


def plot_loss(log: Sequence[dict[str, float]], path: Path) -> None:
    """Plot the loss (nats per token) over the steps and write it as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.4), dpi=125, layout="constrained")
    axes = figure.add_subplot()
    for key, label in SERIES.items():
        points = [(entry["step"], entry[key]) for entry in log if key in entry]
        if points:
            axes.plot(
                *zip(*points, strict=True), marker="." if len(points) < 20 else "", label=label
            )
    axes.set(xlabel="step", ylabel="loss (nats per token)")
    axes.grid(color=GREY, alpha=0.25)
    axes.legend(frameon=False, labelcolor=GREY)
    axes.tick_params(colors=GREY)
    for title in (axes.xaxis.label, axes.yaxis.label):
        title.set_color(GREY)
    axes.spines[:].set_color(GREY)
    FigureCanvasAgg(figure)
    figure.savefig(path, transparent=True)
