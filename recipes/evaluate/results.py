"""From answers to what is published: rows for the results dataset, a summary, a table for the card.

Pure: the rows are the record, the summary what the bot posts, the table what the card shows; all
three are made from the same comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recipes.evaluate import metrics
from recipes.evaluate.benchmarks import Item, Task
from recipes.evaluate.metrics import Comparison, Interval
from recipes.evaluate.settings import Bootstrap, Normalise

SCHEMA = 1
TITLES = {
    "flores": "FLORES+",
    "sib200": "SIB-200",
    "belebele": "Belebele",
    "global_mmlu": "Global-MMLU",
}
METHOD = (
    "Both models got the same prompts and shots; translations are greedy, options are chosen by "
    "log-likelihood. Intervals and significance are from a paired bootstrap."
)
RELATED = "SIB-200 and Belebele are built on FLORES texts: they are not independent of each other."
PRACTICE = "Practice benchmarks have the form of the real ones, and none of their texts."
Output = str | list[float]  # a translation, or the log-likelihood of each option
Outputs = Sequence[Output]


@dataclass(frozen=True)
class Run:
    """What every row of one evaluation shares."""

    language: str
    base: str
    adapter: str
    practice: bool
    request: str
    date: str
    cost_usd: float


@dataclass(frozen=True)
class Outcome:
    """One task, what each model answered, and the comparison."""

    task: Task
    base: Outputs
    adapter: Outputs
    comparison: Comparison
    signature: str


def judge(
    task: Task, base: Outputs, adapter: Outputs, normalise: Normalise, bootstrap: Bootstrap
) -> Outcome:
    """Score both models on one task; `normalise` says what the likelihoods were divided by."""
    before, after = _statistics(task, base), _statistics(task, adapter)
    value = metrics.chrf if task.metric == "chrF++" else metrics.accuracy
    how = metrics.chrf_signature() if task.metric == "chrF++" else f"loglikelihood|norm:{normalise}"
    return Outcome(
        task,
        base,
        adapter,
        metrics.compare(value, before, after, bootstrap.samples, bootstrap.seed),
        f"{how}|shots:{len(task.items[0].shots)}",
    )


def _statistics(task: Task, outputs: Outputs) -> metrics.Array:
    said = [_said(item, output) for item, output in zip(task.items, outputs, strict=True)]
    references = [item.answer for item in task.items]
    if task.metric == "chrF++":
        return metrics.chrf_statistics(said, references)
    pairs = zip(said, references, strict=True)
    return metrics.accuracy_statistics([answer == reference for answer, reference in pairs])


def _said(item: Item, output: Output) -> str:
    """The translation, or the option that the model finds likeliest."""
    return output if isinstance(output, str) else item.answers[output.index(max(output))]


def rows(run: Run, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The lines of results.jsonl: for each task one of the base, one of the adapter."""
    made = []
    for outcome in outcomes:
        compared = outcome.comparison
        made.append(_row(run, outcome, "base", compared.base))
        made.append(
            _row(run, outcome, "adapter", compared.adapter)
            | {
                "difference": compared.difference.value,
                "difference_ci": [compared.difference.low, compared.difference.high],
                "p": compared.p,
                "significant": compared.significant,
            }
        )
    return made


def _row(run: Run, outcome: Outcome, role: str, score: Interval) -> dict[str, Any]:
    task = outcome.task
    return {
        "schema": SCHEMA,
        "language": run.language,
        "model": run.base if role == "base" else run.adapter,
        "role": role,
        "base": run.base,
        "benchmark": task.benchmark,
        "direction": task.direction,
        "metric": task.metric,
        "value": score.value,
        "ci": [score.low, score.high],
        "n": len(task.items),
        "chance": task.chance,
        "signature": outcome.signature,
        "practice": run.practice,
        "request": run.request,
        "date": run.date,
        "cost_usd": run.cost_usd,
    }


def outputs(run: Run, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The lines of outputs.jsonl: what was asked, and what each model answered."""
    return [
        {
            "model": model,
            "benchmark": outcome.task.benchmark,
            "direction": outcome.task.direction,
            "id": item.id,
            "prompt": item.prompt,
            **_answered(item, output),
        }
        for outcome in outcomes
        for model, answers in ((run.base, outcome.base), (run.adapter, outcome.adapter))
        for item, output in zip(outcome.task.items, answers, strict=True)
    ]


def _answered(item: Item, output: Output) -> dict[str, Any]:
    answered: dict[str, Any] = {"output": _said(item, output), "reference": item.answer}
    if not isinstance(output, str):
        answered["options"] = list(item.answers)
        answered["scores"] = [round(score, 4) for score in output]
    return answered


def summary(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The compact table of the manifest, one entry a task, base → adapter."""
    return [
        {
            "benchmark": outcome.task.benchmark,
            "direction": outcome.task.direction,
            "metric": outcome.task.metric,
            "base": round(outcome.comparison.base.value, 4),
            "adapter": round(outcome.comparison.adapter.value, 4),
            "difference": round(outcome.comparison.difference.value, 4),
            "difference_ci": [
                round(outcome.comparison.difference.low, 4),
                round(outcome.comparison.difference.high, 4),
            ],
            "p": round(outcome.comparison.p, 5),
            "significant": outcome.comparison.significant,
            "n": len(outcome.task.items),
            "chance": outcome.task.chance and round(outcome.task.chance, 4),
        }
        for outcome in outcomes
    ]


def title(benchmark: str, practice: bool) -> str:
    """A benchmark's name; a practice one is never called by the real one's."""
    return f"practice {TITLES[benchmark]}" if practice else TITLES[benchmark]


def table(outcomes: Sequence[Outcome], not_covered: Sequence[str], practice: bool) -> str:
    """The Markdown of the card's results section."""
    lines = [
        "| benchmark | metric | base | adapter | difference (95 % CI) | n |",
        "|---|---|---|---|---|---|",
        *(_line(outcome, practice) for outcome in outcomes),
        "",
    ]
    lines += [f"Not covered: {title(name, practice)} lacks this language." for name in not_covered]
    lines.append(METHOD)
    lines.append(PRACTICE if practice else RELATED)
    return "\n".join(lines)


def _line(outcome: Outcome, practice: bool) -> str:
    task, compared = outcome.task, outcome.comparison
    name = title(task.benchmark, practice) + (f" {task.direction}" if task.direction else "")
    digits = 1 if task.metric == "chrF++" else 3
    gain = compared.difference
    sure = f"{gain.low:+.{digits}f} to {gain.high:+.{digits}f}"
    mark = "" if compared.significant else ", not significant"
    return (
        f"| {name} | {task.metric} | {compared.base.value:.{digits}f} "
        f"| {compared.adapter.value:.{digits}f} | {gain.value:+.{digits}f} ({sure}{mark}) "
        f"| {len(task.items)} |"
    )
