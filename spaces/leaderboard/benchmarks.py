"""The columns of the table: benchmarks with their metrics, in plain words.

They come from `benchmarks.json` in the results, which the recipes write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from msgspec import Meta, Struct

# The key of the column with size, cost, date and licence.
ABOUT = "about"
ABOUT_TITLE = "Size, cost, date, licence"
Choices = list[tuple[str, str]]
Text = Annotated[str, Meta(min_length=1, max_length=200)]


class Benchmark(Struct, frozen=True, rename={"source": "title", "name": "benchmark"}):
    """One benchmark in one direction, measured with one metric; `key` is part of addresses.

    `name` is the benchmark in a row of the results. Two names differ from the keys of
    `benchmarks.json`. Benchmarks of one `family` share their texts, so they are one piece of
    evidence; without one a benchmark is its own family.
    """

    key: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_-]{0,39}\Z")]
    label: Text
    source: Text
    metric: Text
    description: Text
    name: Text
    direction: Literal["from_english", "into_english"] | None = None
    family: Text = ""

    @property
    def title(self) -> str:
        return f"{self.label} ({self.source})"

    def points(self, value: float) -> float:
        """Return a value on 0 to 100; accuracy is stored as 0 to 1."""
        return value * 100 if self.metric == "accuracy" else value


@dataclass(frozen=True)
class BenchmarkTable:
    """All benchmarks, in the order of their columns."""

    benchmarks: tuple[Benchmark, ...]

    @cached_property
    def by_key(self) -> dict[str, Benchmark]:
        return {benchmark.key: benchmark for benchmark in self.benchmarks}

    @cached_property
    def keys(self) -> dict[tuple[object, object, object], str]:
        """The keys by benchmark, metric and direction."""
        return {
            (benchmark.name, benchmark.metric, benchmark.direction): benchmark.key
            for benchmark in self.benchmarks
        }

    @cached_property
    def titles(self) -> dict[str, str]:
        """The proper name of each benchmark by its name in the results."""
        return {benchmark.name: benchmark.source for benchmark in self.benchmarks}

    @property
    def choices(self) -> Choices:
        """The benchmarks for a dropdown: titles and keys."""
        return [(benchmark.title, benchmark.key) for benchmark in self.benchmarks]

    @property
    def column_choices(self) -> Choices:
        """All columns for a group of checkboxes: titles and keys."""
        return [*self.choices, (ABOUT_TITLE, ABOUT)]

    def known_columns(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Return the columns with these keys in their usual order; empty for all or none."""
        columns = tuple(key for _, key in self.column_choices)
        known = tuple(key for key in columns if key in keys)
        return () if known == columns else known


# The columns of results that were pushed before there was a `benchmarks.json`.
FIRST_BENCHMARKS = BenchmarkTable(
    (
        Benchmark(
            "into",
            "From English",
            "FLORES",
            "chrF++",
            "Translates sentences from English into the language. From 0 to 100; higher is better.",
            "flores",
            "from_english",
            family="FLORES",
        ),
        Benchmark(
            "out",
            "To English",
            "FLORES",
            "chrF++",
            "Translates sentences from the language into English. From 0 to 100; higher is better.",
            "flores",
            "into_english",
            family="FLORES",
        ),
        Benchmark(
            "topic",
            "Topics",
            "SIB-200",
            "accuracy",
            "Names the topic of a sentence, one of seven. The share of correct answers.",
            "sib200",
            family="FLORES",
        ),
        Benchmark(
            "reading",
            "Reading",
            "Belebele",
            "accuracy",
            "Reads a passage and picks one of four answers. The share of correct answers.",
            "belebele",
            family="FLORES",
        ),
        Benchmark(
            "knowledge",
            "Knowledge",
            "Global-MMLU",
            "accuracy",
            "Answers exam questions with four choices. The share of correct answers.",
            "global_mmlu",
            family="MMLU",
        ),
    )
)
