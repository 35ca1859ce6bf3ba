"""Load the benchmarks of a recipe in a language and in English.

A benchmark that lacks the language, or a split that the recipe needs, is reported, not scored.
Tests that the recipe repeats in English, to see whether English was kept, are tasks of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recipes.core.benchmarks.settings import BenchmarkSettings
from recipes.core.benchmarks.table import benchmark_of
from recipes.core.benchmarks.tasks import ENGLISH, Source, Task
from recipes.core.hub_refs import commit_of, configs, splits
from recipes.evaluate.settings import EvaluateSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi


@dataclass(frozen=True)
class MissingBenchmark:
    """A benchmark that lacks a language at the given commit."""

    benchmark: str
    language: str
    dataset: str
    revision: str


def lacking(missing: Sequence[MissingBenchmark], code: str) -> list[str]:
    """Return the benchmarks that lack this language."""
    return [each.benchmark for each in missing if each.language == code]


@dataclass(frozen=True)
class Suite:
    """The tasks in the language and in English, and the benchmarks that lack one of them."""

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
        commit = commit_of(api, benchmark.dataset, "dataset", benchmark.revision)
        available = configs(benchmark.dataset, commit)
        english = None if code == ENGLISH else benchmark.in_english()
        for asked, language in ((benchmark, code), (english, ENGLISH)):
            if asked is None:
                continue
            source = _source(name, asked, commit, language)
            if source.config in available and _needed_splits(asked) <= set(
                splits(source.repo, source.config, commit)
            ):
                tasks += benchmark_of(name).reader(source)
            else:
                missing.append(MissingBenchmark(name, language, benchmark.dataset, commit))
    return Suite(tuple(_with_system(task, settings.system) for task in tasks), tuple(missing))


def _needed_splits(benchmark: BenchmarkSettings) -> set[str]:
    return {benchmark.split} | ({benchmark.shots.split} if benchmark.shots.count else set())


def _source(name: str, benchmark: BenchmarkSettings, commit: str, code: str) -> Source:
    config = benchmark_of(name).config(benchmark, code)
    return Source(benchmark.dataset, commit, config, code, benchmark)


def _with_system(task: Task, system: str) -> Task:
    return replace(task, items=tuple(replace(item, system=system) for item in task.items))
