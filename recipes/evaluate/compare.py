"""Say whether two models differ: `kakugo-recipe compare A B`.

A and B are sample logs of lm-evaluation-harness, or our `outputs.jsonl`, of the same items. As in
an evaluation, intervals.py has the methods, and the tests of the main metrics of all tasks are
corrected together, and those of the other metrics.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.number_format import signed
from recipes.core.progress import say
from recipes.evaluate import intervals, item_scores, metrics
from recipes.evaluate.intervals import Array, Comparison, ScoreFunction
from recipes.evaluate.item_scores import TaskScores, Value, listed
from recipes.validation.errors import shorten

BLEU_TOKENIZER = "13a"  # sacrebleu's default, which the harness uses
HEADINGS = ("task", "metric", "items", "A", "B", "B - A", "95% interval", "p", "")


@dataclass(frozen=True)
class Row:
    """The comparison of one metric of one task."""

    task: str
    metric: str
    items: int
    is_main: bool
    comparison: Comparison


def main(args: argparse.Namespace) -> None:
    """Print a table, or with `--json` a list of objects."""
    model_a, model_b = args.models or (None, None)
    a, b = item_scores.read(args.a, model_a), item_scores.read(args.b, model_b)
    if len(a) == len(b) == 1:  # two logs of one task, whatever they are called
        b = dict(zip(a, b.values(), strict=True))
    rows = compare(a, b, args.samples, args.seed)
    if args.json:
        say(json.dumps([as_json(row) for row in rows], ensure_ascii=False, indent=1))
        return
    say(table(rows))
    for name, scores, others in (("A", a, b), ("B", b, a)):
        if only := sorted(scores.keys() - others.keys()):
            say(f"only in {name}, not compared: {listed(only)}")


def compare(
    a: dict[str, TaskScores], b: dict[str, TaskScores], samples: int, seed: int
) -> list[Row]:
    """Compare all tasks that A and B share; raise UserError if none, or if their items differ."""
    tasks = [task for task in a if task in b]
    if not tasks:
        raise UserError(f"A has the tasks {listed(a)} and B {listed(b)}: none in common.")
    shared = {task: _shared_metrics(task, a[task], b[task]) for task in tasks}
    main_tests = len(tasks)
    other_tests = sum(map(len, shared.values())) - main_tests
    rows = []
    for task, names in shared.items():
        for metric in names:
            scores = a[task].by_metric[metric], b[task].by_metric[metric]
            items = _shared_items(task, *scores)
            is_main = metric == names[0]
            comparison = _comparison(
                metric.partition(",")[0],
                [[each[item] for item in items] for each in scores],
                samples,
                seed,
                main_tests if is_main else other_tests,
            )
            rows.append(Row(task, metric, len(items), is_main, comparison))
    return rows


def _shared_metrics(task: str, a: TaskScores, b: TaskScores) -> list[str]:
    """Return the metrics that both have, the main one first."""
    shared = [metric for metric in a.by_metric if metric in b.by_metric]
    if not shared:
        raise UserError(
            f"{shorten(task)}: A has the metrics {listed(a.by_metric)} "
            f"and B {listed(b.by_metric)}: none in common."
        )
    return shared


def _shared_items(task: str, a: dict[str, Value], b: dict[str, Value]) -> list[str]:
    if a.keys() == b.keys():
        return list(a)
    if a.keys().isdisjoint(b):
        raise UserError(f"{shorten(task)}: A and B have no items in common.")
    raise UserError(
        f"{shorten(task)}: the items differ: {len(a.keys() - b)} are only in A and "
        f"{len(b.keys() - a)} only in B."
    )


def _comparison(
    metric: str, values: Sequence[Sequence[Value]], samples: int, seed: int, tests: int
) -> Comparison:
    score, (a, b) = _statistics(metric, values)
    if all(value in (0, 1) for each in values for value in each):
        return intervals.compare_shares(a[:, 0], b[:, 0], tests)
    return intervals.compare_scores(score, a, b, samples, seed, tests)


def _statistics(
    metric: str, values: Sequence[Sequence[Value]]
) -> tuple[ScoreFunction, tuple[Array, Array]]:
    """Return the function that scores sums, and the statistics (items, k) of A and of B."""

    def of_model(scores: Sequence[Value]) -> Array:
        if metric not in item_scores.CORPUS_METRICS:
            return metrics.mean_statistics([value for value in scores if isinstance(value, float)])
        texts = [value for value in scores if isinstance(value, tuple)]
        references, outputs = [each[0] for each in texts], [each[1] for each in texts]
        if metric == "bleu":
            return metrics.bleu_statistics(outputs, references, BLEU_TOKENIZER)
        return metrics.chrf_statistics(outputs, references, 2 if metric == "chrf++" else 0)

    a, b = values
    functions: dict[str, ScoreFunction] = {
        "bleu": metrics.bleu, "chrf": metrics.chrf, "chrf++": metrics.chrf,
    }  # fmt: skip
    return functions.get(metric, metrics.mean), (of_model(a), of_model(b))


def as_json(row: Row) -> dict[str, Any]:
    """Return a row under the names that results.jsonl has for the same numbers."""
    comparison = row.comparison
    a, b, difference = comparison.base, comparison.adapter, comparison.difference
    return {
        "task": row.task,
        "metric": row.metric,
        "main": row.is_main,
        "n": row.items,
        "a": a.value,
        "a_ci": [a.low, a.high],
        "b": b.value,
        "b_ci": [b.low, b.high],
        "difference": difference.value,
        "difference_ci": [difference.low, difference.high],
        "p": comparison.p,
        "test": comparison.test,
        "family": comparison.tests,
        "significant": comparison.is_significant,
    }


def table(rows: Sequence[Row]) -> str:
    """Return the rows in columns for a terminal."""
    lines = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 or column == len(HEADINGS) - 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def _cells(row: Row) -> tuple[str, ...]:
    comparison = row.comparison
    difference = comparison.difference
    digits = 1 if row.metric.partition(",")[0] in item_scores.CORPUS_METRICS else 3
    return (
        shorten(row.task),
        shorten(row.metric),
        f"{row.items:,}",
        f"{comparison.base.value:.{digits}f}",
        f"{comparison.adapter.value:.{digits}f}",
        signed(difference.value, digits),
        f"{signed(difference.low, digits)} to {signed(difference.high, digits)}",
        _p(comparison.p),
        "significant" if comparison.is_significant else "not significant",
    )
