"""What the Hub itself shows of an evaluation: the adapter's card, its metadata, `.eval_results`.

The card gets the tables between its marks and a `model-index`; `.eval_results/*.yaml` has one file
a benchmark, in the Hub's own format, which puts the scores on the benchmark's leaderboard. Both
have the main scores in the adapter's language; the card's metadata has the others too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import yaml

from recipes.evaluate import markdown
from recipes.evaluate.significance import Outcome, Score
from recipes.train.card import RESULTS_END, RESULTS_START

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, EvalResultEntry, ModelCard

TASKS = {
    "flores": "translation",
    "sib200": "text-classification",
    "belebele": "multiple-choice",
    "global_mmlu": "multiple-choice",
}


def update(
    card: ModelCard, name: str, text: str, outcomes: Sequence[Outcome], practice: bool
) -> None:
    """Put the results into the card of the model `name`, in the place of earlier ones."""
    before, start, rest = card.text.partition(RESULTS_START)
    if not start:
        before = f"{card.text.rstrip()}\n\n## Results\n\n"
    after = rest.partition(RESULTS_END)[2] or "\n"
    card.text = f"{before}{RESULTS_START}\n{text}\n{RESULTS_END}{after}"
    card.data["model_name"] = name
    card.data["eval_results"] = [
        _metadata(outcome, score, practice) for outcome in outcomes for score in outcome.scores
    ]


def _metadata(outcome: Outcome, score: Score, practice: bool) -> EvalResult:
    from huggingface_hub import EvalResult

    task = outcome.task
    named = f"{score.metric} {task.direction}" if task.direction else score.metric
    return EvalResult(
        task_type=TASKS[task.benchmark],
        dataset_type=task.dataset,
        dataset_name=markdown.tested_name(outcome, practice),
        dataset_config=task.config,
        dataset_split=task.asked.split,
        dataset_revision=task.revision,
        metric_type={"chrF++": "chrf", "BLEU": "bleu"}.get(score.metric, score.metric.lower()),
        metric_name=named,
        metric_value=round(score.comparison.adapter.value, 4),
        metric_args={"signature": score.signature},
    )


def eval_results(
    outcomes: Sequence[Outcome], language: str, practice: bool, date: str, source: str
) -> dict[str, bytes]:
    """The files of `.eval_results`, by path: the adapter's main scores, `source` their record."""
    from huggingface_hub import eval_result_entries_to_yaml

    files: dict[str, list[EvalResultEntry]] = {}
    for outcome in outcomes:
        if outcome.task.language == language:
            path = f".eval_results/{outcome.task.dataset.split('/')[-1]}.yaml"
            files.setdefault(path, []).append(_entry(outcome, practice, date, source))
    return {
        path: yaml.safe_dump(
            eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True
        ).encode()
        for path, entries in files.items()
    }


def _entry(outcome: Outcome, practice: bool, date: str, source: str) -> EvalResultEntry:
    from huggingface_hub import EvalResultEntry

    task, score = outcome.task, outcome.main
    compared = score.comparison
    verdict = "significant" if score.significant else "not significant"
    notes = [
        *(["practice, not a real benchmark"] if practice else []),
        f"{score.metric}, n={len(task.items)}, {score.signature}",
        f"base {compared.base.value:.4g}, difference {compared.difference.value:+.4g} ({verdict})",
    ]
    return EvalResultEntry(
        dataset_id=task.dataset,
        task_id=task.direction or task.config,
        value=round(compared.adapter.value, 4),
        dataset_revision=task.revision,
        date=date,
        source_url=source,
        source_name="Kakugo results",
        notes="; ".join(notes),
    )
