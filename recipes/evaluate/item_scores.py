"""Read the scores of single items: sample logs of lm-evaluation-harness, or our `outputs.jsonl`.

`lm_eval --log_samples` writes one `samples_<task>_<date>.jsonl` for each task, with a line for each
item and filter (docs/interface.md of the harness; the lines are made in `lm_eval/evaluator.py`).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from recipes.core.errors import UserError
from recipes.evaluate import schema
from recipes.validation.errors import shorten

Value = float | tuple[str, str]  # a score, or reference and output of a corpus metric
CORPUS_METRICS = ("chrf++", "chrf", "bleu")  # the harness logs reference and output for these
LOG_NAME = re.compile(r"samples_(.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?\.jsonl")
NO_FILTERS = ("none", None)
MAX_LISTED = 5
# What reading a row of the wrong shape raises.
MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass
class TaskScores:
    """The scores of one model for one task, by metric and item; the main metric comes first."""

    by_metric: dict[str, dict[str, Value]] = field(default_factory=dict)

    def add(self, metric: str, item: str, value: Value) -> None:
        """Add one score; raise ValueError for a second one, or one that is no score."""
        if isinstance(value, tuple) != (metric.partition(",")[0] in CORPUS_METRICS):
            raise ValueError(f"{metric} is not a score")
        values = self.by_metric.setdefault(metric, {})
        if item in values:
            raise ValueError("an item twice")
        values[item] = value


def read(path: Path, model: str | None = None) -> dict[str, TaskScores]:
    """Return the scores in a file, or in the logs of a folder, by task.

    `model` chooses one of the models in an `outputs.jsonl`. Raises UserError if the path has no
    such scores, or a score is not a number.
    """
    scores: dict[str, TaskScores] = {}
    for file in _logs(path) if path.is_dir() else [path]:
        rows = _rows(file)
        if "doc_id" in rows[0]:
            match = LOG_NAME.fullmatch(file.name)
            scores[match[1] if match else file.stem] = _harness_scores(file, rows)
        elif "benchmark" in rows[0] and "model" in rows[0]:
            scores |= _our_scores(file, rows, model)
        else:
            raise UserError(f"{file} is neither a sample log of lm-eval nor an outputs.jsonl.")
    return scores


def _logs(folder: Path) -> list[Path]:
    """Return the newest log of each task below a folder, which has those of one model."""
    logs = sorted(path for path in folder.rglob("samples_*.jsonl") if LOG_NAME.fullmatch(path.name))
    folders = sorted({str(path.parent) for path in logs})
    if len(folders) > 1:
        raise UserError(f"{folder} has the logs of several models: name one of {listed(folders)}.")
    if not logs and (folder / "outputs.jsonl").is_file():
        return [folder / "outputs.jsonl"]
    if not logs:
        raise UserError(f"{folder} has neither samples_*.jsonl of lm-eval nor an outputs.jsonl.")
    return list({LOG_NAME.sub(r"\1", path.name): path for path in logs}.values())


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.split("\n") if line]
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is not a file of JSON lines: {shorten(str(error))}.") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{file} has no JSON objects, one a line.")
    return rows


def _harness_scores(file: Path, rows: Sequence[Mapping[str, Any]]) -> TaskScores:
    """Return the scores of a task; items are told apart by their content, not their number."""
    scores, occurrences = TaskScores(), Counter[tuple[str, str]]()
    for number, row in enumerate(rows, 1):
        try:
            kind = row.get("filter")
            content = str(row.get("doc_hash") or json.dumps(row["doc"], sort_keys=True))
            occurrences[content, str(kind)] += 1
            item = f"{content} {occurrences[content, str(kind)]}"
            if _has_nan(row.get("filtered_resps") or ()):
                raise UserError(f"{file}, line {number}: a log-likelihood is not a number.")
            for metric in row["metrics"]:
                value = _value(metric, row[metric])
                if value is not None:
                    name = metric if kind in NO_FILTERS else f"{metric},{kind}"
                    scores.add(name, item, _finite(value, file, number, metric))
        except MALFORMED as error:
            raise UserError(
                f"{file}, line {number} is not a sample of lm-eval: {shorten(str(error))}."
            ) from error
    if not scores.by_metric:
        raise UserError(f"{file} has no metric that is a number, {listed(CORPUS_METRICS)}.")
    return scores


def _value(metric: str, logged: object) -> Value | None:
    """Return what the harness logged for an item; None if this metric cannot be compared."""
    if metric not in CORPUS_METRICS:
        return float(logged) if isinstance(logged, int | float) else None
    if isinstance(logged, list) and len(logged) == 2:
        reference, output = logged
        return str(reference[0] if isinstance(reference, list) else reference), str(output)
    return None


def _has_nan(responses: Sequence[Any]) -> bool:
    """Return whether one of the (log-likelihood, is greedy) pairs is not a number."""
    return any(
        isinstance(response, list) and response and str(response[0]).lower() == "nan"
        for response in responses
    )


def _finite(value: Value, file: Path, number: int, metric: str) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{file}, line {number}: {metric} is not a number.")
    return value


def _our_scores(
    file: Path, rows: Sequence[dict[str, Any]], model: str | None
) -> dict[str, TaskScores]:
    models = list(dict.fromkeys(str(row.get("model")) for row in rows))
    if model is None and len(models) > 1:
        raise UserError(f"{file} has the outputs of {listed(models)}: choose with --models.")
    if model is not None and model not in models:
        raise UserError(f"{file} has the outputs of {listed(models)}, not of {model}.")
    scores: dict[str, TaskScores] = {}
    for number, row in enumerate(map(schema.upgraded_output, rows), 1):
        if row["model"] != (model or models[0]):
            continue
        try:
            task = f"{row['benchmark']} {row['direction'] or row['test_language']}"
            item = f"{row['id']} {row['reference']}"
            for metric, value in _our_values(row):
                of_task = scores.setdefault(task, TaskScores())
                of_task.add(metric, item, _finite(value, file, number, metric))
        except MALFORMED as error:
            raise UserError(f"{file}, line {number} is not a row of an outputs.jsonl.") from error
    return scores


def _our_values(row: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Yield the scores of a row, the main one first."""
    if "raw" in row:
        yield "chrf++", (str(row["reference"]), str(row["output"]))
    else:
        is_finite = all(map(math.isfinite, row["log_likelihoods"]))
        yield "accuracy", float(row["output"] == row["reference"]) if is_finite else math.nan
    for metric, value in row["scores"].items():
        if metric not in ("chrF++", "accuracy"):
            yield metric, float(value)


def listed(names: Iterable[str]) -> str:
    """Return the first names, which may be hostile, for a sentence."""
    return ", ".join(map(shorten, islice(names, MAX_LISTED)))
