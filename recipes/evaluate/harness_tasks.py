"""Write our tests as tasks of lm-evaluation-harness, so that others can reproduce the figures.

The files ask the same prompts with the same shots, splits and revisions:
`lm_eval --include_path DIR --tasks kakugo_epo_Latn --apply_chat_template`. Their format is that of
the harness's docs/task_guide.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from recipes.core import language
from recipes.core.errors import UserError
from recipes.evaluate import harness_docs, significance
from recipes.evaluate.benchmarks import ENGLISH, LETTERS, Task
from recipes.evaluate.settings import BenchmarkSettings, EvaluateSettings

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

    Raises UserError if the harness cannot score as the recipe does, or the folder is a file.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give a folder for the tasks.")
    if settings.choice.normalise not in ACCURACIES:
        raise UserError(
            f"lm-eval cannot divide a log-likelihood by {settings.choice.normalise}: set "
            f"`normalise` to {' or '.join(ACCURACIES)} in the recipe's evaluate section."
        )
    group = f"kakugo_{code}"
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for each in tasks:
        task = each.task
        name = f"kakugo_{task.benchmark}_{(task.direction or task.language).replace('-', '_to_')}"
        text = yaml.safe_dump(
            _task(name, each, settings), allow_unicode=True, sort_keys=False, width=100
        )
        docs = f"custom_dataset: !function {DOCS_MODULE}.{harness_docs.load.__name__}\n"
        (folder / f"{name}.yaml").write_text(text + docs, encoding="utf-8")
        names.append(name)
    _write_group(folder, group, names)
    docs = Path(harness_docs.__file__).read_text(encoding="utf-8")
    (folder / f"{DOCS_MODULE}.py").write_text(docs, encoding="utf-8")
    return names


def _write_group(folder: Path, group: str, names: Sequence[str]) -> None:
    text = yaml.safe_dump({"group": group, "task": list(names)}, sort_keys=False)
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
        rows |= {"shots": shots, "shots_split": benchmark.shots.split}
    if task.benchmark == "flores":
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
    return config | FORMATS[task.benchmark](task) | _scoring(task, settings)


def _scoring(task: Task, settings: EvaluateSettings) -> dict[str, Any]:
    if task.metric == "accuracy":
        return {
            "output_type": "multiple_choice",
            "metric_list": [_metric(ACCURACIES[settings.choice.normalise], "mean")],
        }
    metrics = ["chrf++"]
    if significance.bleu_tokenizer(task.output_language, settings.bleu) == "13a":
        metrics.append("bleu")  # the harness has no other tokenizer
    without_reasoning = {"function": "regex", "regex_pattern": "(?s)(?:.*</think>)?(.*)"}
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


def _metric(name: str, aggregation: str) -> dict[str, Any]:
    return {"metric": name, "aggregation": aggregation, "higher_is_better": True}


def _flores(task: Task) -> dict[str, Any]:
    source, target = ("english", "text") if task.output_language != ENGLISH else ("text", "english")
    fields = {"text": source, "language": _quoted(language.get(task.language).name)}
    return {"doc_to_text": jinja(task.prompt_template, fields), "doc_to_target": target}


def _sib200(task: Task) -> dict[str, Any]:
    options = task.settings.options
    fields = {"text": "text", "options": _quoted(", ".join(options.values()))}
    return {
        "doc_to_text": jinja(task.prompt_template, fields),
        "doc_to_choice": list(options.values()),
        "doc_to_target": f"{{{{ {_quoted(list(options))}.index(category) }}}}",
    }


def _belebele(task: Task) -> dict[str, Any]:
    columns = [f"mc_answer{number}" for number in range(1, 5)]
    fields = {"passage": "flores_passage", "question": "question"}
    return _lettered(task, columns, fields, "{{ correct_answer_num | int - 1 }}")


def _global_mmlu(task: Task) -> dict[str, Any]:
    columns = [f"option_{letter.lower()}" for letter in LETTERS]
    return _lettered(
        task, columns, {"question": "question"}, f"{{{{ {_quoted(LETTERS)}.index(answer) }}}}"
    )


def _lettered(
    task: Task, columns: Sequence[str], fields: Mapping[str, str], target: str
) -> dict[str, Any]:
    lettered = {
        f"option_{letter.lower()}": column for letter, column in zip(LETTERS, columns, strict=True)
    }
    return {
        "doc_to_text": jinja(task.prompt_template, {**fields, **lettered}),
        "doc_to_choice": choices(task.settings, columns),
        "doc_to_target": target,
    }


def choices(settings: BenchmarkSettings, columns: Sequence[str]) -> str | list[str]:
    """Return the options as a list if they are the same for all rows, else as an expression."""
    if "option" not in {field for _, field, _, _ in Formatter().parse(settings.answer)}:
        return [settings.answer.format(letter=letter) for letter in LETTERS]
    answers = [
        " ~ ".join(
            part
            for literal, field, _, _ in Formatter().parse(settings.answer)
            for part in (
                _quoted(literal) if literal else "",
                {"letter": _quoted(letter), "option": column}[field] if field else "",
            )
            if part
        )
        for letter, column in zip(LETTERS, columns, strict=True)
    ]
    return f"{{{{ [{', '.join(answers)}] }}}}"


FORMATS: dict[str, Callable[[Task], dict[str, Any]]] = {
    "flores": _flores,
    "sib200": _sib200,
    "belebele": _belebele,
    "global_mmlu": _global_mmlu,
}


def jinja(template: str, fields: Mapping[str, str] | None) -> str:
    """Return a template of the recipe as one of Jinja; `fields` maps its fields to expressions.

    Without `fields`, the text has none and stays as it is.
    """
    if fields is None:
        return _literal(template)
    return "".join(
        _literal(literal) + (f"{{{{ {fields[field]} }}}}" if field else "")
        for literal, field, _, _ in Formatter().parse(template)
    )


def _literal(text: str) -> str:
    """Protect braces, which Jinja could take for its own."""
    return f"{{{{ {_quoted(text)} }}}}" if "{" in text else text


def _quoted(value: object) -> str:
    """Return a literal that Jinja reads as this text or list of texts."""
    return json.dumps(value, ensure_ascii=False)
