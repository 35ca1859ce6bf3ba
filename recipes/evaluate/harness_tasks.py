"""Write our tests as tasks of lm-evaluation-harness, so that others can reproduce the figures.

The files ask the same prompts with the same shots, splits and revisions:
`lm_eval --include_path DIR --tasks kakugo_epo_Latn --apply_chat_template`. Their format is that of
the harness's docs/task_guide.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from recipes.core.benchmarks import readers
from recipes.core.benchmarks.harness_templates import jinja
from recipes.core.benchmarks.table import benchmark_of
from recipes.core.benchmarks.tasks import ENGLISH, Item, Task
from recipes.core.errors import UserError
from recipes.core.reasoning import ANSWER_PATTERN
from recipes.evaluate import harness_docs, significance
from recipes.evaluate.settings import ChoiceSettings, EvaluateSettings

DOCS_MODULE = "kakugo_docs"
ANSWER = "answer"  # the name of the filter that cuts off the reasoning; part of the metric's name
VERSION = 1.0  # to be raised when the same recipe writes tasks with other scores
# The harness's names for what a log-likelihood is divided by.
ACCURACIES = {"none": "acc", "characters": "acc_norm"}


@dataclass(frozen=True)
class ScoredTask:
    """A task as it is scored, and the indices of the questions that were left out of it."""

    task: Task
    left_out: tuple[int, ...] = ()


def scored_tasks(loaded: Sequence[Task], scored: Sequence[Task]) -> list[ScoredTask]:
    """Return the scored tasks with the indices of what the loaded ones have besides."""
    pairs = []
    for before, after in zip(loaded, scored, strict=True):
        kept = {item.id for item in after.items}
        indices = (index for index, item in enumerate(before.items) if item.id not in kept)
        pairs.append(ScoredTask(after, tuple(indices)))
    return pairs


def write(
    folder: Path, tasks: Sequence[ScoredTask], settings: EvaluateSettings, code: str
) -> list[str]:
    """Write the tasks, their group and the module that reads their rows; return their names.

    Raises UserError if the harness cannot score as the recipe does, or the folder is a file or
    cannot be written.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give a folder for the tasks.")
    try:
        return _write(folder, tasks, settings, code)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}.") from error


def _write(
    folder: Path, tasks: Sequence[ScoredTask], settings: EvaluateSettings, code: str
) -> list[str]:
    group = f"kakugo_{code}"
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for each in tasks:
        task = each.task
        name = f"kakugo_{task.benchmark}_{(task.direction or task.language).replace('-', '_to_')}"
        parts = _by_subject(name, each)
        for part, its_items in parts.items():
            _write_task(folder, part, its_items, settings)
        if list(parts) != [name]:
            mean = {"metric": _accuracy(settings.choice_for(task.settings)), "weight_by_size": True}
            _write_group(folder, name, list(parts), aggregate_metric_list=[mean])
        names.append(name)
    _write_group(folder, group, names)
    docs = Path(harness_docs.__file__).read_text(encoding="utf-8")
    (folder / f"{DOCS_MODULE}.py").write_text(docs, encoding="utf-8")
    return names


def _by_subject(name: str, each: ScoredTask) -> dict[str, ScoredTask]:
    """Return a task for each subject, because all questions of a task have the same shots there."""
    parts: dict[str, list[Item]] = {}
    for item in each.task.items:
        subject = re.sub(r"\W+", "_", item.subject)
        parts.setdefault(f"{name}_{subject}" if subject else name, []).append(item)
    return {
        part: replace(each, task=replace(each.task, items=tuple(items)))
        for part, items in parts.items()
    }


def _write_task(folder: Path, name: str, each: ScoredTask, settings: EvaluateSettings) -> None:
    text = yaml.safe_dump(
        _task(name, each, settings), allow_unicode=True, sort_keys=False, width=100
    )
    docs = f"custom_dataset: !function {DOCS_MODULE}.{harness_docs.load.__name__}\n"
    (folder / f"{name}.yaml").write_text(text + docs, encoding="utf-8")


def _write_group(folder: Path, group: str, names: Sequence[str], **more: Any) -> None:
    text = yaml.safe_dump({"group": group, "task": list(names), **more}, sort_keys=False)
    usage = f"# lm_eval --include_path {folder.name} --tasks {group} --apply_chat_template …\n"
    (folder / f"{group}.yaml").write_text(usage + text, encoding="utf-8")


def _task(name: str, each: ScoredTask, settings: EvaluateSettings) -> dict[str, Any]:
    task, benchmark = each.task, each.task.settings
    shots = len(task.items[0].shots)
    rows: dict[str, Any] = {
        "path": task.dataset,
        "name": task.config,
        "revision": task.revision,
        "split": benchmark.split,
    }
    if benchmark.limit is not None:
        rows["limit"] = benchmark.limit
    if each.left_out:
        rows["left_out"] = list(each.left_out)
    if shots:
        rows |= {
            "shots": shots,
            "shots_split": benchmark.shots.split,
            "text_column": benchmark_of(task.benchmark).text_columns[0],
        }
    if task.items[0].subject:
        rows |= {"subject_column": readers.SUBJECT, "subject": task.items[0].subject}
    if benchmark_of(task.benchmark).is_translation:
        rows["english"] = ENGLISH
    config: dict[str, Any] = {
        "task": name,
        "dataset_kwargs": rows,
        "test_split": harness_docs.QUESTIONS,
        "num_fewshot": shots,
        "target_delimiter": "",
        "metadata": {"version": VERSION},
    }
    if shots:
        config["fewshot_split"] = harness_docs.SHOTS
        config["fewshot_config"] = {"sampler": "first_n"}
    if settings.system:
        config["description"] = jinja(settings.system, None)
    return config | benchmark_of(task.benchmark).harness_format(task) | _scoring(task, settings)


def _scoring(task: Task, settings: EvaluateSettings) -> dict[str, Any]:
    if task.metric == "accuracy":
        return {
            "output_type": "multiple_choice",
            "metric_list": [_metric(_accuracy(settings.choice_for(task.settings)), "mean")],
        }
    metrics = ["chrf++"]
    if significance.bleu_tokenizer(task.output_language, settings.bleu) == "13a":
        metrics.append("bleu")  # the harness has no other tokenizer
    without_reasoning = {"function": "regex", "regex_pattern": ANSWER_PATTERN}
    return {
        "output_type": "generate_until",
        "generation_kwargs": {
            "until": [],
            "do_sample": False,
            "max_gen_toks": settings.generation.max_new_tokens,
        },
        "filter_list": [
            {"name": ANSWER, "filter": [without_reasoning, {"function": "take_first"}]}
        ],
        "metric_list": [_metric(name, name) for name in metrics],
    }


def _accuracy(choice: ChoiceSettings) -> str:
    """Return the harness's accuracy that divides log-likelihoods as the recipe does."""
    if choice.normalise not in ACCURACIES:
        raise UserError(
            f"lm-eval cannot divide a log-likelihood by {choice.normalise}: set "
            f"`normalise` to {' or '.join(ACCURACIES)} in the recipe's evaluate section."
        )
    return ACCURACIES[choice.normalise]


def _metric(name: str, aggregation: str) -> dict[str, Any]:
    return {"metric": name, "aggregation": aggregation, "higher_is_better": True}
