"""The controls above the table: search, filters, sort order and columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from benchmarks import FIRST_BENCHMARKS, BenchmarkTable, Choices
from parse_results import MAX_TEXT_LENGTH
from query import FILTERS, EntryIndex, View

ANY = ("Any", "")


def _sorts(benchmarks: BenchmarkTable) -> Choices:
    return [
        ("Largest gain", "gain"),
        ("Language", "name"),
        ("Newest", "date"),
        ("Most parameters", "size"),
        ("Cheapest", "-cost"),
        ("Most expensive", "cost"),
        ("English, best kept", "english"),
        *benchmarks.choices,
        ("Smallest gain", "-gain"),
        ("Language, from Z to A", "-name"),
        ("English, worst kept", "-english"),
        ("Oldest", "-date"),
        ("Fewest parameters", "-size"),
        *((f"{title}, lowest", f"-{key}") for title, key in benchmarks.choices),
    ]


@dataclass(frozen=True)
class Controls:
    """The inputs, in the order in which `view_of` takes their values."""

    query: gr.Textbox
    script: gr.Dropdown
    family: gr.Dropdown
    region: gr.Dropdown
    base: gr.Dropdown
    covered: gr.Dropdown
    english: gr.Dropdown
    licence: gr.Dropdown
    reviewed: gr.Dropdown
    version: gr.Dropdown
    sort: gr.Dropdown
    columns: gr.CheckboxGroup

    @classmethod
    def create(cls) -> Controls:
        """Lay out the controls, with the less common ones collapsed."""
        with gr.Row(elem_classes="k-filters"):
            query = gr.Textbox(
                label="Search",
                placeholder="Any name or code of a language",
                max_length=MAX_TEXT_LENGTH,
                scale=3,
                elem_id="search",
            )
            sort = gr.Dropdown(
                _sorts(FIRST_BENCHMARKS), value="gain", label="Sort by", filterable=False
            )
            script = _filter("Script")
        with gr.Accordion("More filters and columns", open=False, elem_classes="k-accordion"):
            with gr.Row(elem_classes="k-filters"):
                family, region, base = _filter("Family"), _filter("Region"), _filter("Base model")
                covered, english = _filter("Covered by"), _filter("English")
                licence, reviewed = _filter("Licence"), _filter("Reviewed")
                version = _filter("Version")
            with gr.Row(elem_classes="k-filters"):
                columns = gr.CheckboxGroup(FIRST_BENCHMARKS.column_choices, label="Columns")
        return cls(
            query, script, family, region, base, covered, english, licence, reviewed, version, sort,
            columns,
        )  # fmt: skip

    @property
    def all(self) -> list[Any]:
        """The components, in order."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


def _filter(label: str) -> gr.Dropdown:
    return gr.Dropdown([ANY], value="", label=label, filterable=False)


def view_of(values: Sequence[Any], benchmarks: BenchmarkTable) -> View:
    """Return the first page of the view of the controls' values; unexpected values are ignored."""
    *names, _ = Controls.__dataclass_fields__
    *texts, columns = values
    pairs = zip(names, texts, strict=True)
    known: dict[str, Any] = {name: text for name, text in pairs if isinstance(text, str) and text}
    shown = benchmarks.known_columns(columns if isinstance(columns, list) else ())
    return replace(View(columns=shown), **known)


def updates(index: EntryIndex, benchmarks: BenchmarkTable, view: View) -> dict[str, Any]:
    """Return the values and choices of all controls but the search, by the control's name."""
    titles = benchmarks.column_choices
    shown = list(view.columns) or [key for _, key in titles]
    covered = view.covered if view.covered in benchmarks.by_key else ""
    return {
        **{name: _filter_update(index, name, getattr(view, name)) for name in FILTERS},
        "covered": gr.update(choices=[ANY, *benchmarks.choices], value=covered),
        "sort": gr.update(choices=_sorts(benchmarks), value=view.sort),
        "columns": gr.update(choices=titles, value=shown),
    }


def _filter_update(index: EntryIndex, name: str, value: str) -> dict[str, Any]:
    """Return the choices of a filter, and the chosen one in any case."""
    choices = sorted({*index.choices[name], value} - {""})
    return gr.update(choices=[ANY, *((choice, choice) for choice in choices)], value=value)
