"""Load the benchmarks of a recipe in a language and in English.

A benchmark that lacks the language is reported, not scored. Tests that the recipe repeats in
English, to see whether English was kept, are tasks of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recipes.core.benchmarks.settings import BenchmarkSettings
from recipes.core.benchmarks.table import benchmark_of
from recipes.core.benchmarks.tasks import ENGLISH, Source, Task
from recipes.core.errors import UserError
from recipes.core.hub_refs import commit_of, configs
from recipes.evaluate.settings import EvaluateSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi


@dataclass(frozen=True)
class MissingBenchmark:
    """A benchmark that lacks the language at the given commit."""

    benchmark: str
    dataset: str
    revision: str


@dataclass(frozen=True)
class Suite:
    """The tasks in the language and in English, and the benchmarks that lack the language."""

    tasks: tuple[Task, ...]
    not_covered: tuple[MissingBenchmark, ...]

    @property
    def revisions(self) -> dict[str, str]:
        """The commit of each dataset."""
        return {task.dataset: task.revision for task in self.tasks} | {
            missing.dataset: missing.revision for missing in self.not_covered
        }


def load(api: HfApi, settings: EvaluateSettings, code: str) -> Suite:
    """Load the recipe's benchmarks in a language; raise UserError for an unknown benchmark."""
    tasks: list[Task] = []
    missing: list[MissingBenchmark] = []
    for name, benchmark in settings.benchmarks.items():
        read = benchmark_of(name).reader
        commit = commit_of(api, benchmark.dataset, "dataset", benchmark.revision)
        available = configs(benchmark.dataset, commit)
        source = _source(name, benchmark, commit, code)
        if source.config in available:
            tasks += read(source)
        else:
            missing.append(MissingBenchmark(name, benchmark.dataset, commit))
        english = None if code == ENGLISH else benchmark.in_english()
        if english:
            source = _source(name, english, commit, ENGLISH)
            if source.config not in available:
                raise UserError(f"The recipe tests {name} in English, which {source.repo} lacks.")
            tasks += read(source)
    return Suite(tuple(_with_system(task, settings.system) for task in tasks), tuple(missing))


def _source(name: str, benchmark: BenchmarkSettings, commit: str, code: str) -> Source:
    config = benchmark_of(name).config(benchmark, code)
    return Source(benchmark.dataset, commit, config, code, benchmark)


def _with_system(task: Task, system: str) -> Task:
    return replace(task, items=tuple(replace(item, system=system) for item in task.items))
