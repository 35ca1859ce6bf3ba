"""Readers: turn the rows of each benchmark into tasks.

Beside each reader is its format: the fields of a task of lm-evaluation-harness that asks the same
(docs/task_guide.md of the harness).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from recipes.core import language
from recipes.core.benchmarks.harness_templates import LETTERS, choices, jinja, quoted
from recipes.core.benchmarks.settings import BenchmarkSettings
from recipes.core.benchmarks.tasks import ENGLISH, Item, Row, Source, Task, fill
from recipes.core.errors import Unworkable

SUBJECT = "subject"  # the column of Global-MMLU


def flores(source: Source) -> list[Task]:
    """Return translation from and into English; the sentences of a split are joined by `id`."""
    questions, shots = source.rows(lambda row: row["text"])
    question_pairs = _pairs(source, source.settings.split, questions)
    shot_pairs = _pairs(source, source.settings.shots.split, shots.get("", []))
    name = language.get(source.code).name

    def items(template: str, source_side: int) -> list[Item]:
        def turn(pair: tuple[str, str]) -> tuple[str, str]:
            prompt = fill(template, text=pair[source_side], language=name)
            return prompt, pair[1 - source_side]

        shot_turns = tuple(map(turn, shot_pairs))
        turns = zip(questions, question_pairs, map(turn, question_pairs), strict=True)
        return [
            Item(str(row["id"]), prompt, (answer,), 0, pair, shot_turns, source=pair[source_side])
            for row, pair, (prompt, answer) in turns
        ]

    prompts = source.settings.prompts
    from_english, into_english = prompts["from_english"], prompts["into_english"]
    there, back = f"{ENGLISH}-{source.code}", f"{source.code}-{ENGLISH}"
    return [
        source.task("flores", items(from_english, 0), "chrF++", there, from_english),
        source.task("flores", items(into_english, 1), "chrF++", back, into_english),
    ]


def _pairs(source: Source, split: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return (English, translation) of each row; raise UserError for one without English."""
    if not rows:
        return []
    english = {row["id"]: row["text"] for row in source.split(split, ENGLISH)}
    if missing := [row["id"] for row in rows if row["id"] not in english]:
        raise Unworkable(f"{source.repo} has no English for id {missing[0]}, split {split}.")
    return [(english[row["id"]], row["text"]) for row in rows]


def flores_format(task: Task) -> dict[str, Any]:
    source, target = ("english", "text") if task.output_language != ENGLISH else ("text", "english")
    fields = {"text": source, "language": quoted(language.get(task.language).name)}
    return {"doc_to_text": jinja(task.prompt_template, fields), "doc_to_target": target}


def sib200(source: Source) -> list[Task]:
    """Return topic classification; `options` has the recipe's name for each category."""
    options = source.settings.options
    categories = list(options)

    def item(row: Row) -> Item:
        if row["category"] not in options:
            raise Unworkable(f"evaluate.benchmarks.sib200.options lacks {row['category']!r}.")
        prompt = fill(source.settings.prompt, text=row["text"], options=", ".join(options.values()))
        correct = categories.index(row["category"])
        return Item(str(row["index_id"]), prompt, tuple(options.values()), correct, (row["text"],))

    return [source.task("sib200", source.items(item))]


def sib200_format(task: Task) -> dict[str, Any]:
    options = task.settings.options
    fields = {"text": "text", "options": quoted(", ".join(options.values()))}
    return {
        "doc_to_text": jinja(task.prompt_template, fields),
        "doc_to_choice": list(options.values()),
        "doc_to_target": f"{{{{ {quoted(list(options))}.index(category) }}}}",
    }


def belebele(source: Source) -> list[Task]:
    """Return reading comprehension with four options."""

    def item(row: Row) -> Item:
        options = [row[f"mc_answer{number}"] for number in range(1, 5)]
        prompt, answers = _multiple_choice(
            source.settings, options, passage=row["flores_passage"], question=row["question"]
        )
        name = f"{row['link']}#{row['question_number']}"
        correct = int(row["correct_answer_num"]) - 1
        return Item(name, prompt, answers, correct, (row["flores_passage"],))

    return [source.task("belebele", source.items(item))]


def belebele_format(task: Task) -> dict[str, Any]:
    columns = [f"mc_answer{number}" for number in range(1, 5)]
    fields = {"passage": "flores_passage", "question": "question"}
    return _lettered(task, columns, fields, "{{ correct_answer_num | int - 1 }}")


def global_mmlu(source: Source) -> list[Task]:
    """Return knowledge questions with four options, each with shots of its own subject."""

    def item(row: Row) -> Item:
        options = [row[f"option_{letter.lower()}"] for letter in LETTERS]
        prompt, answers = _multiple_choice(source.settings, options, question=row["question"])
        correct = LETTERS.index(row["answer"])
        return Item(str(row["sample_id"]), prompt, answers, correct, (row["question"],))

    return [source.task("global_mmlu", source.items(item, SUBJECT))]


def global_mmlu_format(task: Task) -> dict[str, Any]:
    columns = [f"option_{letter.lower()}" for letter in LETTERS]
    return _lettered(
        task, columns, {"question": "question"}, f"{{{{ {quoted(LETTERS)}.index(answer) }}}}"
    )


def global_piqa(source: Source) -> list[Task]:
    """Return questions about everyday life, each with two solutions (arXiv 2510.24081).

    As in lm-evaluation-harness's `global_piqa_nonparallel_cloze`, a solution is scored as the
    continuation of the prompt.
    """

    def item(row: Row) -> Item:
        options = [row["solution0"], row["solution1"]]
        prompt, answers = _multiple_choice(source.settings, options, prompt=row["prompt"])
        digest = hashlib.sha256("\n".join([row["prompt"], *options]).encode()).hexdigest()[:12]
        return Item(digest, prompt, answers, int(row["label"]), (row["prompt"],))

    return [source.task("global_piqa", source.items(item))]


def global_piqa_format(task: Task) -> dict[str, Any]:
    return _lettered(task, ["solution0", "solution1"], {"prompt": "prompt"}, "{{ label | int }}")


def _multiple_choice(
    settings: BenchmarkSettings, options: list[str], **fields: str
) -> tuple[str, tuple[str, ...]]:
    """Return the prompt, and the options as answers: by letter, by text, or both."""
    letters = LETTERS[: len(options)]
    lettered = dict(zip((f"option_{letter.lower()}" for letter in letters), options, strict=True))
    answers = tuple(
        fill(settings.answer, letter=letter, option=option)
        for letter, option in zip(letters, options, strict=True)
    )
    return fill(settings.prompt, **fields, **lettered), answers


def _lettered(
    task: Task, columns: Sequence[str], fields: Mapping[str, str], target: str
) -> dict[str, Any]:
    letters = LETTERS[: len(columns)]
    lettered = {
        f"option_{letter.lower()}": column for letter, column in zip(letters, columns, strict=True)
    }
    return {
        "doc_to_text": jinja(task.prompt_template, {**fields, **lettered}),
        "doc_to_choice": choices(task.settings.answer, columns),
        "doc_to_target": target,
    }
