"""`gates.png`: kept and dropped rows of each source, as one bar each."""

from __future__ import annotations

from pathlib import Path

from recipes.generate.gates.reasons import GATE_NAMES
from recipes.generate.publish.stats import DatasetStats

NAME = "gates.png"
LEGEND_COLUMNS = 4
KEPT = "#2f6f4f"
GREY = "#7a7a7a"  # readable on a light and on a dark page
DROPPED = ("#d9822b", "#b3403a", "#7a5195", "#8c6d46", "#c774b2", "#6f7782", "#c2b430", "#3f8fc0")


def draw(stats: DatasetStats, path: Path) -> None:
    """Write the picture; the same statistics give the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sources = sorted({*stats.kept, *(source for source, _ in stats.dropped)}, reverse=True)
    dropped = {source: stats.dropped_by_gate(source) for source in sources}
    gates = [gate for gate in GATE_NAMES if any(by_gate[gate] for by_gate in dropped.values())]
    height = 1.2 + 0.4 * max(1, len(sources)) + 0.2 * (len(gates) // LEGEND_COLUMNS)
    figure = Figure(figsize=(5.6, height), dpi=125, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ends = [0] * len(sources)
    for number, name in enumerate(["kept", *gates]):
        counts = [
            stats.kept[source] if name == "kept" else dropped[source][name] for source in sources
        ]
        color = KEPT if name == "kept" else DROPPED[(number - 1) % len(DROPPED)]
        axes.barh(sources, counts, left=ends, label=name, color=color)
        ends = [end + count for end, count in zip(ends, counts, strict=True)]
    axes.set_xlabel("rows")
    axes.spines[["top", "right"]].set_visible(False)
    if sources:
        figure.legend(
            fontsize="small",
            loc="outside lower center",
            ncols=LEGEND_COLUMNS,
            frameon=False,
            labelcolor=GREY,
        )
    axes.tick_params(colors=GREY)
    axes.xaxis.label.set_color(GREY)
    axes.spines[["left", "bottom"]].set_color(GREY)
    figure.savefig(path, transparent=True, metadata={"Software": None})
