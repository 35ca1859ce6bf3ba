"""Read the questions and shots of a benchmark for lm-evaluation-harness.

`kakugo-recipe evaluate --write-tasks DIR` copies this file next to the tasks that use it, so it
imports nothing of ours.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset

QUESTIONS, SHOTS = "questions", "shots"


def load(
    *,
    path: str,
    name: str,
    revision: str,
    split: str,
    limit: int | None = None,
    left_out: Sequence[int] = (),
    shots: int = 0,
    shots_split: str = "",
    english: str = "",
    text_column: str = "",
    subject_column: str = "",
    subject: str = "",
    **_: Any,
) -> dict[str, Dataset]:
    """Return the rows under QUESTIONS and SHOTS, as the harness's `custom_dataset`.

    `text_column` has the text that no shot shares with a question: shots of the questions' own
    split are its first rows, and no row with the text of one is a question; of another split they
    are the first rows whose text is no question. With a `subject_column`, each subject has shots
    of its own, and only the rows of one `subject` are returned. `left_out` has the indices of
    questions of all subjects that are in the training data. With `english`, the config of the same
    rows in English, rows get its text with the same `id` as their column `english`.
    """
    from datasets import Dataset, load_dataset

    def rows(split: str) -> list[dict[str, Any]]:
        translated = list(load_dataset(path, name, split=split, revision=revision))
        if not english:
            return translated
        originals = load_dataset(path, english, split=split, revision=revision)
        texts = {row["id"]: row["text"] for row in originals}
        return [{**row, "english": texts[row["id"]]} for row in translated]

    def texts(rows: Sequence[dict[str, Any]]) -> set[str]:
        return {_letters(row[text_column]) for row in rows}

    def subject_of(row: dict[str, Any]) -> str:
        return str(row[subject_column]) if subject_column else ""

    def first_of_each(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        counts: Counter[str] = Counter()
        first = []
        for row in rows:
            counts[subject_of(row)] += 1
            if counts[subject_of(row)] <= shots:
                first.append(row)
        return first

    questions, examples = rows(split), list[dict[str, Any]]()
    if shots and shots_split == split:
        examples = first_of_each(questions)
        shown = texts(examples)
        questions = [row for row in questions if _letters(row[text_column]) not in shown]
    questions = questions[:limit]
    if shots and shots_split != split:
        asked = texts(questions)
        examples = first_of_each(
            [row for row in rows(shots_split) if _letters(row[text_column]) not in asked]
        )
    kept = [row for index, row in enumerate(questions) if index not in frozenset(left_out)]
    splits = {QUESTIONS: kept, SHOTS: examples} if shots else {QUESTIONS: kept}
    return {
        name: Dataset.from_list([row for row in rows if subject_of(row) == subject])
        for name, rows in splits.items()
    }


def _letters(text: str) -> str:
    """Return a text without case and punctuation, in one Unicode form."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())
