"""The adapter's card gets its results: a table between the marks, metadata that the Hub reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recipes.evaluate.results import Outcome, title
from recipes.train.card import RESULTS_END, RESULTS_START

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard

TASKS = {
    "flores": "translation",
    "sib200": "text-classification",
    "belebele": "multiple-choice",
    "global_mmlu": "multiple-choice",
}


def update(
    card: ModelCard, name: str, table: str, outcomes: Sequence[Outcome], practice: bool
) -> None:
    """Put the results into the card of the model `name`, in the place of earlier ones."""
    before, start, rest = card.text.partition(RESULTS_START)
    if not start:
        before = f"{card.text.rstrip()}\n\n## Results\n\n"
    after = rest.partition(RESULTS_END)[2] or "\n"
    card.text = f"{before}{RESULTS_START}\n{table}\n{RESULTS_END}{after}"
    card.data["model_name"] = name
    card.data["eval_results"] = [_result(outcome, practice) for outcome in outcomes]


def _result(outcome: Outcome, practice: bool) -> EvalResult:
    from huggingface_hub import EvalResult

    task = outcome.task
    return EvalResult(
        task_type=TASKS[task.benchmark],
        dataset_type=task.dataset,
        dataset_name=title(task.benchmark, practice),
        dataset_config=task.config,
        dataset_split=task.split,
        dataset_revision=task.revision,
        metric_type="chrf" if task.metric == "chrF++" else "accuracy",
        metric_name=f"{task.metric} {task.direction}" if task.direction else task.metric,
        metric_value=round(outcome.comparison.adapter.value, 4),
    )
