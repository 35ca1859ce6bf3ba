"""Filter feedback like generated rows: by the gates of `generate` and by its benchmarks."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from recipes.core import language
from recipes.core.job import Job
from recipes.generate import community, gates
from recipes.generate.data.corpora import DatasetReader
from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.schema import Draft
from recipes.generate.settings import parse
from recipes.train.preference_pairs import FeedbackGate, Turns

if TYPE_CHECKING:
    from datasets import DatasetDict


def feedback_gate(job: Job[Any]) -> FeedbackGate:
    """Return a function that says why a draft is dropped; add its benchmarks to the inputs."""
    # What the community forbids holds for corrections, too.
    section, _ = community.merge_profile(job.api, job.config)
    settings, target = parse(section), language.get(job.config.language)
    library = DatasetReader(job.api, settings.seed, settings.gates.tokenizer)
    texts = ((corpus.name, library.all_texts(corpus)) for corpus in settings.benchmarks)
    benchmarks = Benchmarks(texts, settings.ngrams, target.script)
    job.inputs.update(library.commits)
    row_gates = gates.build_gates(settings.gates, target)

    def drop_reason(draft: Draft) -> str | None:
        if reason := gates.first_reason(draft, row_gates):
            return reason
        return "benchmark_overlap" if any(benchmarks.overlaps([draft.row])) else None

    return drop_reason


def load_turns(job: Job[Any], ids: Collection[str]) -> dict[str, Turns]:
    """Return the turns of these rows of the dataset by id; unknown ids are left out."""
    from datasets import load_dataset

    if not ids:
        return {}
    repo = job.args.dataset
    splits: DatasetDict = load_dataset(repo, "default", revision=job.inputs[repo])
    return {
        row["id"]: tuple((turn["role"], turn["content"]) for turn in row["messages"])
        for split in splits.values()
        for row in split.filter(lambda row: row["id"] in ids)
    }
