"""The rows of `results.jsonl` and `outputs.jsonl`, and the summary in the manifest. Pure.

`results.jsonl` in ORG/kakugo-results has one row for each model, test and metric. Schema 4:

| key | meaning |
|---|---|
| `schema` | 4 |
| `language` | the adapter's language, like `epo_Latn` |
| `test_language` | the language of the test: the same, or `eng_Latn` to see if English was kept |
| `role`, `model`, `revision` | `base`, `adapter` or `peer`; the repository; its commit |
| `base`, `base_revision` | the model under the adapter; for a base or a whole peer, itself |
| `benchmark`, `dataset`, `dataset_revision`, `config`, `split` | the test, at a commit |
| `direction` | `eng_Latn-epo_Latn` for a translation, else null |
| `covered` | false if the benchmark lacks the language; `value` is then null, never 0 |
| `metric`, `main`, `value`, `ci` | chrF++, BLEU: 0 to 100, accuracy: 0 to 1; 95% interval |
| `n`, `chance`, `signature` | items scored; score of guessing; how the metric was computed |
| `shots`, `system`, `prompt`, `decoding` | how the models were asked, the same for all of them |
| `ties` | items of which two options were equally likely, so that the first was taken |
| `degenerate` | for a translation: outputs with each flaw (degenerate.py), else null |
| `practice` | true if this is not a real result |
| `request`, `evaluated_at` | who asked for it; ISO 8601, UTC |
| `cost_usd`, `energy_kwh` | of dataset and adapter, from their manifests; null if unknown |

Rows of the adapter also have `difference`, `difference_ci`, `p`, `test`, `family` and
`significant`: compared with the base, interval and p corrected for a `family` of so many tests (in
schema 3, `p` was not corrected, but `p_holm` was). All of them repeat what overall.py found:
`gain` and `gain_ci`, `english_difference` and `english_difference_ci`, all in points from 0 to 100,
`english`: `kept`, `some lost` (since 2026-12), `lost` or `cannot tell`, and `chat`: answers to the
first and second questions of `n` chats, by `metric`.

`outputs.jsonl` has one row for each model and item: `model`, `revision`, `benchmark`,
`test_language`, `direction`, `id`, `prompt`, the output (`raw`, `output`, `finished`, or `options`,
`log_likelihoods`, `output`), `reference`, `scores` by metric, and `cache_key`, by which a later run
knows that it need not ask the model again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recipes.core.benchmarks.tasks import Item, Task
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.chat import ChatScore
from recipes.evaluate.intervals import Interval
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.overall import Overall
from recipes.evaluate.significance import Output, Outputs, Score, TaskResult, output_text
from recipes.evaluate.suite import MissingBenchmark

SCHEMA = 4
# Keys of outputs.jsonl before schema 3 → their names since.
RENAMED_OUTPUT_KEYS = {
    "key": "cache_key",
    "score": "scores",
    "tested": "test_language",
    "whole": "finished",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class RunInfo:
    """What all rows of one evaluation share; the first two models are base and adapter.

    `decoding` describes by benchmark how outputs are made.
    """

    language: str
    models: tuple[ComparedModel, ...]
    practice: bool
    request: str
    evaluated_at: str
    cost_usd: float
    energy_kwh: float | None
    decoding: dict[str, str]
    overall: Overall

    @property
    def adapter(self) -> ComparedModel:
        """The model that is evaluated."""
        return self.models[1]


def result_rows(
    run: RunInfo, results: Sequence[TaskResult], missing: Sequence[MissingBenchmark]
) -> list[Row]:
    """Return the rows of results.jsonl: for each metric of each task, one for each model."""
    scored = [
        _result_row(run, result, score, index)
        for result in results
        for score in result.scores
        for index in range(len(run.models))
    ]
    return scored + [_missing_row(run, benchmark) for benchmark in missing]


def _result_row(run: RunInfo, result: TaskResult, score: Score, index: int) -> Row:
    task, interval, model = result.task, score.intervals[index], run.models[index]
    row = {
        **_run_columns(run, model),
        "test_language": task.language,
        "benchmark": task.benchmark,
        "dataset": task.dataset,
        "dataset_revision": task.revision,
        "config": task.config,
        "split": task.settings.split,
        "direction": task.direction,
        "covered": True,
        "metric": score.metric,
        "main": score.is_main,
        "value": interval.value,
        "ci": [interval.low, interval.high],
        "n": len(task.items),
        "chance": task.chance,
        "signature": score.signature,
        "shots": len(task.items[0].shots),
        "system": task.items[0].system,
        "prompt": task.prompt_template,
        "decoding": run.decoding[task.benchmark],
        "degenerate": result.flaws[index] if result.flaws else None,
        "ties": result.ties[index],
    }
    return row | _comparison_columns(score) if model == run.adapter else row


def _run_columns(run: RunInfo, model: ComparedModel) -> Row:
    overall = _overall_columns(run.overall) if model == run.adapter else {}
    return {
        "schema": SCHEMA,
        "language": run.language,
        "role": model.role,
        "model": model.model,
        "revision": model.revision,
        "base": model.base,
        "base_revision": model.base_revision,
        "practice": run.practice,
        "request": run.request,
        "evaluated_at": run.evaluated_at,
        "cost_usd": run.cost_usd,
        "energy_kwh": run.energy_kwh,
        **overall,
    }


def _overall_columns(overall: Overall) -> Row:
    return {
        **interval_columns("gain", overall.gain),
        **interval_columns("english_difference", overall.english),
        "english": overall.english_verdict,
        "chat": overall.chat and _chat_columns(overall.chat),
    }


def _chat_columns(chat: ChatScore) -> Row:
    return {
        "metric": chat.metric,
        "n": chat.n,
        **interval_columns("first", chat.first),
        **interval_columns("second", chat.second),
    }


def interval_columns(name: str, interval: Interval | None) -> Row:
    """Return the columns of a value and of its interval, both null if there is none."""
    if interval is None:
        return {name: None, f"{name}_ci": None}
    return {name: interval.value, f"{name}_ci": [interval.low, interval.high]}


def _comparison_columns(score: Score) -> Row:
    comparison = score.comparison
    return {
        **interval_columns("difference", comparison.difference),
        "p": comparison.p,
        "test": comparison.test,
        "family": comparison.tests,
        "significant": comparison.is_significant,
    }


def _missing_row(run: RunInfo, missing: MissingBenchmark) -> Row:
    return {
        **_run_columns(run, run.adapter),
        "test_language": missing.language,
        "benchmark": missing.benchmark,
        "dataset": missing.dataset,
        "dataset_revision": missing.revision,
        "covered": False,
        "value": None,
    }


def output_rows(
    model: ComparedModel,
    task: Task,
    cache_key: str,
    outputs: Outputs,
    scores: dict[str, Sequence[float]],
) -> list[Row]:
    """Return the rows of outputs.jsonl of one model and task; `scores` by metric and item."""
    return [
        {
            "cache_key": cache_key,
            "model": model.model,
            "revision": model.revision,
            "benchmark": task.benchmark,
            "test_language": task.language,
            "direction": task.direction,
            "id": item.id,
            "prompt": item.prompt,
            **_output_columns(item, output),
            "reference": item.reference,
            "scores": {metric: by_item[index] for metric, by_item in scores.items()},
        }
        for index, (item, output) in enumerate(zip(task.items, outputs, strict=True))
    ]


def upgraded_output(row: Row) -> Row:
    """Return a row of outputs.jsonl of any schema with today's keys."""
    return {RENAMED_OUTPUT_KEYS.get(key, key): value for key, value in row.items()}


def _output_columns(item: Item, output: Output) -> Row:
    if isinstance(output, Generation):
        return {"raw": output.raw, "finished": output.finished, "output": output.text}
    return {
        "options": list(item.answers),
        "log_likelihoods": output,
        "output": output_text(item, output),
    }


def summary(results: Sequence[TaskResult], main: bool = True) -> list[Row]:
    """Return the scores of base and adapter for the manifest: the main ones, or the others."""
    return [
        _summary_row(result, score)
        for result in results
        for score in result.scores
        if score.is_main == main
    ]


def _summary_row(result: TaskResult, score: Score) -> Row:
    comparison, chance = score.comparison, result.task.chance
    difference = comparison.difference
    return {
        "benchmark": result.task.benchmark,
        "direction": result.task.direction,
        "metric": score.metric,
        "base": round(comparison.base.value, 6),
        "adapter": round(comparison.adapter.value, 6),
        "difference": round(difference.value, 6),
        "difference_ci": [round(difference.low, 6), round(difference.high, 6)],
        "p": float(f"{comparison.p:.3g}"),
        "test": comparison.test,
        "significant": comparison.is_significant,
        "n": len(result.task.items),
        "chance": chance and round(chance, 4),
    }


def overall_summary(overall: Overall) -> Row:
    """Return the columns of `results.jsonl` that sum up the evaluation, for the manifest."""
    return {**_overall_columns(overall), "margin": overall.margin}


def flaw_summary(results: Sequence[TaskResult]) -> list[Row]:
    """Return the counts of flaws of base and adapter for the manifest, by direction."""
    return [
        {"direction": result.task.direction, "base": base, "adapter": adapter}
        for result in results
        if result.flaws
        for base, adapter in [result.flaws[:2]]
    ]
