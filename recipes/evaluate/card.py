"""Put an evaluation into what the Hub shows of an adapter: card, metadata and `.eval_results`.

The card gets the tables between its markers and a `model-index` of all scores.
`.eval_results/*.yaml` has one file per registered benchmark in the Hub's own format, with the main
scores in the adapter's language: the Hub shows them on the benchmark's leaderboard.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import yaml

from recipes.core.benchmarks.table import benchmark_of
from recipes.core.card_sections import set_section
from recipes.evaluate import markdown
from recipes.evaluate.significance import Score, TaskResult
from recipes.train.card import RESULTS_SECTION

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, EvalResultEntry, ModelCard


def update(
    card: ModelCard, name: str, text: str, results: Sequence[TaskResult], practice: bool
) -> None:
    """Replace the results in the card of the model `name`; add a section if it has none."""
    card.text = set_section(card.text, RESULTS_SECTION, text, heading="## Results")
    card.data["model_name"] = name
    card.data["eval_results"] = [
        _metadata(result, score, practice) for result in results for score in result.scores
    ]


def _metadata(result: TaskResult, score: Score, practice: bool) -> EvalResult:
    from huggingface_hub import EvalResult

    task = result.task
    metric = f"{score.metric} {task.direction}" if task.direction else score.metric
    return EvalResult(
        task_type=benchmark_of(task.benchmark).hub_type,
        dataset_type=task.dataset,
        dataset_name=markdown.name_of_test(task, practice),
        dataset_config=task.config,
        dataset_split=task.settings.split,
        dataset_revision=task.revision,
        metric_type={"chrF++": "chrf", "BLEU": "bleu"}.get(score.metric, score.metric.lower()),
        metric_name=metric,
        metric_value=round(score.comparison.adapter.value, 6),
        metric_args={"signature": score.signature},
    )


def eval_results(
    results: Sequence[TaskResult],
    language: str,
    practice: bool,
    evaluated_at: str,
    results_url: str,
    registered: Collection[tuple[str, str]],
) -> dict[str, bytes]:
    """Return the files of `.eval_results` by path; `results_url` is their source.

    `registered` are datasets and ids of the tasks that the Hub accepts there.
    """
    from huggingface_hub import eval_result_entries_to_yaml

    files: dict[str, list[EvalResultEntry]] = {}
    for result in results:
        is_registered = (result.task.dataset, _task_id(result)) in registered
        if result.task.language == language and is_registered:
            path = f".eval_results/{result.task.dataset.split('/')[-1]}.yaml"
            entry = _entry(result, practice, evaluated_at, results_url)
            files.setdefault(path, []).append(entry)
    return {
        path: yaml.safe_dump(
            eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True
        ).encode()
        for path, entries in files.items()
    }


def _task_id(result: TaskResult) -> str:
    return result.task.direction or result.task.config


def _entry(
    result: TaskResult, practice: bool, evaluated_at: str, results_url: str
) -> EvalResultEntry:
    from huggingface_hub import EvalResultEntry

    task, score = result.task, result.main_score
    comparison = score.comparison
    verdict = "significant" if comparison.is_significant else "not significant"
    notes = [
        *(["practice, not a real benchmark"] if practice else []),
        f"{score.metric}, n={len(task.items)}, {score.signature}",
        f"base {comparison.base.value:.4g}, "
        f"difference {comparison.difference.value:+.4g} ({verdict})",
    ]
    return EvalResultEntry(
        dataset_id=task.dataset,
        task_id=_task_id(result),
        value=round(comparison.adapter.value, 6),
        dataset_revision=task.revision,
        date=evaluated_at,
        source_url=results_url,
        source_name="Kakugo results",
        notes="; ".join(notes),
    )
