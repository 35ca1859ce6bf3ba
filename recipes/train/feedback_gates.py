"""What people's words have to pass before a model may learn them: the same as a teacher's.

The gates of `generate`, and the same benchmarks that no row may share a run of words with.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from recipes.core import language
from recipes.core.job import Job
from recipes.generate import gates
from recipes.generate.data.corpora import Library
from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.schema import Draft
from recipes.generate.settings import parse
from recipes.train.preference_pairs import Judge, Turns

if TYPE_CHECKING:
    from datasets import DatasetDict


def judge(job: Job[Any]) -> Judge:
    """A function that says why a draft may not be learnt; remembers what benchmarks it read."""
    settings, spoken = parse(job.config.generate), language.get(job.config.language)
    library = Library(job.api, settings.seed, settings.gates.tokenizer)
    texts = ((corpus.name, library.all_texts(corpus)) for corpus in settings.benchmarks)
    benchmarks = Benchmarks(texts, settings.ngrams, spoken.script)
    job.inputs.update(library.commits)
    asked = gates.build_gates(settings.gates, spoken)

    def against(draft: Draft) -> str | None:
        if reason := gates.first_reason(draft, asked):
            return reason
        return "benchmark_overlap" if any(benchmarks.overlaps([draft.row])) else None

    return against


def rows(job: Job[Any], wanted: Collection[str]) -> dict[str, Turns]:
    """The turns of these rows of the dataset, by id; ids that it does not have are left out."""
    from datasets import load_dataset

    if not wanted:
        return {}
    repo = job.args.dataset
    splits: DatasetDict = load_dataset(repo, "default", revision=job.inputs[repo])
    return {
        row["id"]: tuple((turn["role"], turn["content"]) for turn in row["messages"])
        for split in splits.values()
        for row in split.filter(lambda row: row["id"] in wanted)
    }
