"""The training log as a picture: loss on the training rows and on those held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SERIES = {"loss": "training rows", "eval_loss": "held-out rows"}


def loss(log: Sequence[dict[str, float]], path: Path) -> None:
    """Draw loss (nats a token) over steps as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for key, label in SERIES.items():
        points = [(entry["step"], entry[key]) for entry in log if key in entry]
        if points:
            axes.plot(
                *zip(*points, strict=True), marker="." if len(points) < 20 else "", label=label
            )
    axes.set(xlabel="step", ylabel="loss (nats a token)")
    axes.grid(alpha=0.3)
    axes.legend()
    FigureCanvasAgg(figure)
    figure.savefig(path)
