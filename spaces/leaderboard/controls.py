"""The controls above the table: what a visitor may filter, sort and choose, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import benchmarks
import gradio as gr
from parse_results import LONGEST_TEXT
from query import Index, View, known_columns

BENCHMARKS = [(benchmarks.LABELS[column.key], column.key) for column in benchmarks.BENCHMARKS]
_USUAL = [("Largest gain", "gain"), ("Language", "name"), ("Newest", "date")]
_USUAL += [("Most parameters", "size"), ("Cheapest", "-cost"), ("Dearest", "cost")]
SORTS = [*_USUAL, *BENCHMARKS]
SORTS += [("Smallest gain", "-gain"), ("Language, from the end", "-name"), ("Oldest", "-date")]
SORTS += [
    ("Fewest parameters", "-size"),
    *((f"{label}, lowest", f"-{k}") for label, k in BENCHMARKS),
]
ANY = ("Any", "")
FILLED = ("script", "family", "region", "base")  # their choices depend on what is on the board


@dataclass(frozen=True)
class Controls:
    """The inputs in the order in which `view_of` takes their values."""

    query: gr.Textbox
    script: gr.Dropdown
    family: gr.Dropdown
    region: gr.Dropdown
    base: gr.Dropdown
    covered: gr.Dropdown
    sort: gr.Dropdown
    columns: gr.CheckboxGroup

    @classmethod
    def make(cls) -> Controls:
        """Lay them out: the ones that most people want first, the others folded."""
        with gr.Row(elem_classes="k-filters"):
            query = gr.Textbox(
                label="Search",
                placeholder="Any name or code of a language",
                max_length=LONGEST_TEXT,
                scale=3,
                elem_id="search",
            )
            sort = gr.Dropdown(SORTS, value="gain", label="Sort by", filterable=False)
            script = _choice("Script")
        with gr.Accordion("More filters and columns", open=False, elem_classes="k-fold"):
            with gr.Row(elem_classes="k-filters"):
                family, region, base = _choice("Family"), _choice("Region"), _choice("Base model")
                covered = gr.Dropdown(
                    [ANY, *BENCHMARKS], value="", label="Covered by", filterable=False
                )
            with gr.Row(elem_classes="k-filters"):
                chosen = gr.CheckboxGroup(
                    [(benchmarks.LABELS[key], key) for key in benchmarks.ALL],
                    value=list(benchmarks.ALL),
                    label="Columns",
                )
        return cls(query, script, family, region, base, covered, sort, chosen)

    @property
    def all(self) -> list[Any]:
        """The components, in order."""
        return [getattr(self, name) for name in self.__dataclass_fields__]

    @property
    def filled(self) -> list[Any]:
        """Those that `offered` fills."""
        return [getattr(self, name) for name in FILLED]


def _choice(label: str) -> gr.Dropdown:
    return gr.Dropdown([ANY], value="", label=label, filterable=False)


def view_of(values: Sequence[Any], page: int = 1) -> View:
    """The view that the values of the controls say; anything odd among them counts as not said."""
    *texts, columns_ = values
    query, script, family, region, base, covered, sort = (
        text if isinstance(text, str) else "" for text in texts
    )
    shown = known_columns(columns_ if isinstance(columns_, list) else ())
    return View(query, script, family, region, base, covered, sort or View.sort, shown, page)


def arrived(index: Index, view: View) -> list[Any]:
    """What all controls say for a view, and what they offer."""
    return [view.query, *offered(index, view), view.covered, view.sort, list(view.columns)]


def offered(index: Index, view: View) -> list[Any]:
    """What the filters offer: what is on the board, and what a link asked for even if it is not."""
    wanted = (("script", view.script), ("family", view.family), ("region", view.region))
    return [
        gr.update(
            choices=[ANY, *((one, one) for one in sorted({*index.choices[name], value} - {""}))],
            value=value,
        )
        for name, value in (*wanted, ("base", view.base))
    ]
