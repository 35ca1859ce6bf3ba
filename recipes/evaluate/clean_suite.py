"""The benchmarks of a run without the items whose texts are in the training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from recipes.core.benchmarks.tasks import Task
from recipes.core.errors import Unworkable
from recipes.core.job import Job
from recipes.core.progress import say
from recipes.evaluate import contamination, suite
from recipes.evaluate.markdown import Contamination
from recipes.evaluate.settings import EvaluateSettings
from recipes.evaluate.suite import Suite


@dataclass(frozen=True)
class CleanSuite:
    """The tasks without contaminated items."""

    tasks: tuple[Task, ...]
    suite: Suite
    contamination: Contamination

    @property
    def items(self) -> int:
        """The number of items of all tasks."""
        return _count_items(self.tasks)


def load(job: Job[EvaluateSettings]) -> CleanSuite:
    """Load the benchmarks, record their commits and leave contaminated items out.

    Raises UserError if a task has no items left.
    """
    loaded = suite.load(job.api, job.settings, job.config.language)
    job.inputs.update(loaded.revisions)
    dataset = job.args.dataset
    clean = without_contaminated(loaded.tasks, dataset, job.inputs[dataset], job.settings.copied)
    return CleanSuite(clean.tasks, loaded, clean.contamination)


class CleanTasks(NamedTuple):
    """Tasks without contaminated items, and how many those were."""

    tasks: tuple[Task, ...]
    contamination: Contamination


def without_contaminated(
    tasks: Sequence[Task], dataset: str, revision: str, copied: int
) -> CleanTasks:
    """Leave out the items with a text of at least `copied` letters in the training data."""
    texts = {text for task in tasks for item in task.items for text in item.texts}
    contaminated = contamination.contaminated(texts, _training_messages(dataset, revision), copied)
    clean = tuple(_without(task, contaminated) for task in tasks)
    left_out = _count_items(tasks) - _count_items(clean)
    say(
        f"{len(contaminated)} of {len(texts)} benchmark texts in the training data: "
        f"{left_out} items left out"
    )
    return CleanTasks(clean, Contamination(len(texts), len(contaminated), left_out))


def _without(task: Task, contaminated: set[str]) -> Task:
    items = tuple(item for item in task.items if contaminated.isdisjoint(item.texts))
    if not items:
        raise Unworkable(
            f"Every item of {task.benchmark} is in the training data: nothing to score."
        )
    return replace(task, items=items)


def _training_messages(repo: str, revision: str) -> list[str]:
    from datasets import load_dataset

    splits = load_dataset(repo, "default", revision=revision)
    return [
        turn["content"] for split in splits.values() for chat in split["messages"] for turn in chat
    ]


def _count_items(tasks: Sequence[Task]) -> int:
    return sum(len(task.items) for task in tasks)
