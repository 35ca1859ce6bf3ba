"""The table of benchmarks. To add one, write its reader and its entry, and name it in the YAML.

Everything else derives from an entry: the texts that no training row may overlap with, titles and
types on the card, the title in the bot's reply, and the columns of the leaderboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from recipes.core.benchmarks import readers
from recipes.core.benchmarks.settings import BenchmarkSettings
from recipes.core.benchmarks.tasks import MainMetric, Source, Task
from recipes.core.errors import Unworkable
from recipes.validation.errors import quote


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard; `key` is part of addresses there."""

    key: str
    label: str
    description: str
    direction: Literal["from_english", "into_english"] | None = None


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark is called, how it is read, and what it consists of.

    title: its proper name, for cards
    ability: what it tests, for the bot's reply
    reader: turns the rows of a dataset into tasks
    harness_format: the fields of a task of lm-evaluation-harness that asks the same
    prompt_fields: the fields that its prompts may have
    text_columns: columns whose texts no training row may overlap with
    hub_type: the Hub's task type, for the metadata of a card
    family: benchmarks of one family share their texts, so they are one piece of evidence
    chance: accuracy of guessing; None for a translation
    config_name: the dataset's name for a language's code; `configs` in the recipe has exceptions
    """

    key: str
    title: str
    ability: str
    reader: Callable[[Source], list[Task]]
    harness_format: Callable[[Task], dict[str, Any]]
    prompt_fields: tuple[str, ...]
    text_columns: tuple[str, ...]
    hub_type: str
    family: str
    columns: tuple[Column, ...]
    chance: float | None = None
    config_name: Callable[[str], str] = str

    @property
    def metric(self) -> MainMetric:
        """The main metric."""
        return "chrF++" if self.is_translation else "accuracy"

    @property
    def is_translation(self) -> bool:
        """Whether it is a translation, which always needs the same rows in English."""
        return self.hub_type == "translation"

    def config(self, settings: BenchmarkSettings, code: str) -> str:
        """Return the dataset's config of a language."""
        return settings.configs.get(code) or self.config_name(code)


BENCHMARKS = {
    benchmark.key: benchmark
    for benchmark in (
        Benchmark(
            key="flores",
            title="FLORES+",
            ability="Translation",
            reader=readers.flores,
            harness_format=readers.flores_format,
            prompt_fields=("text", "language"),
            text_columns=("text",),
            hub_type="translation",
            family="FLORES",
            columns=(
                Column(
                    "into",
                    "From English",
                    "Translates sentences from English into the language. From 0 to 100; higher "
                    "is better.",
                    "from_english",
                ),
                Column(
                    "out",
                    "To English",
                    "Translates sentences from the language into English. From 0 to 100; higher "
                    "is better.",
                    "into_english",
                ),
            ),
        ),
        Benchmark(
            key="sib200",
            title="SIB-200",
            ability="Topic classification",
            reader=readers.sib200,
            harness_format=readers.sib200_format,
            prompt_fields=("text", "options"),
            text_columns=("text",),
            hub_type="text-classification",
            family="FLORES",
            columns=(
                Column(
                    "topic",
                    "Topics",
                    "Names the topic of a sentence, one of seven. The share of correct answers.",
                ),
            ),
            chance=1 / 7,
        ),
        Benchmark(
            key="belebele",
            title="Belebele",
            ability="Reading comprehension",
            reader=readers.belebele,
            harness_format=readers.belebele_format,
            prompt_fields=("passage", "question", "option_a", "option_b", "option_c", "option_d"),
            text_columns=(
                "flores_passage",
                "question",
                *(f"mc_answer{number}" for number in range(1, 5)),
            ),
            hub_type="multiple-choice",
            family="FLORES",
            columns=(
                Column(
                    "reading",
                    "Reading",
                    "Reads a passage and picks one of four answers. The share of correct answers.",
                ),
            ),
            chance=1 / 4,
        ),
        Benchmark(
            key="global_mmlu",
            title="Global-MMLU",
            ability="Knowledge questions",
            reader=readers.global_mmlu,
            harness_format=readers.global_mmlu_format,
            prompt_fields=("question", "option_a", "option_b", "option_c", "option_d"),
            text_columns=("question", "option_a", "option_b", "option_c", "option_d"),
            hub_type="multiple-choice",
            family="MMLU",
            columns=(
                Column(
                    "knowledge",
                    "Knowledge",
                    "Answers exam questions with four choices. The share of correct answers.",
                ),
            ),
            chance=1 / 4,
        ),
        Benchmark(
            key="global_piqa",
            title="Global PIQA",
            ability="Everyday knowledge",
            reader=readers.global_piqa,
            harness_format=readers.global_piqa_format,
            prompt_fields=("prompt", "option_a", "option_b"),
            text_columns=("prompt", "solution0", "solution1"),
            hub_type="multiple-choice",
            family="PIQA",
            columns=(
                Column(
                    "everyday",
                    "Everyday life",
                    "Picks the better of two solutions to an everyday problem of the region. The "
                    "share of correct answers.",
                ),
            ),
            chance=1 / 2,
            config_name=str.lower,
        ),
    )
}


def benchmark_of(key: str) -> Benchmark:
    """Return a benchmark of the table; raise UserError for an unknown one."""
    if key not in BENCHMARKS:
        raise Unworkable(
            f"evaluate.benchmarks: {quote(key)} is not one of {', '.join(BENCHMARKS)}."
        )
    return BENCHMARKS[key]


def abilities(keys: Iterable[str]) -> dict[str, str]:
    """Return what these benchmarks test, for `titles` in the manifest."""
    return {key: benchmark_of(key).ability for key in keys}


def leaderboard_columns() -> list[dict[str, Any]]:
    """Return the columns of the leaderboard for `benchmarks.json`."""
    return [
        {
            "key": column.key,
            "label": column.label,
            "description": column.description,
            "benchmark": benchmark.key,
            "title": benchmark.title,
            "direction": column.direction,
            "metric": benchmark.metric,
            "family": benchmark.family,
            "chance": benchmark.chance and round(benchmark.chance, 4),
        }
        for benchmark in BENCHMARKS.values()
        for column in benchmark.columns
    ]
